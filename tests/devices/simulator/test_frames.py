"""What the simulated devices write is what the platform's codecs read."""

import pytest

from devices.simulator.model import Format
from devices.simulator.readings import Observation
from server.domain.equipment import ReadingKind
from tests.devices.simulator.fleets import NOON, FakeTransport, HandClock, one_device, small_fleet


@pytest.mark.parametrize("format", [Format.CANONICAL, Format.GEOMAG])
@pytest.mark.parametrize("kind", ["arrived", "left", "heartbeat", "alarm"])
async def test_a_sensors_reading_is_read_back_as_it_was_seen(format: Format, kind: str) -> None:
    transport = FakeTransport()
    fleet = small_fleet(transport, HandClock())
    alarm = "battery_low" if kind == "alarm" else None
    seen = Observation(
        one_device(format).id, kind, NOON, confidence=91, previous_state_s=340, alarm=alarm
    )

    if alarm:
        fleet.devices[seen.device_id]._battery = 9.0
        fleet.devices[seen.device_id]._warned = True
    sent = await fleet.publish(seen)
    boot, reading = transport.readings()

    assert sent is not None
    assert boot.kind is ReadingKind.BOOT
    assert reading.kind == kind
    assert reading.alarm == alarm
    assert abs(reading.at.timestamp() - NOON) < 1
    assert reading.previous_state_s == 340
    assert (reading.boot, reading.seq) == sent.number
    assert reading.rssi == sent.rssi
    assert reading.battery == pytest.approx(sent.battery, abs=1)
    assert reading.confidence == pytest.approx(91, abs=1)


@pytest.mark.parametrize("format", [Format.CANONICAL, Format.GEOMAG])
@pytest.mark.parametrize("alarm", ["sensor_fault", "sensor_moved"])
async def test_a_sensors_trouble_is_read_back_as_its_alarm(format: Format, alarm: str) -> None:
    transport = FakeTransport()
    fleet = small_fleet(transport, HandClock())

    await fleet.publish(Observation(one_device(format).id, "alarm", NOON, alarm=alarm))

    _, reading = transport.readings()
    assert (reading.kind, reading.alarm) == ("alarm", alarm)


@pytest.mark.parametrize("format", [Format.CANONICAL, Format.GEOMAG])
async def test_a_sensor_whose_cell_runs_low_says_so_once(format: Format) -> None:
    transport = FakeTransport()
    fleet = small_fleet(transport, HandClock())
    device_id = one_device(format).id
    fleet.devices[device_id].drain()

    for _ in range(3):
        await fleet.publish(Observation(device_id, "heartbeat", NOON))

    alarms = [one for one in transport.readings() if one.kind is ReadingKind.ALARM]
    assert [one.alarm for one in alarms] == ["battery_low"]


@pytest.mark.parametrize("battery", [1, 5, 15, 33, 50, 79, 80, 100])
async def test_the_cell_voltage_means_the_same_to_both_ends(battery: int) -> None:
    transport = FakeTransport()
    fleet = small_fleet(transport, HandClock())
    geomag = one_device(Format.GEOMAG).id
    fleet.devices[geomag]._battery = float(battery)

    await fleet.publish(Observation(geomag, "heartbeat", NOON))

    assert transport.readings()[0].battery == pytest.approx(battery, abs=1)


async def test_a_camera_tells_plate_berth_and_confidence() -> None:
    transport = FakeTransport()
    fleet = small_fleet(transport, HandClock())
    seen = Observation(
        one_device(Format.VZENITH).id,
        "arrived",
        NOON,
        berth_code="412017",
        plate="粤BD12345",
        plate_color="green",
        confidence=93,
    )

    sent = await fleet.publish(seen)
    [reading] = transport.readings()

    assert sent is not None
    assert (reading.plate, reading.plate_color) == ("粤BD12345", "green")
    assert (reading.berth_code, reading.confidence) == ("412017", 93)
    assert (reading.boot, reading.seq) == sent.number
    assert reading.at.timestamp() == pytest.approx(NOON, abs=0.002)
