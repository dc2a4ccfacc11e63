"""Fixtures every test may use."""

import pytest_asyncio

from server.store.mongo import Store
from tests.clean_store import store
from tests.servers import servers
from tests.world import World

__all__ = ["servers", "store"]


@pytest_asyncio.fixture
async def world(store: Store) -> World:
    """A small street on a real store."""
    made = World(store)
    await made.build()
    return made
