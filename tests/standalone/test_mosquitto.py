"""A real mosquitto under the configuration that we write: it knows each device, and gives it its own topics.

Skipped where no mosquitto is on PATH: the suite needs none, as the embedded broker is another.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from server.brokers.mosquitto import write_identities
from server.kernel.hashing import hash_secret
from server.standalone.kinds import MQTT
from server.standalone.place import Place
from server.standalone.ports import free_port
from server.standalone.running import RunningServer
from tests.eventually import eventually

pytestmark = pytest.mark.skipif(shutil.which("mosquitto") is None, reason="no mosquitto on PATH")

GATEWAY = "mqtt://ingest:the%20gateway@127.0.0.1"
FLEET = "mqtt://simulator:the%20fleet@127.0.0.1"
SECRETS = {"d1": "secret of d1", "d2": "secret of d2"}
PASSWORD_OF = SECRETS | {"ingest": "the gateway", "simulator": "the fleet"}


def write(folder: Path, secrets: dict[str, str]) -> bool:
    """Write the two files for devices with these secrets."""
    hashes = {name: hash_secret(secret) for name, secret in secrets.items()}
    return write_identities(folder, gateway_url=GATEWAY, fleet_url=FLEET, devices=hashes)


@pytest.fixture
async def knowing(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A broker that knows two devices, the gateway and a fleet."""
    write(tmp_path / "broker", SECRETS)
    place = Place(
        folder=tmp_path / "mqtt",
        log=tmp_path / "mqtt.log",
        port=free_port(),
        identities=tmp_path / "broker",
    )
    server = RunningServer(
        kind=MQTT, program=MQTT.find(), place=place, record=tmp_path / "mqtt.json"
    )
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def client(
    server: RunningServer, name: str | None, password: str | None = None
) -> AsyncIterator[aiomqtt.Client]:
    known = PASSWORD_OF.get(name or "")
    async with aiomqtt.Client(
        "127.0.0.1", server.place.port, username=name, password=password or known
    ) as connected:
        yield connected


async def gets_in(server: RunningServer, name: str | None, password: str | None = None) -> bool:
    try:
        async with client(server, name, password):
            return True
    except aiomqtt.MqttError:
        return False


async def heard(listener: aiomqtt.Client) -> list[str]:
    """List what has come up to the marker, which each listener of these tests hears."""
    topics: list[str] = []
    async for message in listener.messages:
        if message.payload == b"end":
            return topics
        topics.append(str(message.topic))
    raise AssertionError("cut")


async def test_only_who_knows_its_password_gets_in(knowing: RunningServer) -> None:
    for name in PASSWORD_OF:
        assert await gets_in(knowing, name)
    for name, password in [("d1", "secret of d2"), ("d3", "secret of d1"), (None, None)]:
        assert not await gets_in(knowing, name, password)


async def test_a_devices_readings_reach_the_gateway_and_nobody_elses_name(
    knowing: RunningServer,
) -> None:
    async with client(knowing, "ingest") as gateway, client(knowing, "d1") as device:
        await gateway.subscribe("$share/ingest/devices/+/up/+", qos=1)
        for topic in ("devices/d1/up/reading", "devices/d2/up/reading", "devices/d1/up/a/b"):
            await device.publish(topic, b"reading", qos=1)
        await device.publish("devices/d1/up/reading", b"end", qos=1)

        assert await asyncio.wait_for(heard(gateway), 5) == ["devices/d1/up/reading"]


async def test_a_device_hears_what_is_for_itself_only(knowing: RunningServer) -> None:
    async with client(knowing, "ingest") as gateway, client(knowing, "d1") as device:
        for topic_filter in ("devices/+/ack", "devices/+/down/#", "devices/+/up/+"):
            await device.subscribe(topic_filter, qos=1)
        for topic in (
            *("devices/d2/ack", "devices/d2/down/reboot", "devices/d2/up/reading"),
            *("devices/d1/down/reboot", "devices/d1/ack"),
        ):
            await gateway.publish(topic, b"for whom", qos=1)
        await gateway.publish("devices/d1/ack", b"end", qos=1)

        assert await asyncio.wait_for(heard(device), 5) == [
            "devices/d1/down/reboot",
            "devices/d1/ack",
        ]


async def test_a_fleet_speaks_for_all_and_hears_all_acknowledgements(
    knowing: RunningServer,
) -> None:
    async with client(knowing, "ingest") as gateway, client(knowing, "simulator") as fleet:
        await gateway.subscribe("devices/+/up/+", qos=1)
        await fleet.subscribe("devices/+/ack", qos=1)
        await fleet.publish("devices/d2/up/reading", b"reading", qos=1)
        await fleet.publish("devices/d2/ack", b"forged", qos=1)
        await fleet.publish("devices/d2/up/reading", b"end", qos=1)
        assert await asyncio.wait_for(heard(gateway), 5) == ["devices/d2/up/reading"]

        await gateway.publish("devices/d1/ack", b"safe", qos=1)
        await gateway.publish("devices/d1/ack", b"end", qos=1)
        assert await asyncio.wait_for(heard(fleet), 5) == ["devices/d1/ack"]


async def test_a_changed_file_counts_once_it_is_told(knowing: RunningServer) -> None:
    assert knowing.place.identities is not None
    async with client(knowing, "d2") as revoked:
        write(knowing.place.identities, {"d1": "another secret"})
        os.kill(knowing.pid, signal.SIGHUP)

        with pytest.raises(aiomqtt.MqttError):
            async for _ in revoked.messages:  # it is cut as well
                pass
    assert await gets_in(knowing, "d1", "another secret")
    assert not await gets_in(knowing, "d1", SECRETS["d1"])
    assert not await gets_in(knowing, "d2")
    assert await gets_in(knowing, "ingest")


async def test_a_session_of_the_gateway_survives_a_killed_broker(knowing: RunningServer) -> None:
    gateway = {"identifier": "ingest-0", "protocol": aiomqtt.ProtocolVersion.V311}
    account = {"username": "ingest", "password": "the gateway", "clean_session": False}
    port = knowing.place.port
    async with aiomqtt.Client("127.0.0.1", port, **gateway, **account) as first:
        await first.subscribe("devices/+/up/+", qos=1)
    async with client(knowing, "d1") as device:
        for number in range(150):  # it saves every 100 changes
            await device.publish("devices/d1/up/reading", b"while away %d" % number, qos=1)
    saved = knowing.place.folder / "mosquitto.db"
    await eventually(lambda: saved.exists() and b"while away 0" in saved.read_bytes())

    await knowing.kill()
    await knowing.start()

    async with aiomqtt.Client("127.0.0.1", port, **gateway, **account) as again:
        message = await asyncio.wait_for(anext(aiter(again.messages)), 5)
        assert message.payload == b"while away 0"
