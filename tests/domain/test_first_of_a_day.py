"""What a tariff gives a plate once a day: who has had it, and who has it again."""

from datetime import timedelta

import pytest

from server.domain.stay import EditKind, Stay, identify_berth
from server.domain.stay.jobs import settle_berths
from server.domain.tariff import FirstFree, FreeTime, Rate, Tariff, Terms, publish_tariffs
from server.domain.vehicle import Plate
from tests.domain.test_stay_edits import OTHER, PLATE, at, edit, stay_of
from tests.domain.test_tariff_places import assign
from tests.world import NOON, World

FIRST = Tariff(
    id="first@1",
    code="first",
    name="首次免费",
    organization_id="city",
    number=1,
    valid_from=NOON - timedelta(days=1),
    terms=Terms(rates=(Rate(0, 1440, (), 60, 200),), first_free=FirstFree(FreeTime(60))),
)


@pytest.fixture
async def street(world: World) -> World:
    """The street, where a plate's first hour of a day is free."""
    await world.run(publish_tariffs, tariffs=[FIRST])
    await assign(world, "first@1", at_s=0)
    return world


async def stand(
    world: World, *, since: int, until: int, plate: Plate = PLATE, berth: int = 1
) -> Stay:
    """Let a car stand from one minute after noon to another."""
    await world.see(f"d{berth}", "arrived", at_s=since * 60)
    world.now = max(world.now, at(since + 1))
    await world.job(settle_berths)
    await world.run(identify_berth, berth_id=f"b{berth}", plate=plate)
    await world.see(f"d{berth}", "left", at_s=until * 60)
    world.now = at(until + 1)
    await world.job(settle_berths)
    return (await world.stays(f"b{berth}"))[-1]


async def test_the_first_of_a_day_is_free_and_the_next_is_not(street: World) -> None:
    amounts = [
        (await stand(street, since=since, until=since + 30)).amount for since in (10, 60, 13 * 60)
    ]

    assert amounts == [0, 200, 0]  # noon is 12:00 in the city: the third is of the next day


async def test_what_was_no_stay_leaves_the_first_to_the_next(street: World) -> None:
    first = await stand(street, since=10, until=30)
    await edit(street, EditKind.VOID, stay_id=first.id)

    assert (await stand(street, since=60, until=90)).amount == 0


async def test_a_first_stay_that_is_moved_is_still_the_first(street: World) -> None:
    first = await stand(street, since=10, until=30)

    await edit(street, EditKind.TIMES, stay_id=first.id, arrived_at=at(15))
    moved = await stay_of(street, first.id)
    await edit(street, EditKind.TIMES, stay_id=first.id, arrived_at=at(5))

    assert (moved.amount, (await stay_of(street, first.id)).amount) == (0, 0)
    assert (await stand(street, since=60, until=90)).amount == 200


async def test_a_second_stay_that_began_before_the_first_is_the_first(street: World) -> None:
    await stand(street, since=60, until=90)
    other = await stand(street, since=120, until=150)
    assert other.amount == 200

    await edit(street, EditKind.TIMES, stay_id=other.id, arrived_at=at(10), left_at=at(40))

    assert (await stay_of(street, other.id)).amount == 0


async def test_the_car_that_it_was_has_had_its_first_and_the_other_has_not(street: World) -> None:
    misread = await stand(street, since=10, until=30)
    assert misread.amount == 0

    await edit(street, EditKind.PLATE, stay_id=misread.id, plate=OTHER)

    assert (await stay_of(street, misread.id)).amount == 0
    assert (await stand(street, since=60, until=90, plate=PLATE)).amount == 0
    assert (await stand(street, since=120, until=150, plate=OTHER)).amount == 200


async def test_a_second_stay_that_was_another_cars_is_that_cars_first(street: World) -> None:
    await stand(street, since=10, until=30)
    second = await stand(street, since=60, until=90)

    await edit(street, EditKind.PLATE, stay_id=second.id, plate=OTHER)

    assert (second.amount, (await stay_of(street, second.id)).amount) == (200, 0)


async def test_of_two_parts_the_earlier_is_the_first(street: World) -> None:
    stay = await stand(street, since=10, until=60)

    done = await edit(street, EditKind.SPLIT, stay_id=stay.id, at=at(30))

    parts = [await stay_of(street, id) for id in done.stay_ids]
    assert {one.arrived_at: one.amount for one in parts} == {at(10): 0, at(30): 200}


async def test_a_part_that_was_another_cars_is_that_cars_first(street: World) -> None:
    stay = await stand(street, since=10, until=60)

    done = await edit(street, EditKind.SPLIT, stay_id=stay.id, at=at(30), plate=OTHER)

    assert [(await stay_of(street, id)).amount for id in done.stay_ids] == [0, 0]


async def test_two_that_were_one_are_the_first_together(street: World) -> None:
    first = await stand(street, since=10, until=30)
    second = await stand(street, since=40, until=60)
    assert (first.amount, second.amount) == (0, 200)

    await edit(street, EditKind.MERGE, stay_id=first.id, other_id=second.id)

    assert (await stay_of(street, first.id)).amount == 0
    assert (await stand(street, since=90, until=100)).amount == 200
