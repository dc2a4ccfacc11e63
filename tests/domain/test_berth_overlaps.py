"""One berth holds one car at a time, whatever is edited; and a plate that is typed twice is looked into."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain.stay import (
    EditKind,
    ReviewReason,
    Stay,
    StayState,
    change_policy,
    doubt_typed_plate,
    identify_berth,
)
from server.domain.stay.jobs import settle_berths
from server.kernel.access import Audience, Scope
from server.kernel.errors import Refused
from tests.domain.test_stay_edits import CLERK, OTHER, PLATE, at, edit, park, stay_of
from tests.domain.test_stay_reviews import put_far, reviews
from tests.world import World

OFFICER = replace(CLERK, id="officer", audience=Audience.PATROL)


@pytest.fixture
async def two(world: World) -> tuple[World, Stay, Stay]:
    """Two cars on the first berth, one after the other: 12:00 to 12:30, and 12:40 to 13:10."""
    found = []
    for plate, comes, goes in ((PLATE, 0, 30), (OTHER, 40, 70)):
        await world.see("d1", "arrived", at_s=comes * 60)
        world.now = at(comes + 1)
        await world.job(settle_berths)
        await world.run(identify_berth, berth_id="b1", plate=plate)
        await world.see("d1", "left", at_s=goes * 60)
        world.now = at(goes + 1)
        await world.job(settle_berths)
        found.append((await world.stays("b1"))[-1])
    world.now = at(120)
    return world, found[0], found[1]


Edit = Callable[[World, Stay, Stay], Awaitable[Any]]


async def _longer(world: World, first: Stay, _: Stay) -> Any:
    return await edit(world, EditKind.TIMES, stay_id=first.id, left_at=at(50))


async def _earlier(world: World, _: Stay, second: Stay) -> Any:
    return await edit(world, EditKind.TIMES, stay_id=second.id, arrived_at=at(20))


async def _around(world: World, first: Stay, _: Stay) -> Any:
    return await edit(world, EditKind.TIMES, stay_id=first.id, left_at=at(110))


async def _put_in(world: World, *_: Stay) -> Any:
    said = {"berth_id": "b1", "arrived_at": at(10), "left_at": at(20)}
    return await edit(world, EditKind.ARRIVAL, plate=replace(PLATE, number="粤B99999"), **said)


async def _stands_since(world: World, *_: Stay) -> Any:
    return await edit(world, EditKind.ARRIVAL, berth_id="b1", arrived_at=at(60))


async def _moved(world: World, *_: Stay) -> Any:
    stay = await park(world, berth=2, plate=replace(PLATE, number="粤B99999"))
    return await edit(world, EditKind.BERTH, stay_id=stay.id, berth_id="b1")


@pytest.mark.parametrize("editing", [_longer, _earlier, _around, _put_in, _stands_since, _moved])
async def test_no_edit_puts_a_stay_over_another_cars(
    two: tuple[World, Stay, Stay], editing: Edit
) -> None:
    world, first, second = two

    with pytest.raises(Refused, match="berth_was_taken"):
        await editing(world, first, second)

    assert (await stay_of(world, first.id), await stay_of(world, second.id)) == (first, second)


async def test_what_touches_becomes_shorter_or_is_void_is_in_nobodys_way(
    two: tuple[World, Stay, Stay],
) -> None:
    world, first, second = two

    await edit(world, EditKind.TIMES, stay_id=first.id, left_at=at(40))
    await edit(world, EditKind.TIMES, stay_id=second.id, arrived_at=at(45))
    await edit(world, EditKind.VOID, stay_id=second.id)
    whole = await edit(world, EditKind.TIMES, stay_id=first.id, left_at=at(100))

    assert whole.versions[0].after.left_at == at(100)


async def test_a_minute_between_an_officers_watch_and_a_sensors_clock_is_no_overlap(
    two: tuple[World, Stay, Stay],
) -> None:
    world, first, _ = two

    done = await edit(world, EditKind.TIMES, stay_id=first.id, left_at=at(41))

    assert done.versions[0].after.left_at == at(41)


async def test_what_was_void_does_not_come_back_over_another_car(
    two: tuple[World, Stay, Stay],
) -> None:
    world, first, second = two
    voided = await edit(world, EditKind.VOID, stay_id=second.id)
    await edit(world, EditKind.TIMES, stay_id=first.id, left_at=at(60))

    with pytest.raises(Refused, match="berth_was_taken"):
        await edit(world, EditKind.UNDO, other_id=voided.id)

    assert (await stay_of(world, second.id)).state is StayState.VOID


async def test_two_stays_are_made_one_only_where_no_third_lies_between(
    two: tuple[World, Stay, Stay],
) -> None:
    world, first, second = two
    later = await edit(
        world, EditKind.ARRIVAL, berth_id="b1", plate=PLATE, arrived_at=at(80), left_at=at(90)
    )

    with pytest.raises(Refused, match="berth_was_taken"):
        await edit(world, EditKind.MERGE, stay_id=first.id, other_id=later.stay_ids[0])
    await edit(world, EditKind.VOID, stay_id=second.id)
    await edit(world, EditKind.MERGE, stay_id=first.id, other_id=later.stay_ids[0])

    assert (await stay_of(world, first.id)).left_at == at(90)


async def typed(world: World, **named: Any) -> None:
    """Let an officer type the first car's plate, as the handheld does; it is refused."""
    await world.run(doubt_typed_plate, actor=OFFICER, plate=PLATE, berth_id="b3", **named)
    with pytest.raises(Refused, match="plate_has_open_stay"):
        await world.run(identify_berth, actor=OFFICER, berth_id="b3", plate=PLATE)


async def test_a_typed_plate_that_cannot_be_there_is_a_suspected_clone(world: World) -> None:
    await put_far(world, "b3")
    first = await park(world)
    here = await park(world, berth=3, plate=None)
    world.now = at(4)

    for _ in range(2):
        await typed(world)

    [review] = await reviews(world)
    assert (review.reason, review.stay_id, review.other_id, review.seen, review.raised_by) == (
        ReviewReason.CLONE,
        first.id,
        here.id,
        PLATE,
        "officer",
    )
    assert (await stay_of(world, first.id)).holds == ("clone",)
    assert (await stay_of(world, here.id)).plate is None


@pytest.mark.parametrize(("kmh", "reason"), [(120, "plate_elsewhere"), (10, "clone")])
async def test_how_fast_a_car_may_be_is_a_matter_of_policy(
    world: World, kmh: int, reason: str
) -> None:
    await world.run(change_policy, scope="city", values={"possible_speed_kmh": kmh}, v=0)
    await put_far(world, "b3")
    first = await park(world)
    await park(world, berth=3, plate=None)
    world.now = at(30)

    await typed(world)

    [review] = await reviews(world)
    assert (review.reason.value, review.stay_id) == (reason, first.id)
    assert (await stay_of(world, first.id)).holds == ((reason,) if reason == "clone" else ())


async def test_who_types_the_plate_of_the_car_that_stands_there_doubts_nothing(
    world: World,
) -> None:
    await park(world)
    world.now += timedelta(minutes=5)

    await world.run(doubt_typed_plate, actor=OFFICER, plate=PLATE, berth_id="b1")
    blind = replace(OFFICER, scope=Scope())
    await world.run(doubt_typed_plate, actor=blind, plate=PLATE, berth_id="b3")
    await world.run(doubt_typed_plate, actor=OFFICER, plate=OTHER, berth_id="b3")

    assert await reviews(world) == []
