"""Simulated devices are faithful: journalled, numbered, sent again until acknowledged."""

from itertools import pairwise

import pytest

from devices.simulator.faults import Faults
from devices.simulator.fleet import Fleet
from devices.simulator.journal import LONGEST_WAIT_S, RESEND_AFTER_S, TRIES
from devices.simulator.model import Format
from devices.simulator.readings import Observation
from server.domain.equipment import Reading, ReadingKind
from tests.devices.simulator.fleets import (
    CITY,
    FakeTransport,
    HandClock,
    ack_of,
    one_device,
    small_fleet,
)

SENSOR = one_device(Format.CANONICAL).id
GEOMAG = one_device(Format.GEOMAG).id
CAMERA = one_device(Format.VZENITH).id


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def arrived(device_id: str, clock: HandClock) -> Observation:
    return Observation(device_id, "arrived", clock.now, confidence=96)


def numbers(readings: list[Reading]) -> list[tuple[int, int]]:
    return [(reading.boot, reading.seq) for reading in readings]


async def test_a_reading_is_sent_again_until_it_is_acknowledged(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    await fleet.publish(arrived(SENSOR, clock))
    first = transport.readings()

    clock.now += RESEND_AFTER_S
    await fleet.tick()
    again = transport.readings()
    fleet.hear(*ack_of(*again))
    clock.now += 1000
    await fleet.tick()

    assert numbers(again) == numbers(first) == [(7, 0), (7, 1)]
    assert [reading.at for reading in again] == [reading.at for reading in first]
    assert again[0].sent_at is not None
    assert first[0].sent_at is not None
    assert again[0].sent_at > first[0].sent_at
    assert transport.sent == []
    assert fleet.unacked == 0


async def test_an_acknowledgement_names_readings_and_is_no_high_water_mark(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    await fleet.publish(arrived(SENSOR, clock))
    boot, arrival = transport.readings()

    fleet.hear(*ack_of(arrival))
    clock.now += RESEND_AFTER_S
    await fleet.tick()

    assert numbers(transport.readings()) == numbers([boot])
    assert fleet.unacked == 1


async def test_before_its_time_nothing_is_sent_again(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    await fleet.publish(arrived(SENSOR, clock))
    transport.sent.clear()

    clock.now += RESEND_AFTER_S - 1
    await fleet.tick()

    assert transport.sent == []


async def test_after_ten_tries_a_reading_is_dropped(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    await fleet.publish(arrived(CAMERA, clock))

    for _ in range(2 * TRIES):
        clock.now += LONGEST_WAIT_S
        await fleet.tick()

    assert len(transport.sent) == TRIES
    assert fleet.devices[CAMERA].journal.dropped == 1
    assert fleet.unacked == 0


async def test_a_new_connection_brings_the_whole_journal_oldest_first(
    transport: FakeTransport, clock: HandClock
) -> None:
    async with small_fleet(transport, clock) as fleet:
        await fleet.publish(arrived(SENSOR, clock))
        await fleet.publish(Observation(SENSOR, "left", clock.now))
        transport.sent.clear()

        transport.on_connected()
        await fleet.tick()

        assert numbers(transport.readings()) == [(7, 0), (7, 1), (7, 2)]
    assert transport.stopped


async def test_a_sensor_boots_first_and_then_counts_without_holes(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    for _ in range(3):
        await fleet.publish(arrived(SENSOR, clock))
        await fleet.publish(Observation(SENSOR, "left", clock.now))

    readings = transport.readings()

    assert readings[0].kind is ReadingKind.BOOT
    assert numbers(readings) == [(7, seq) for seq in range(7)]


async def test_a_geomagnetic_sensor_wraps_from_255_to_1(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    for _ in range(300):
        await fleet.publish(Observation(GEOMAG, "heartbeat", clock.now))

    sequence = [reading.seq for reading in transport.readings()]

    assert sequence[:2] == [0, 1]
    assert sequence[254:258] == [254, 255, 1, 2]


async def test_a_camera_numbers_by_its_clock_and_never_twice(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    for kind in ("arrived", "arrived", "heartbeat", "arrived", "heartbeat", "arrived"):
        await fleet.publish(Observation(CAMERA, kind, clock.now, berth_code="312001"))

    readings = transport.readings()

    assert all(before.seq < after.seq for before, after in pairwise(readings))
    assert numbers(readings) == [reading.number for reading in fleet.journals()]
    assert all(abs(reading.at.timestamp() - clock.now) < 3 for reading in readings)


async def test_a_lost_message_stays_in_the_journal(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock, faults=Faults(loss=1.0))

    await fleet.publish(arrived(SENSOR, clock))

    assert transport.sent == []
    assert fleet.unacked == 2


async def test_a_late_message_leaves_when_it_is_due(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock, faults=Faults(late=1.0))
    await fleet.publish(arrived(CAMERA, clock))
    await fleet.tick()
    before = list(transport.sent)

    clock.now += 121
    await fleet.tick()

    assert before == []
    assert transport.sent


async def test_a_wrong_clock_shows_in_both_instants_alike(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock, faults=Faults(clock_skew=1.0))

    await fleet.publish(arrived(SENSOR, clock))
    boot = transport.readings()[0]

    assert abs(boot.at.timestamp() - clock.now) >= 180
    assert boot.sent_at == boot.at


async def test_a_silent_device_says_nothing_more_and_nobody_waits_for_it(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock, faults=Faults(silent=1.0))
    await fleet.publish(arrived(SENSOR, clock))
    transport.sent.clear()

    clock.now += 301
    answer = await fleet.publish(arrived(SENSOR, clock))
    await fleet.tick()

    assert answer is None
    assert transport.sent == []
    assert fleet.unacked == 0


async def test_a_falling_battery_raises_one_alarm(
    transport: FakeTransport, clock: HandClock
) -> None:
    fleet = small_fleet(transport, clock)
    fleet.devices[SENSOR]._battery = 15.0005

    for _ in range(4):
        await fleet.publish(Observation(SENSOR, "heartbeat", clock.now))

    alarms = [r.alarm for r in transport.readings() if r.kind is ReadingKind.ALARM]
    assert alarms == ["battery_low"]


async def test_a_rush_flips_every_sensor_in_turn_at_its_rate(transport: FakeTransport) -> None:
    fleet = Fleet(CITY.first(50).devices, transport)

    rush = await fleet.rush(rate=400, seconds=0.5)

    kinds = [(reading.device.id, reading.observation.kind) for reading in rush.readings]
    assert len(rush.readings) == 200
    assert rush.took_s == pytest.approx(0.5, abs=0.25)
    assert len({device_id for device_id, _ in kinds}) == 50
    assert all(kind == "arrived" for _, kind in kinds[:50])
    assert all(kind == "left" for _, kind in kinds[50:100])
    assert fleet.unacked == 250
