"""The real servers the tests run against: one MongoDB, Redis and MQTT broker for a whole session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest_asyncio

from server.standalone import Servers


@asynccontextmanager
async def start_servers() -> AsyncIterator[Servers]:
    """Start all three on free ports with fresh data; both are gone afterwards."""
    with TemporaryDirectory(prefix="smartcloud-tests-", ignore_cleanup_errors=True) as folder:
        async with Servers(Path(folder)) as running:
            yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers() -> AsyncIterator[Servers]:
    """Servers with mongo_url, redis_url and mqtt_url, shared by every test of the session."""
    async with start_servers() as running:
        yield running
