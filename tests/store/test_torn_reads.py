"""A use case that reads one row before somebody's commit and another after it has seen nothing real."""

import pytest

from server.domain.equipment import Device
from server.kernel.errors import Refused
from server.kernel.work import Work
from tests.world import World


async def _change_both(world: World) -> None:
    async def change(work: Work) -> None:
        for device in (await work.table(Device).load(["d1", "d2"])).values():
            work.table(Device).save(device)

    await world.run(change)


async def test_a_refusal_drawn_from_a_torn_view_is_drawn_again(world: World) -> None:
    seen = []

    async def compare(work: Work) -> None:
        first = await work.table(Device).get("d1")
        if not seen:
            await _change_both(world)
        second = await work.table(Device).get("d2")
        seen.append((first.v, second.v))
        if first.v != second.v:
            raise Refused("views_differ", "两次所见不同")

    await world.run(compare)

    assert seen == [(1, 2), (2, 2)]


async def test_a_refusal_drawn_from_what_holds_stands(world: World) -> None:
    tries = []

    async def refuse(work: Work) -> None:
        await work.table(Device).get("d1")
        tries.append(1)
        raise Refused("no", "不行")

    with pytest.raises(Refused):
        await world.run(refuse)

    assert len(tries) == 1
