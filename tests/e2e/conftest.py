"""The running city that tests look at from outside: with a browser, a broker client, an SDK."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.city import City, running_city
from tests.e2e.browser import chromium
from tests.e2e.street import Street, street_of


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """One `smartcloud up` for the whole session; `city.simulating()` lets cars come and go."""
    async with running_city(tmp_path_factory.mktemp("city")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def street(city: City) -> Street:
    """The street that nobody but tests' cars use."""
    return await street_of(city)
