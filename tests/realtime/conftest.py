"""A real Redis, brokers of both kinds, and a hub that listens on a free port."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from realtime.broker import Broker
from realtime.broker_memory import MemoryBroker, MemoryStore
from realtime.broker_redis import RedisBroker
from tests.realtime.node import Node, start_node
from tests.realtime.redis_servers import (
    RedisServer,
    cluster,
    own_cluster,
    own_redis,
    own_watched,
    redis_server,
    sharded,
    watched,
)

__all__ = [
    "RedisServer",
    "cluster",
    "own_cluster",
    "own_redis",
    "own_watched",
    "redis_server",
    "sharded",
    "watched",
]


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
