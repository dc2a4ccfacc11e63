"""One suite for each broker: whatever holds for memory holds for Redis, whatever its shape."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest
import pytest_asyncio

from realtime import broker_memory
from realtime.broker import NOWHERE, ONCE_S, Broker, BrokerUnavailable, Outgoing, Position
from realtime.broker_memory import MemoryBroker, MemoryStore
from realtime.broker_redis import RedisBroker
from tests.realtime.node import until
from tests.realtime.redis_servers import RedisServer


class Ears:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, bytes]] = []
        self.epochs: set[str] = set()
        self.announced: list[bytes] = []
        self.controls: list[bytes] = []
        self.doubts = 0

    def deliver(
        self, channel: str, epoch: str, offset: int, bodies: Sequence[bytes], sent_at: float
    ) -> None:
        assert abs(sent_at) > 1e9
        self.epochs.add(epoch)
        for i, body in enumerate(bodies):
            self.heard.append((channel, offset + i if offset else 0, body))

    def announce(self, channel: str, body: bytes) -> None:
        self.announced.append(body)

    def hear(self, message: bytes) -> None:
        self.controls.append(message)

    def doubt(self) -> None:
        self.doubts += 1


@pytest.fixture(params=["memory", "redis_server", "watched", "cluster", "sharded"])
def make_broker(request: pytest.FixtureRequest) -> Callable[[], Broker]:
    """Makes brokers, one a node, that share a store."""
    if request.param == "memory":
        store = MemoryStore()
        return lambda: MemoryBroker(store)
    url, prefix = request.getfixturevalue(request.param).url, uuid.uuid4().hex
    return lambda: RedisBroker(url, prefix=prefix)


@pytest_asyncio.fixture
async def nodes(make_broker: Callable[[], Broker]) -> AsyncIterator[list[tuple[Broker, Ears]]]:
    """Two nodes over one store."""
    made = []
    for _ in range(2):
        broker, ears = make_broker(), Ears()
        await broker.start(ears)
        made.append((broker, ears))
    yield made
    for broker, _ in made:
        await broker.close()


def kept(channel: str, body: bytes, size: int = 10, ttl_s: int = 60) -> Outgoing:
    return Outgoing(channel, body, size, ttl_s)


async def publish(broker: Broker, outgoing: Outgoing) -> Position:
    return (await broker.publish([outgoing]))[0]


async def test_both_nodes_hear_the_same_offsets_in_the_same_order(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears_one), (two, ears_two) = nodes
    await one.subscribe("a")
    await two.subscribe("a")

    positions = await asyncio.gather(
        *(publish(broker, kept("a", b"%d" % i)) for i in range(20) for broker in (one, two))
    )

    await until(lambda: len(ears_one.heard) == len(ears_two.heard) == 40)
    assert ears_one.heard == ears_two.heard
    assert [offset for _, offset, _ in ears_one.heard] == list(range(1, 41))
    assert sorted(position.offset for position in positions) == list(range(1, 41))
    assert len(ears_one.epochs) == 1


async def test_publications_keep_their_bytes(nodes: list[tuple[Broker, Ears]]) -> None:
    (one, ears), _ = nodes
    await one.subscribe("a:b\nc")
    bodies = [b"", b"\n:,\x00", "粤B·12345".encode(), b"x" * 100_000]

    await one.publish([kept("a:b\nc", body) for body in bodies])

    await until(lambda: len(ears.heard) == 4)
    assert [body for _, _, body in ears.heard] == bodies
    assert [one.body for one in (await one.history("a:b\nc")).kept] == bodies


async def test_one_call_publishes_to_many_channels_and_tells_each_position(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears), _ = nodes
    for channel in ("a", "b", "noise"):
        await one.subscribe(channel)

    positions = await one.publish(
        [kept("a", b"1"), kept("b", b"2"), Outgoing("noise", b"3"), kept("a", b"4")]
    )

    await until(lambda: len(ears.heard) == 4)
    assert [position.offset for position in positions] == [1, 1, 0, 2]
    assert positions[2] == Position("", 0)
    assert ("noise", 0, b"3") in ears.heard
    assert [entry for entry in ears.heard if entry[0] == "a"] == [("a", 1, b"1"), ("a", 2, b"4")]


async def test_what_is_kept_and_what_is_not_go_to_one_channel_in_one_call(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears), _ = nodes
    await one.subscribe("a")

    positions = await one.publish([Outgoing("a", b"1"), kept("a", b"2"), Outgoing("a", b"3")])

    await until(lambda: len(ears.heard) == 3)
    assert [position.offset for position in positions] == [0, 1, 0]
    assert sorted(ears.heard) == [("a", 0, b"1"), ("a", 0, b"3"), ("a", 1, b"2")]
    assert (await publish(one, kept("a", b"4"))).offset == 2


async def test_a_key_publishes_once_and_is_answered_as_the_first_time(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears), (two, _) = nodes
    await one.subscribe("a")

    def keyed(body: bytes, key: str, channel: str = "a") -> Outgoing:
        return replace(kept(channel, body), key=key)

    first = await publish(one, keyed(b"1", "k1"))
    again = await asyncio.gather(
        *(publish(broker, keyed(b"1", "k1")) for broker in (one, two) for _ in range(5))
    )
    other = await publish(two, keyed(b"2", "k2"))
    elsewhere = await publish(one, keyed(b"1", "k1", channel="b"))

    await until(lambda: len(ears.heard) == 2)
    assert [body for _, _, body in ears.heard] == [b"1", b"2"]
    assert set(again) == {first}
    assert other == Position(first.epoch, 2)
    assert elsewhere.offset == 1
    assert [entry.body for entry in (await one.history("a")).kept] == [b"1", b"2"]


async def test_those_who_ask_at_once_with_one_key_publish_once(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears), (two, _) = nodes
    await one.subscribe("a")

    positions = await asyncio.gather(
        *(
            publish(broker, replace(kept("a", b"x"), key=f"k{i}"))
            for i in range(20)
            for broker in (one, two, one)
        )
    )

    await until(lambda: len(ears.heard) == 20)
    assert sorted({position.offset for position in positions}) == list(range(1, 21))
    assert positions[0] == positions[1] == positions[2]
    assert [offset for _, offset, _ in ears.heard] == list(range(1, 21))


async def test_some_of_a_call_have_keys_and_a_repeated_call_sends_the_rest(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears), _ = nodes
    await one.subscribe("a")
    some = [replace(kept("a", b"1"), key="k"), kept("a", b"2"), replace(kept("a", b"1"), key="k")]

    first = await one.publish(some)
    second = await one.publish([*some, replace(kept("a", b"3"), key="other")])

    await until(lambda: len(ears.heard) == 4)
    assert [position.offset for position in first] == [1, 2, 1]
    assert [position.offset for position in second] == [1, 3, 1, 4]
    assert ears.heard == [("a", 1, b"1"), ("a", 2, b"2"), ("a", 3, b"2"), ("a", 4, b"3")]


async def test_a_key_holds_where_nothing_is_kept(nodes: list[tuple[Broker, Ears]]) -> None:
    (one, ears), (two, _) = nodes
    await one.subscribe("noise")

    for broker in (one, two, one):
        assert await publish(broker, Outgoing("noise", b"1", key="k")) == NOWHERE
    await publish(one, Outgoing("noise", b"2"))

    await until(lambda: len(ears.heard) == 2)
    assert ears.heard == [("noise", 0, b"1"), ("noise", 0, b"2")]


async def test_a_node_hears_only_what_it_subscribed_to(nodes: list[tuple[Broker, Ears]]) -> None:
    (one, ears), _ = nodes
    await one.subscribe("a")
    await one.subscribe("b")
    await one.unsubscribe("a")
    await one.subscribe("c")

    for channel in ("a", "b", "c"):
        await publish(one, kept(channel, b"x"))

    # Servers of a cluster do not wait for each other.
    await until(lambda: len(ears.heard) == 2)
    assert {channel for channel, _, _ in ears.heard} == {"b", "c"}


async def test_history_is_bounded_by_size_and_read_from_any_place(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, _), _ = nodes
    for i in range(1, 8):
        last = await publish(one, kept("a", b"%d" % i, size=5))

    async def offsets(**options: object) -> list[int]:
        page = await one.history("a", **options)  # type: ignore[arg-type]
        assert page.position == last
        return [entry.offset for entry in page.kept]

    assert last.offset == 7
    assert await offsets() == [3, 4, 5, 6, 7]
    assert await offsets(limit=0) == []
    assert await offsets(limit=2) == [3, 4]
    assert await offsets(since=5) == [6, 7]
    assert await offsets(since=0) == [3, 4, 5, 6, 7]
    assert await offsets(since=5, limit=1) == [6]
    assert await offsets(since=2**64 - 1) == []
    assert await offsets(reverse=True, limit=2) == [7, 6]
    assert await offsets(reverse=True, since=5) == [4, 3]
    assert await offsets(reverse=True, since=0) == []


async def test_a_stream_has_a_position_before_its_first_publication(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, _), (two, _) = nodes

    before = (await one.positions(["new", "other"]))[0]
    after = await publish(two, kept("new", b"1"))

    assert before == Position(after.epoch, 0)
    assert before.epoch
    assert await one.positions([]) == []


async def test_a_forgotten_stream_begins_again_under_another_epoch(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, _), _ = nodes
    before = await publish(one, kept("a", b"1"))

    await one.remove_history("a")
    after = await publish(one, kept("a", b"2"))

    assert after.offset == 1
    assert after.epoch != before.epoch
    assert [entry.body for entry in (await one.history("a")).kept] == [b"2"]


async def test_presence_is_shared_and_ends_when_dropped(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, _), (two, _) = nodes
    await one.keep_presence("a", {"c1": b"{1}", "c2": b"{2}"}, 60)
    await two.keep_presence("a", {"c3": b"{3}"}, 60)

    await two.drop_presence("a", "c2")

    assert await one.presence("a") == {"c1": b"{1}", "c3": b"{3}"}
    assert await one.presence("empty") == {}


async def test_presence_that_is_not_kept_up_ends(nodes: list[tuple[Broker, Ears]]) -> None:
    (one, _), _ = nodes
    await one.keep_presence("a", {"gone": b"{}"}, 1)
    await one.keep_presence("a", {"here": b"{}"}, 60)

    async def present() -> set[str]:
        return set(await one.presence("a"))

    for _ in range(60):
        if await present() == {"here"}:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"still there: {await present()}")


async def test_announcements_and_controls_reach_all_nodes(
    nodes: list[tuple[Broker, Ears]],
) -> None:
    (one, ears_one), (two, ears_two) = nodes
    await one.subscribe("a")
    await two.subscribe("a")

    await one.send_announcement("a", b"a\n:x")
    await two.send_control(b"go")

    await until(lambda: ears_one.announced == ears_two.announced == [b"a\n:x"])
    await until(lambda: ears_one.controls == ears_two.controls == [b"go"])


async def test_history_ends_with_its_time_but_the_place_in_it_stays() -> None:
    now = [0.0]
    broker = MemoryBroker(MemoryStore(clock=lambda: now[0]))
    last = await publish(broker, kept("a", b"1", ttl_s=60))

    now[0] = 61.0
    page = await broker.history("a")

    assert page.kept == []
    assert page.position == last


async def test_redis_history_ends_with_its_time(redis_server: RedisServer) -> None:
    broker = RedisBroker(redis_server.url, prefix="ttl")
    last = await publish(broker, kept("a", b"1", ttl_s=1))

    for _ in range(60):
        page = await broker.history("a")
        if not page.kept:
            break
        await asyncio.sleep(0.05)

    assert page.kept == []
    assert page.position == last
    await broker.close()


async def test_a_publication_whose_answer_was_lost_is_known_by_its_key(
    own_redis: RedisServer,
) -> None:
    broker = RedisBroker(own_redis.url, timeout_s=0.3)
    once = replace(kept("a", b"1"), key="k")
    # A server that knows the script already: it takes what it was sent before it was stopped.
    begun = await publish(broker, replace(kept("a", b"0"), key="before"))
    assert own_redis.process is not None

    own_redis.process.send_signal(signal.SIGSTOP)
    with pytest.raises(BrokerUnavailable):
        await publish(broker, once)
    own_redis.process.send_signal(signal.SIGCONT)
    for _ in range(100):
        if (page := await broker.history("a", since=1)).kept:
            break
        await asyncio.sleep(0.02)

    assert page.position == Position(begun.epoch, 2)
    assert await publish(broker, once) == page.position
    assert [one.body for one in (await broker.history("a")).kept] == [b"0", b"1"]
    await broker.close()


async def test_a_key_is_forgotten_after_its_time(own_redis: RedisServer) -> None:
    now = [0.0]
    memory = MemoryBroker(MemoryStore(clock=lambda: now[0]))
    redis = RedisBroker(own_redis.url)
    once = replace(kept("a", b"1"), key="k")
    for broker in (memory, redis):
        await publish(broker, once)

    now[0] = ONCE_S + 1.0
    [noted] = own_redis.ask("KEYS", "*.once.*")

    assert (await publish(memory, once)).offset == 2
    assert 0 < own_redis.ask("TTL", noted) <= ONCE_S
    await redis.close()


async def test_a_memory_broker_remembers_only_so_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_memory, "MOST_KEYS", 10)
    store = MemoryStore()
    broker = MemoryBroker(store)

    for i in range(50):
        await publish(broker, replace(kept("a", b"%d" % i), key=f"k{i}"))
    again = await publish(broker, replace(kept("a", b"49"), key="k49"))

    assert len(store.once) <= 11
    assert again.offset == 50


async def test_a_fault_in_one_call_stops_no_other(redis_server: RedisServer) -> None:
    broker = RedisBroker(redis_server.url, prefix=uuid.uuid4().hex)

    with pytest.raises(BrokerUnavailable):
        await publish(broker, kept("a", None))  # type: ignore[arg-type]

    assert (await publish(broker, kept("a", b"1"))).offset == 1
    await broker.close()


async def test_after_redis_was_away_the_node_hears_again_and_doubts(
    own_redis: RedisServer,
) -> None:
    broker, ears = RedisBroker(own_redis.url), Ears()
    await broker.start(ears)
    await broker.subscribe("a")
    before = await publish(broker, kept("a", b"1"))

    own_redis.stop()
    with pytest.raises(BrokerUnavailable):
        await publish(broker, kept("a", b"lost"))
    own_redis.start()
    await until(lambda: ears.doubts == 1)
    after = await publish(broker, kept("a", b"2"))

    await until(lambda: (("a", 1, b"2")) in ears.heard)
    assert after.epoch != before.epoch
    await broker.close()


async def test_a_redis_that_is_not_there_is_unavailable(own_redis: RedisServer) -> None:
    own_redis.stop()
    broker = RedisBroker(own_redis.url)

    with pytest.raises(BrokerUnavailable):
        await broker.start(Ears())

    await broker.close()
