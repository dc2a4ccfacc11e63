"""Fixtures every test may use."""

import pytest_asyncio
from hypothesis import HealthCheck, settings

from server.store.mongo import Store
from tests.clean_store import store
from tests.servers import servers
from tests.world import World

__all__ = ["servers", "store"]

# How fast examples are made and tried says something of the machine, and nothing of the code.
settings.register_profile(
    "any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any_machine")


@pytest_asyncio.fixture
async def world(store: Store) -> World:
    """A small street on a real store."""
    made = World(store)
    await made.build()
    return made
