"""Who begins and ends stays: devices, officers, or both, as the policy of a place says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain.equipment import DeviceSilent
from server.domain.equipment.jobs import notice_silent_devices
from server.domain.stay import (
    Change,
    EditKind,
    OccupancyState,
    StayEdit,
    StayState,
    change_policy,
    edit_stay,
)
from server.domain.stay.jobs import settle_berths
from server.domain.stay.reactions import distrust_berths
from server.kernel.access import Audience
from server.kernel.errors import Refused
from tests.domain.test_stay_edits import CLERK, OTHER, PLATE, at, park, stay_of
from tests.world import World

OFFICER = replace(CLERK, id="officer", audience=Audience.PATROL)


async def kept_by(world: World, who: str, *, scope: str = "place:s1") -> None:
    """Say who begins and ends stays."""
    # What holds for the city is the city's own people's to say; here the platform does.
    named = {} if scope == "city" else {"actor": CLERK}
    await world.run(change_policy, **named, scope=scope, values={"stays_by": who}, v=0)


async def arrive(world: World, *, actor: Any = OFFICER) -> StayEdit:
    """Let somebody say that a car has come to the first berth."""
    world.now = max(world.now, at(5))
    said = {"berth_id": "b1", "plate": PLATE, "arrived_at": at(2)}
    change = Change(kind=EditKind.ARRIVAL, reason="现场", **said)
    done = await world.run(edit_stay, actor=actor, change=change)
    assert isinstance(done, StayEdit)
    return done


@pytest.mark.parametrize("scope", ["city", "operator:city", "place:s1"])
async def test_where_officers_do_it_no_reading_moves_a_berth_or_a_stay(
    world: World, scope: str
) -> None:
    await kept_by(world, "officers", scope=scope)
    before = await world.occupancy("b1")

    await world.see("d1", "arrived", at_s=0)
    world.now = at(1)
    await world.job(settle_berths)
    assert await world.stays() == []
    assert await world.occupancy("b1") == before

    [stay_id] = (await arrive(world)).stay_ids
    await world.see("d1", "left", at_s=600)
    world.now = at(60)
    await world.job(settle_berths)
    await world.job(notice_silent_devices)
    await world.run(distrust_berths, facts=await world.facts(DeviceSilent))

    assert (await stay_of(world, stay_id)).state is StayState.RUNNING
    assert (await world.occupancy("b1")).state is OccupancyState.OCCUPIED


async def test_where_devices_do_it_an_officer_cannot_and_a_clerk_can(world: World) -> None:
    await kept_by(world, "devices")
    stay = await park(world, berth=2, plate=OTHER)
    world.now = at(30)
    gone = Change(kind=EditKind.LEAVE, reason="现场", stay_id=stay.id, left_at=at(20))

    with pytest.raises(Refused, match="stays_by_devices"):
        await arrive(world)
    with pytest.raises(Refused, match="stays_by_devices"):
        await world.run(edit_stay, actor=OFFICER, change=gone)

    await arrive(world, actor=CLERK)
    await world.run(edit_stay, actor=CLERK, change=gone)
    assert (await stay_of(world, stay.id)).left_at == at(20)


async def test_a_place_may_do_otherwise_than_its_operator_and_the_city(world: World) -> None:
    await kept_by(world, "officers", scope="city")
    await kept_by(world, "devices", scope="operator:city")
    await kept_by(world, "both")

    await park(world, berth=2, plate=OTHER)
    await arrive(world)

    assert {one.open for one in [*await world.stays("b1"), *await world.stays("b2")]} == {True}


async def test_devices_go_on_when_the_place_is_theirs_again(world: World) -> None:
    await kept_by(world, "officers")
    await world.see("d1", "arrived", at_s=0)
    await world.run(change_policy, scope="place:s1", values={}, v=1)

    await world.see("d1", "left", at_s=600)
    await world.see("d1", "arrived", at_s=1200)
    world.now = at(20) + timedelta(seconds=30)
    await world.job(settle_berths)

    [stay] = await world.stays("b1")
    assert stay.arrived_at == at(20)
