"""A prepared database that is emptied before each test: 20 times as fast as making one anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_asyncio

import server.main  # noqa: F401 - declares every table
from server.standalone import Servers
from server.store.mongo import Store, connect

_prepared: set[str] = set()


@asynccontextmanager
async def clean_store(servers: Servers, name: str) -> AsyncIterator[Store]:
    """Give a store on the session's server whose collections are there, indexed and empty."""
    async with connect(servers.mongo_url) as client:
        made = Store(client[name])
        key = f"{servers.mongo_url} {name}"
        if key in _prepared:
            names = await made.database.list_collection_names()
            await asyncio.gather(*(made.database[one].delete_many({}) for one in names))
        else:
            await made.prepare()
            _prepared.add(key)
        yield made


@pytest_asyncio.fixture
async def store(servers: Servers) -> AsyncIterator[Store]:
    """An empty store."""
    async with clean_store(servers, "tests") as made:
        yield made
