"""A running city, its memory over restarts, and the real broker between it and the platform."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import aiomqtt
import pytest

from devices.codecs import decode
from devices.signatures import is_genuine
from devices.simulator import command
from devices.simulator.day import ALARMS, CityDay
from devices.simulator.fleet import Fleet
from devices.simulator.memory import Memory, load
from devices.simulator.model import DemoCity
from devices.simulator.readings import Observation
from devices.simulator.secrets import demo_secret
from devices.simulator.traffic import Pace
from devices.simulator.transport import MqttTransport
from devices.topics import ack_topic, parse_up, up_topic
from server.domain.equipment import Reading, ReadingKind, signing_key
from server.standalone import Servers
from tests.devices.simulator.fleets import CITY, FakeTransport, HandClock


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.02)


async def run_until(day: CityDay, happened: Callable[[], bool]) -> None:
    """Let the city live until something has happened, then stop it in order."""
    running = asyncio.create_task(day.run())
    try:
        await until(happened)
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def caught_up(day: CityDay, clock: HandClock) -> Callable[[], bool]:
    """Say when everything that the devices have seen by now is published."""
    return lambda: bool(day._due) and day._due[0][0] > clock.now


def small_day(
    path: Path, transport: FakeTransport, clock: HandClock, city: DemoCity | None = None
) -> CityDay:
    city = city or CITY.first(120)
    memory = load(path, seed=1)
    fleet = Fleet(city.devices, transport, boot=memory.boot + 1, clock=clock)
    return CityDay(city, fleet, seed=1, pace=Pace(speed=1.0), memory=memory, path=path, clock=clock)


async def test_a_first_run_tells_the_state_of_every_berth(tmp_path: Path) -> None:
    transport, clock = FakeTransport(), HandClock()
    day = small_day(tmp_path / "simulator.json", transport, clock)
    clock.now += 20

    await run_until(day, caught_up(day, clock))

    sensors = {d.id for d in day.city.devices if d.kind == "berth_sensor"}
    readings = transport.readings()
    told = {
        r.device_id: r.kind for r in readings if r.kind in (ReadingKind.ARRIVED, ReadingKind.LEFT)
    }
    occupied = {
        day.city.devices[n].id for n, b in enumerate(day.city.berths) if b.id in day.traffic.parked
    }
    assert sensors <= told.keys()
    assert {id for id in sensors if told[id] is ReadingKind.ARRIVED} == occupied
    assert 0.2 < len(occupied) / 120 < 1


async def test_cameras_name_the_plate_of_the_car_that_the_sensor_felt(tmp_path: Path) -> None:
    transport, clock = FakeTransport(), HandClock()
    day = small_day(tmp_path / "simulator.json", transport, clock)
    berth_of = {berth.code: berth.id for berth in day.city.berths}
    clock.now += 25

    await run_until(day, caught_up(day, clock))

    plates = [reading for reading in transport.readings() if reading.plate]
    assert plates
    for reading in plates:
        car = day.traffic.parked[berth_of[reading.berth_code or ""]]
        assert (reading.plate, reading.plate_color) == car.plate


async def test_a_second_run_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    path, clock = tmp_path / "simulator.json", HandClock()
    first = small_day(path, FakeTransport(), clock)
    clock.now += 20
    await run_until(first, caught_up(first, clock))
    left_behind = first.fleet.unacked

    transport = FakeTransport()
    clock.now += 1
    second = small_day(path, transport, clock)
    await run_until(second, caught_up(second, clock))
    await second.fleet.tick()

    again = transport.readings()
    stayed = first.traffic.parked.keys() & second.traffic.parked.keys()
    assert left_behind > 120
    assert len([r for r in again if r.boot == 1]) >= 120
    assert len(stayed) >= 0.9 * len(first.traffic.parked)
    assert all(second.traffic.parked[id] == first.traffic.parked[id] for id in stayed)
    assert load(path, seed=1).boot == 2


async def test_each_start_boots_once_more_even_if_killed_at_once(tmp_path: Path) -> None:
    path, clock = tmp_path / "simulator.json", HandClock()

    for run in (1, 2, 3):
        small_day(path, FakeTransport(), clock)._begin()
        assert load(path, seed=1).boot == run

    assert load(path, seed=2) == Memory(seed=2, boot=3)


async def test_within_ten_minutes_sensors_raise_alarms_and_their_heartbeats_go_on(
    tmp_path: Path,
) -> None:
    transport, clock = FakeTransport(), HandClock()
    day = small_day(tmp_path / "simulator.json", transport, clock)
    clock.now += 600

    await run_until(day, caught_up(day, clock))

    alarms = [one for one in transport.readings() if one.kind is ReadingKind.ALARM]
    assert 2 <= len(alarms) <= 20
    assert {one.alarm for one in alarms} <= set(ALARMS)
    planned = [one for _, _, one in day._due if one.kind == "heartbeat"]
    assert len(planned) == len(day.city.devices)


@pytest.fixture
def platform(servers: Servers) -> Callable[[list[Reading]], Awaitable[None]]:
    """A platform that reads everything with the real codecs and acknowledges it."""
    host, _, port = servers.mqtt_url.removeprefix("mqtt://").rpartition(":")

    async def serve(heard: list[Reading]) -> None:
        async with aiomqtt.Client(host, int(port)) as client:
            await client.subscribe("devices/+/up/+", qos=1)
            async for message in client.messages:
                up = parse_up(str(message.topic))
                assert up is not None
                assert isinstance(message.payload, bytes)
                for reading in decode(up[1], up[0], message.payload, datetime.now(UTC)):
                    heard.append(reading)
                    acks = json.dumps({"acks": [[reading.boot, reading.seq]]})
                    await client.publish(ack_topic(up[0]), acks, qos=1)

    return serve


async def test_over_a_real_broker_every_reading_is_acknowledged(
    servers: Servers, platform: Callable[[list[Reading]], Awaitable[None]]
) -> None:
    heard: list[Reading] = []
    serving = asyncio.ensure_future(platform(heard))
    transport = MqttTransport(servers.mqtt_url)
    try:
        async with Fleet(CITY.first(60).devices, transport) as fleet:
            await fleet.rush(rate=300, seconds=1)
            # What was sent before the platform listened is sent again at a new connection.
            fleet._hurry()
            await until(lambda: fleet.unacked == 0)
    finally:
        serving.cancel()

    assert {(r.device_id, r.boot, r.seq) for r in heard if r.kind is not ReadingKind.BOOT}
    assert fleet.count["acked"] == 360


async def test_with_an_account_each_message_is_signed_with_its_devices_key(
    servers: Servers,
) -> None:
    device = CITY.devices[0]
    topic = up_topic(device.id, device.format)
    host, _, port = servers.mqtt_url.removeprefix("mqtt://").rpartition(":")
    transport = MqttTransport(f"mqtt://simulator:the-key@{host}:{port}")

    async with aiomqtt.Client(host, int(port)) as client, Fleet([device], transport) as fleet:
        await client.subscribe(topic, qos=1)
        await fleet.publish(Observation(device.id, "heartbeat", 0.0))
        message = await asyncio.wait_for(anext(aiter(client.messages)), 20)

    key = signing_key(demo_secret("the-key", device.id))
    assert isinstance(message.payload, bytes)
    assert is_genuine(key, topic, message.payload)


async def test_without_a_broker_nothing_is_lost_from_the_journal() -> None:
    transport = MqttTransport("mqtt://127.0.0.1:1")
    device = CITY.devices[1]

    async with Fleet([device], transport) as fleet:
        await fleet.publish(Observation(device.id, "arrived", 0.0))

        assert not transport.is_connected
        assert fleet.unacked == 2


async def test_the_command_parks_a_city_and_stops_by_itself(
    servers: Servers, tmp_path: Path
) -> None:
    config = SimpleNamespace(simulator_mqtt_url=servers.mqtt_url, data_dir=tmp_path)

    options = command._options().parse_args(
        ["--duration", "2", "--berths", "60", "--plain", "--seed", "5"]
    )
    await command.simulate(options, config)

    memory = load(tmp_path / command.MEMORY_FILE, seed=5)
    assert memory.boot == 1
    assert memory.parked


@pytest.mark.parametrize(
    "argv", [["--loss", "1.5"], ["--rate", "0"], ["--speed", "2", "--rate", "3"]]
)
def test_an_option_that_makes_no_sense_is_refused(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command._options().parse_args(argv)

    assert "usage: smartcloud simulate" in capsys.readouterr().err
