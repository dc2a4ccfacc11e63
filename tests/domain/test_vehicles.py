"""Whose car is whose: bound by its driver, shown with what it does now, and let go again."""

import pytest

from server.domain.stay import StayIdentified, identify_berth
from server.domain.stay.reactions import show_running_stays
from server.domain.vehicle import (
    Plate,
    PlateColor,
    Vehicle,
    VehicleBound,
    VehicleUnbound,
    bind_vehicle,
    prefer_vehicle,
    unbind_vehicle,
)
from server.domain.vehicle.queries import vehicles_of
from server.domain.vehicle.service import VEHICLES_MOST
from server.kernel.access import Actor, Audience
from server.kernel.errors import DomainError
from tests.world import World

ME = Actor("motorist-1", Audience.MOTORIST)
OTHER = Actor("motorist-2", Audience.MOTORIST)
PLATE = Plate("粤B12345", PlateColor.BLUE)


def plate(number: int) -> Plate:
    return Plate(f"粤B1000{number}", PlateColor.BLUE)


async def bind(world: World, *plates: Plate, actor: Actor = ME) -> list[Vehicle]:
    return [await world.run(bind_vehicle, actor=actor, plate=one) for one in plates]


async def mine(world: World) -> dict[str, bool]:
    found = await world.run(vehicles_of, owner_id=ME.id)
    return {one.plate.number: one.preferred for one in found}


async def test_a_plate_is_bound_once_however_often_it_is_said(world: World) -> None:
    first, again = await bind(world, PLATE, PLATE)

    assert first.id == again.id
    assert await mine(world) == {PLATE.number: True}
    assert len(await world.facts(VehicleBound)) == 1


async def test_the_same_number_in_another_color_is_another_car(world: World) -> None:
    yellow = Plate(PLATE.number, PlateColor.YELLOW)
    await bind(world, PLATE, actor=OTHER)

    [bound] = await bind(world, yellow)

    assert bound.owner_id == ME.id


async def test_another_s_plate_is_not_to_be_had_until_he_lets_it_go(world: World) -> None:
    [his] = await bind(world, PLATE, actor=OTHER)

    with pytest.raises(DomainError) as refusal:
        await bind(world, PLATE)
    await world.run(unbind_vehicle, actor=OTHER, vehicle_id=his.id)
    [bound] = await bind(world, PLATE)

    assert refusal.value.code == "vehicle_of_another"
    assert (bound.id, bound.owner_id) == (his.id, ME.id)


async def test_nobody_binds_more_than_a_family_s_cars(world: World) -> None:
    await bind(world, *(plate(number) for number in range(VEHICLES_MOST)))

    with pytest.raises(DomainError) as refusal:
        await bind(world, PLATE)

    assert refusal.value.code == "vehicles_full"


async def test_one_car_is_preferred_and_another_when_that_goes(world: World) -> None:
    first, second, third = await bind(world, plate(1), plate(2), plate(3))

    await world.run(prefer_vehicle, actor=ME, vehicle_id=third.id)
    assert await mine(world) == {plate(1).number: False, plate(2).number: False, plate(3).number: True}  # fmt: skip
    await world.run(unbind_vehicle, actor=ME, vehicle_id=third.id)

    assert sorted((await mine(world)).values()) == [False, True]
    assert {first.plate.number, second.plate.number} == set(await mine(world))
    assert len(await world.facts(VehicleUnbound)) == 1


@pytest.mark.parametrize("use_case", [unbind_vehicle, prefer_vehicle])
async def test_another_s_car_is_not_there(world: World, use_case) -> None:  # type: ignore[no-untyped-def]
    [his] = await bind(world, PLATE, actor=OTHER)

    with pytest.raises(DomainError) as refusal:
        await world.run(use_case, actor=ME, vehicle_id=his.id)

    assert refusal.value.code == "vehicle_not_found"


async def test_a_car_that_stands_is_shown_to_whoever_binds_it_and_taken_from_who_lets_it_go(
    world: World,
) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.run(identify_berth, berth_id="b1", plate=PLATE)
    [bound] = await bind(world, PLATE)

    for _ in range(2):
        await world.run(show_running_stays, facts=await world.facts(VehicleBound))
    [shown] = await world.stays()
    await world.run(unbind_vehicle, actor=ME, vehicle_id=bound.id)
    await world.run(show_running_stays, facts=await world.facts(VehicleUnbound))
    [gone] = await world.stays()

    assert (shown.owner_id, gone.owner_id) == (ME.id, None)
    told = await world.facts(StayIdentified)
    assert [one.owner_before for one in told][-1] == ME.id
    assert len(told) == 3  # read, bound, let go
