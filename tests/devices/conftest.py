"""A real broker for each test, as a gateway that crashes may leave one in any state."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from server.standalone.kinds import MQTT
from server.standalone.place import Place
from server.standalone.ports import free_port
from server.standalone.running import RunningServer
from tests.devices.fakes import Devices, FakeStore, devices_at


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """The embedded broker on a free port."""
    place = Place(
        folder=tmp_path / "mqtt", log=tmp_path / "mqtt.log", port=free_port(), appendonly=False
    )
    server = RunningServer(
        kind=MQTT, program=MQTT.find(), place=place, record=tmp_path / "mqtt.json"
    )
    await server.start()
    yield server
    await server.stop()


@pytest_asyncio.fixture
async def devices(broker: RunningServer) -> AsyncIterator[Devices]:
    """Devices on that broker."""
    async with devices_at(broker.url) as connected:
        yield connected


@pytest_asyncio.fixture
async def fake_store() -> FakeStore:
    """A store that commits at once and loses nothing."""
    return FakeStore()
