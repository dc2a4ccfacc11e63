"""The city that is rushed and wounded, prepared so that every stay costs something at once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.city import City, running_city
from tests.simulation.ledger import Ledger, make_every_stay_cost


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def wounded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """A city of its own, as its processes are killed."""
    async with running_city(tmp_path_factory.mktemp("wounded")) as running:
        async with Ledger(running) as ledger:
            await make_every_stay_cost(ledger)
        yield running
