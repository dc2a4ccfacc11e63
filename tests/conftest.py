"""Fixtures every test may use."""

import uuid
from collections.abc import AsyncIterator

import pytest_asyncio

from server.standalone import Servers
from server.store.mongo import Store, connect
from tests.servers import servers
from tests.world import World

__all__ = ["servers"]


@pytest_asyncio.fixture
async def store(servers: Servers) -> AsyncIterator[Store]:
    """A store with a database of its own, gone afterwards."""
    client = connect(servers.mongo_url)
    name = f"test_{uuid.uuid4().hex[:12]}"
    made = Store(client[name])
    await made.prepare()
    yield made
    await client.drop_database(name)
    await client.close()


@pytest_asyncio.fixture
async def world(store: Store) -> World:
    """A small street on a real store."""
    made = World(store)
    await made.build()
    return made
