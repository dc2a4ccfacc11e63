"""A berth's life, from the first reading to the price."""

from datetime import timedelta

import pytest

from server.domain.equipment import DeviceSilent, Verdict
from server.domain.equipment.jobs import notice_silent_devices
from server.domain.stay import (
    OccupancyState,
    StayClosed,
    StayCorrected,
    StayOpened,
    StayState,
    SupplyChanged,
    identify_berth,
)
from server.domain.stay.jobs import count_room, settle_berths, settle_forgotten_berths
from server.domain.stay.reactions import distrust_berths
from server.domain.vehicle import Plate, PlateColor
from server.kernel.errors import Refused
from tests.world import NOON, World

PLATE = Plate("粤B12345", PlateColor.BLUE)


async def test_a_berth_nobody_has_spoken_for_is_unknown(world: World) -> None:
    assert (await world.occupancy()).state is OccupancyState.UNKNOWN


async def test_an_arrival_waits_before_it_becomes_a_stay(world: World) -> None:
    await world.see("d1", "left", at_s=0)
    await world.see("d1", "arrived", at_s=10)

    pending = await world.occupancy()
    assert pending.state is OccupancyState.PENDING_OCCUPIED
    assert await world.stays() == []

    world.now = NOON + timedelta(seconds=15)
    await world.job(settle_berths)

    settled = await world.occupancy()
    assert settled.state is OccupancyState.OCCUPIED
    [stay] = await world.stays()
    assert stay.state is StayState.DETECTED
    assert stay.arrived_at == NOON + timedelta(seconds=10)
    assert settled.stay is not None
    assert settled.stay.id == stay.id


async def test_a_lorry_that_passes_makes_no_stay(world: World) -> None:
    await world.see("d1", "left", at_s=0)
    await world.see("d1", "arrived", at_s=10)
    await world.see("d1", "left", at_s=13)
    world.now = NOON + timedelta(minutes=5)
    await world.job(settle_berths)

    assert (await world.occupancy()).state is OccupancyState.FREE
    assert await world.stays() == []
    assert await world.facts(StayOpened) == []


async def test_a_car_that_shifts_has_not_left(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.see("d1", "left", at_s=600)
    [leaving] = await world.stays()
    await world.see("d1", "arrived", at_s=606)

    [stay] = await world.stays()
    assert leaving.state is StayState.LEAVING
    assert stay.state is StayState.DETECTED
    assert stay.open
    assert (await world.occupancy()).state is OccupancyState.OCCUPIED
    assert await world.facts(StayClosed) == []


async def test_a_stay_is_priced_when_its_leaving_settles(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.see("d1", "left", at_s=61 * 60)
    world.now = NOON + timedelta(minutes=62)
    await world.job(settle_berths)

    [stay] = await world.stays()
    assert stay.state is StayState.CLOSED
    assert not stay.open
    assert stay.left_at == NOON + timedelta(minutes=61)
    assert stay.amount == 400
    assert sum(line.amount for line in stay.lines) == stay.amount
    [closed] = await world.facts(StayClosed)
    assert closed.amount == 400
    assert (await world.occupancy()).state is OccupancyState.FREE


async def test_the_same_reading_twice_is_one_reading(world: World) -> None:
    reading = world.reading("d1", "arrived")

    first, second = await world.take(reading, reading)
    [again] = await world.take(reading)

    assert first.verdict is Verdict.APPLIED
    assert second.verdict is Verdict.DUPLICATE
    assert again.verdict is Verdict.DUPLICATE
    assert len(await world.facts()) == 1


async def test_a_backlog_gives_the_same_as_if_it_had_come_in_time(world: World) -> None:
    received = NOON + timedelta(hours=3)
    readings = [
        world.reading("d1", kind, at_s=at_s, received_at=received)
        for kind, at_s in [("arrived", 0), ("left", 3600), ("arrived", 4000), ("left", 7600)]
    ]

    await world.take(*readings)
    world.now = received + timedelta(seconds=10)  # the next page of the journal might say no
    await world.job(settle_forgotten_berths)

    first, second = await world.stays()
    assert (first.arrived_at, first.left_at) == (NOON, NOON + timedelta(seconds=3600))
    assert (second.amount, first.amount) == (300, 300)
    assert (await world.occupancy()).state is OccupancyState.FREE


async def test_readings_ahead_wait_until_their_predecessors_have_come(world: World) -> None:
    arrived, left = (world.reading("d1", k, at_s=s) for k, s in [("arrived", 0), ("left", 900)])
    await world.see("d2", "arrived")

    world.seqs["d1"] = 0
    await world.see("d1", "boot", at_s=-60, seq=0, boot=0)
    [ahead] = await world.take(left)
    applied = await world.take(arrived, left)

    assert ahead.verdict is Verdict.AHEAD
    assert [one.verdict for one in applied] == [Verdict.APPLIED, Verdict.APPLIED]
    [stay] = await world.stays()
    assert stay.state is StayState.LEAVING


async def test_a_missed_leave_ends_the_old_stay_at_the_last_evidence(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.see("d1", "heartbeat", at_s=1800)
    lost = world.reading("d1", "left", at_s=2400)
    again = world.reading("d1", "arrived", at_s=5400)

    await world.take(again, force=[again])
    world.now = NOON + timedelta(seconds=5410)
    await world.job(settle_berths)

    old, new = await world.stays()
    assert "missed_leave" in old.flags
    assert old.left_at == NOON + timedelta(seconds=1800)
    assert new.open
    assert lost.seq == again.seq - 1


async def test_a_leave_that_comes_late_corrects_the_stay_and_makes_no_second_one(
    world: World,
) -> None:
    await world.see("d1", "arrived", at_s=0)
    lost = world.reading("d1", "left", at_s=4500)
    again = world.reading("d1", "arrived", at_s=5400)
    await world.take(again, force=[again])
    world.now = NOON + timedelta(seconds=5410)
    await world.job(settle_berths)

    [late] = await world.take(lost)
    [twice] = await world.take(lost)

    assert late.verdict is Verdict.LATE
    assert twice.verdict is Verdict.DUPLICATE
    old, _new = await world.stays()
    assert old.left_at == NOON + timedelta(seconds=4500)
    assert old.amount == 400
    assert old.flags == ()
    [corrected] = await world.facts(StayCorrected)
    assert corrected.amount == 400


async def test_a_silent_sensor_makes_its_berth_unknown_and_never_free(world: World) -> None:
    await world.see("d1", "left", at_s=0)
    world.now = NOON + timedelta(seconds=600 * 3 + 1)
    await world.job(notice_silent_devices)
    silent = await world.facts(DeviceSilent)
    await world.run(distrust_berths, facts=silent)

    occupancy = await world.occupancy()
    assert occupancy.state is OccupancyState.UNKNOWN
    assert occupancy.confidence == 0


async def test_a_sensor_that_lost_nothing_is_believed_again_when_it_is_back(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    world.now = NOON + timedelta(seconds=600 * 3 + 1)
    await world.job(settle_forgotten_berths)
    await world.job(notice_silent_devices)
    await world.run(distrust_berths, facts=await world.facts(DeviceSilent))
    assert (await world.occupancy()).state is OccupancyState.UNKNOWN

    await world.see("d1", "heartbeat", at_s=2000)

    occupancy = await world.occupancy()
    assert occupancy.state is OccupancyState.OCCUPIED
    [stay] = await world.stays()
    assert stay.open


async def test_a_device_clock_far_ahead_is_replaced_by_the_time_of_receipt(world: World) -> None:
    reading = world.reading("d1", "arrived", at_s=86_400 * 365, received_at=NOON)

    [one] = await world.take(reading)

    assert one.skewed
    assert one.at == NOON


async def test_an_officers_plate_settles_the_berth_and_is_the_same_twice(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)

    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    again = await world.run(identify_berth, berth_id="b1", plate=PLATE)

    assert stay.state is StayState.RUNNING
    assert again == stay
    occupancy = await world.occupancy()
    assert occupancy.stay is not None
    assert occupancy.stay.plate == PLATE


async def test_one_car_cannot_stand_on_two_berths(world: World) -> None:
    await world.take(world.reading("d1", "arrived"), world.reading("d2", "arrived"))
    await world.run(identify_berth, berth_id="b1", plate=PLATE)

    with pytest.raises(Refused) as refused:
        await world.run(identify_berth, berth_id="b2", plate=PLATE)

    assert refused.value.code == "plate_has_open_stay"


async def test_a_plate_for_an_empty_berth_is_refused(world: World) -> None:
    await world.see("d1", "left")

    with pytest.raises(Refused) as refused:
        await world.run(identify_berth, berth_id="b1", plate=PLATE)

    assert refused.value.code == "berth_has_no_stay"


async def test_a_cameras_plate_joins_the_stay_that_the_sensor_opened(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.see(
        "cam",
        "arrived",
        at_s=2,
        berth_code="440304001",
        plate="粤B12345",
        plate_color="blue",
        confidence=97,
    )

    [stay] = await world.stays()
    assert stay.plate == PLATE
    assert stay.arrived_at == NOON
    assert (await world.occupancy()).state is OccupancyState.OCCUPIED


async def test_room_is_counted_from_the_berths(world: World) -> None:
    await world.take(world.reading("d1", "arrived"), world.reading("d2", "left"))

    await world.job(count_room)

    [supply] = await world.facts(SupplyChanged)
    assert (supply.total, supply.free, supply.occupied, supply.unknown) == (3, 1, 1, 1)
