"""Facts go to the screens in batches, and a batch that may have arrived comes again as nothing new."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest_asyncio

from realtime.broker import BrokerUnavailable, Outgoing, Position
from realtime.broker_memory import MemoryBroker
from realtime.channels import Channels
from realtime.hub import Hub
from server.domain.payment import WalletChanged
from server.domain.stay import SupplyChanged
from server.live import forward
from server.store.relay import Told
from tests.realtime.node import KEY

AT = datetime(2026, 5, 1, tzinfo=UTC)
TOLD = [
    Told("r1-0", WalletChanged(at=AT, account_id="ann", balance=1, bonus=0)),
    Told(
        "r1-1",
        SupplyChanged(
            at=AT,
            place_id="a",
            cell="ws10",
            total=9,
            free=1,
            occupied=0,
            unknown=0,
            out_of_service=0,
            v=1,
        ),
    ),
]


class LosesAnswers(MemoryBroker):
    """A broker that publishes, and then cannot say so."""

    losing = True

    def publish(self, outgoing: Sequence[Outgoing]) -> asyncio.Future[list[Position]]:
        done = super().publish(outgoing)
        if not self.losing:
            return done
        lost: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        lost.set_exception(BrokerUnavailable("no answer"))
        return lost


async def nowhere(_place_id: str) -> str | None:
    return None


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub(Channels(nowhere), LosesAnswers(), token_key=KEY)
    yield made
    await made.close()


async def offsets(hub: Hub) -> list[int]:
    return [place.offset for place in await hub.broker.positions(["#ann", "map:ws10"])]


async def test_a_batch_whose_answer_was_lost_is_published_once(hub: Hub) -> None:
    assert isinstance(hub.broker, LosesAnswers)
    assert not await forward(hub, TOLD)
    assert await offsets(hub) == [1, 1]

    hub.broker.losing = False

    assert await forward(hub, TOLD)
    assert await offsets(hub) == [1, 1]


async def test_another_relay_with_another_batch_tells_nobody_twice_what_is_his(hub: Hub) -> None:
    assert isinstance(hub.broker, LosesAnswers)
    hub.broker.losing = False
    await forward(hub, TOLD)
    more = SupplyChanged(
        at=AT,
        place_id="a",
        cell="ws10",
        total=9,
        free=2,
        occupied=0,
        unknown=0,
        out_of_service=0,
        v=2,
    )

    await forward(hub, [*TOLD, Told("r2-0", more)])

    # The map is told of both rows, each with its version: a screen has the first already.
    assert await offsets(hub) == [1, 2]
