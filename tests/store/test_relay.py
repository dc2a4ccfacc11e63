"""What was told reaches whoever listens: in order, at least once, and nobody's fault stops it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from server.kernel.events import Facts
from server.kernel.work import Work
from server.standalone import Servers
from server.store import relay as relays
from server.store.mongo import OUTBOX, Store
from server.store.relay import TRIES, Relay, Told
from server.store.wake import Wake
from tests.store.nouns import NOW, Pet, PetTested, outbox, run


@dataclass
class Listeners:
    """A feed and a reaction that note what they are told; both can be made to fail."""

    away: bool = False
    bad: set[str] = field(default_factory=set)
    asked: list[list[str]] = field(default_factory=list)
    fed: list[Told] = field(default_factory=list)
    tries: list[list[str]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def forward(self, told: Sequence[Told]) -> bool:
        """Take facts as the feeds do."""
        self.asked.append([one.fact.pet_id for one in told if isinstance(one.fact, PetTested)])
        if self.away:
            return False
        self.fed += told
        self.heard.set()
        return True

    async def react(self, work: Work, facts: Sequence[PetTested]) -> None:
        """Keep one pet for each fact, however often it is told."""
        self.tries.append([fact.pet_id for fact in facts])
        if self.bad.intersection(fact.pet_id for fact in facts):
            raise RuntimeError("a reaction with a fault")
        rows = work.table(Pet)
        for fact in facts:
            if await rows.maybe(fact.pet_id) is None:
                rows.add(Pet(id=fact.pet_id, name=fact.pet_id))

    @property
    def fed_ids(self) -> list[str]:
        """Name the pets that the feeds were told of, in order."""
        return [told.fact.pet_id for told in self.fed if isinstance(told.fact, PetTested)]


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    """Listeners that react to the test's fact."""
    made = Listeners()
    Facts.reactions[PetTested] = [made.react]
    yield made
    del Facts.reactions[PetTested]


@pytest_asyncio.fixture
async def wake(servers: Servers) -> AsyncIterator[Wake]:
    """A wake on the session's Redis."""
    made = Wake(Redis.from_url(servers.redis_url))
    yield made
    await made.close()


@pytest.fixture
def relay(store: Store, wake: Wake, listeners: Listeners, monkeypatch: pytest.MonkeyPatch) -> Relay:
    """A relay that does not pause between tries."""
    monkeypatch.setattr(relays, "POLL_S", 0)
    return Relay(store, holder="a", wake=wake, forward=listeners.forward)


async def tell(store: Store, *pet_ids: str) -> None:
    """Tell of each pet in a unit of work of its own."""
    for pet_id in pet_ids:

        async def use_case(work: Work, pet_id: str = pet_id) -> None:
            work.tell(PetTested(at=NOW, pet_id=pet_id))

        await run(store, use_case)


async def pets(store: Store) -> set[str]:
    """Name the pets that reactions have kept."""
    return {pet.id for pet in await run(store, lambda work: work.table(Pet).find({}))}


async def test_facts_are_handed_on_in_the_order_they_were_told(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    wanted = [f"p{number}" for number in range(20)]
    await tell(store, *wanted)

    assert await relay.drain() == 20
    assert await relay.drain() == 0

    assert listeners.fed_ids == wanted
    assert listeners.tries == [wanted], "one batch"
    assert all(row["relayed_at"] for row in await outbox(store))


async def test_a_fact_has_one_id_however_often_it_is_told(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    await tell(store, "p1", "p2")
    await relay.drain()
    await store.database[OUTBOX].update_many({}, {"$set": {"relayed_at": None}})
    await relay.drain()

    first, second, *again = listeners.fed
    assert [first.id, second.id] == [told.id for told in again]
    assert first.id != second.id
    assert await pets(store) == {"p1", "p2"}


async def test_what_could_not_be_forwarded_comes_again(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    await tell(store, "p1")
    listeners.away = True

    assert await relay.drain() == 0
    [row] = await outbox(store)
    assert row["relayed_at"] is None

    listeners.away = False
    assert await relay.drain() == 1
    assert listeners.fed_ids == ["p1"]
    assert await pets(store) == {"p1"}, "it reacted twice, and safely"


async def test_what_may_have_arrived_comes_again_in_the_same_batch(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    await tell(store, "p1", "p2")
    listeners.away = True
    await relay.drain()
    await tell(store, "p3")
    await relay.drain()

    listeners.away = False
    await relay.drain()
    await relay.drain()

    assert listeners.asked == [["p1", "p2"], ["p1", "p2"], ["p1", "p2"], ["p3"]]


async def test_a_row_whose_reactions_end_while_rows_are_looked_for_is_not_forwarded_again(
    store: Store, relay: Relay, listeners: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(store, "p1")
    await relay.forward()
    found, go_on = asyncio.Event(), asyncio.Event()
    find = relay._outbox.find

    class Late:
        """A query whose answer takes its time."""

        def __init__(self, *asked: Any) -> None:
            self.query = find(*asked)

        def __getattr__(self, name: str) -> Any:
            def narrow(*more: Any) -> "Late":
                self.query = getattr(self.query, name)(*more)
                return self

            return narrow

        async def to_list(self, _: None) -> list[Any]:
            rows = await self.query.to_list(None)
            found.set()
            await go_on.wait()
            return rows

    monkeypatch.setattr(relay._outbox, "find", Late)
    looking = asyncio.create_task(relay.forward())
    await found.wait()
    await relay.react()
    go_on.set()

    assert await looking == 0
    assert listeners.fed_ids == ["p1"]


async def test_a_reaction_that_fails_is_set_aside_after_its_tries_and_others_go_on(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    listeners.bad.add("bad")
    await tell(store, "p1", "bad", "p2")

    await relay.drain()
    assert await pets(store) == {"p1", "p2"}
    [pending] = [row for row in await outbox(store) if row["relayed_at"] is None]
    assert pending["facts"][0]["key"] == "pet:bad"

    drains = 1
    while await relay.drain():
        drains += 1
    assert drains == TRIES
    assert all(row["relayed_at"] for row in await outbox(store))
    assert listeners.fed_ids == ["p1", "bad", "p2"], "each was shown once"


async def test_a_reaction_that_failed_once_is_tried_again(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    listeners.bad.add("p1")
    await tell(store, "p1")
    await relay.drain()

    listeners.bad.clear()
    await relay.drain()

    assert await pets(store) == {"p1"}
    assert all(row["relayed_at"] for row in await outbox(store))


async def test_a_row_that_nobody_can_read_is_set_aside_and_others_go_on(
    store: Store, relay: Relay, listeners: Listeners
) -> None:
    await tell(store, "p1", "p2")
    first, _ = await outbox(store)
    gone = {"facts.0.kind": "ForgottenLongAgo"}
    await store.database[OUTBOX].update_one({"_id": first["_id"]}, {"$set": gone})

    while await relay.drain():
        pass

    assert listeners.fed_ids == ["p2"]
    assert all(row["relayed_at"] for row in await outbox(store))


async def test_a_relay_hands_on_what_another_left_behind(
    store: Store, wake: Wake, listeners: Listeners
) -> None:
    await tell(store, "p1")
    first = asyncio.create_task(
        Relay(store, holder="a", wake=wake, forward=listeners.forward).run()
    )
    async with asyncio.timeout(10):
        await listeners.heard.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    listeners.heard.clear()
    await tell(store, "p2")

    second = asyncio.create_task(
        Relay(store, holder="b", wake=wake, forward=listeners.forward).run()
    )
    async with asyncio.timeout(10):  # far less than a lease: the first has given it back
        await listeners.heard.wait()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)

    assert set(listeners.fed_ids) == {"p1", "p2"}
    assert listeners.fed_ids[-1] == "p2"


async def test_a_nudge_wakes_a_relay_in_another_process(servers: Servers, wake: Wake) -> None:
    other = Wake(Redis.from_url(servers.redis_url))
    waiting = asyncio.create_task(wake.wait(30))
    async with asyncio.timeout(10):
        while not waiting.done():  # the first nudges may come before it listens
            other.nudge()
            await asyncio.wait([waiting], timeout=0.01)
    await other.close()

    assert waiting.result() is None


async def test_a_nudge_in_this_process_needs_no_redis() -> None:
    alone = Wake(Redis.from_url("redis://127.0.0.1:1/0"))
    alone.nudge()
    async with asyncio.timeout(5):
        await alone.wait(30)
    await alone.close()


async def test_whoever_waits_goes_on_when_nobody_nudges(wake: Wake) -> None:
    async with asyncio.timeout(5):
        await wake.wait(0.01)
