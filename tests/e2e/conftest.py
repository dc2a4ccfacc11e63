"""The running city that tests look at from outside: with a browser, a broker client, an SDK."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.city import City, running_city


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """One `smartcloud up` for the whole session; `city.simulating()` lets cars come and go."""
    async with running_city(tmp_path_factory.mktemp("city")) as running:
        yield running
