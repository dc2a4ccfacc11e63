"""A Redis that dies and is succeeded: what is lost is noticed, and nodes hear and publish again."""

import asyncio

import pytest

from realtime.broker import Broker, BrokerUnavailable, Outgoing, Position
from realtime.broker_redis import RedisBroker
from realtime.redis_client import client_of
from realtime.redis_place import BadRedisUrl, RedisPlace, read_place
from realtime.redis_topology import slot_of
from tests.realtime.node import start_node, until
from tests.realtime.redis_servers import Cluster, RedisServer, Watched
from tests.realtime.test_broker import Ears, kept, publish


async def publish_patiently(broker: Broker, outgoing: Outgoing) -> Position:
    """Publish as soon as somebody takes it."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await publish(broker, outgoing)
            except BrokerUnavailable:
                await asyncio.sleep(0.05)


async def test_a_promoted_replica_is_followed_and_its_streams_begin_anew(
    own_watched: Watched,
) -> None:
    broker, ears = RedisBroker(own_watched.url), Ears()
    await broker.start(ears)
    await broker.subscribe("a")
    for i in range(3):
        before = await publish(broker, kept("a", b"%d" % i))

    own_watched.servers[0].stop()
    after = await publish_patiently(broker, kept("a", b"after"))

    # Writes that had not reached the replica are gone, and nobody knows which.
    assert after == Position(after.epoch, 1)
    assert after.epoch != before.epoch
    await until(lambda: ears.doubts == 1, 20)
    await publish(broker, kept("a", b"heard"))
    await until(lambda: ("a", 2, b"heard") in ears.heard)
    await broker.close()


async def test_a_killed_master_of_a_cluster_is_succeeded(own_cluster: Cluster) -> None:
    broker, ears = RedisBroker(own_cluster.url), Ears()
    await broker.start(ears)
    channels = [f"c{i}" for i in range(12)]
    for channel in channels:
        await broker.subscribe(channel)
    before = await broker.publish([kept(channel, b"before") for channel in channels])
    await until(lambda: len(ears.heard) == 12)

    own_cluster.servers[0].stop()
    after = [await publish_patiently(broker, kept(channel, b"after")) for channel in channels]

    # Slots 0 to 5460 were those of the dead master.
    moved = [slot_of(f"{{:{channel}}}") < 5461 for channel in channels]
    assert 0 < sum(moved) < 12
    assert [old.epoch != new.epoch for old, new in zip(before, after, strict=True)] == moved
    assert [position.offset for position in after] == [1 if gone else 2 for gone in moved]
    await until(lambda: ears.doubts >= 1, 20)
    await broker.publish([kept(channel, b"heard") for channel in channels])
    await until(lambda: {one for one, _, body in ears.heard if body == b"heard"} == {*channels})
    await broker.close()


async def test_a_dead_part_of_a_cluster_fails_only_its_own_channels(cluster: Cluster) -> None:
    broker = RedisBroker(cluster.url, prefix="part", timeout_s=1)
    await broker.start(Ears())
    await broker.publish([kept(channel, b"") for channel in ("c0", "c1", "c2", "c3")])
    slots = {channel: slot_of(f"{{:{channel}}}") * 3 // 16384 for channel in ("c0", "c1", "c2")}
    assert len(set(slots.values())) > 1, slots

    [link] = [
        link
        for address, link in broker._commands._links.items()
        if address[1] == cluster.servers[slots["c0"]].port
    ]
    asked = [broker.publish([kept(channel, b"x")]) for channel in slots]
    await asyncio.sleep(0)
    link.drop()
    answers = await asyncio.gather(*asked, return_exceptions=True)

    failed = [isinstance(answer, BrokerUnavailable) for answer in answers]
    assert failed[0]
    assert not all(failed)
    await broker.close()


async def test_subscribers_are_told_when_a_failover_lost_their_place(own_watched: Watched) -> None:
    from tests.realtime.fakes import FakeTransport

    node = await start_node(RedisBroker(own_watched.url))
    transport = FakeTransport(node.hub)
    await transport.sign_in("")
    await transport.say({"id": 2, "subscribe": {"channel": "news:1"}})
    await node.hub.publish("news:1", 1)
    await until(lambda: transport.pushes())

    own_watched.servers[0].stop()

    await until(lambda: transport.pushes("unsubscribe"), 20)
    assert transport.pushes("unsubscribe")[0]["code"] == 2500
    await node.close()


async def test_a_script_that_was_forgotten_is_told_again(own_redis: RedisServer) -> None:
    broker = RedisBroker(own_redis.url)
    first = await publish(broker, kept("a", b"1"))

    own_redis.ask("SCRIPT", "FLUSH")
    second = await publish(broker, kept("a", b"2"))

    assert second == Position(first.epoch, 2)
    await broker.close()


async def test_a_server_that_hangs_is_unavailable(own_redis: RedisServer) -> None:
    broker, ears = RedisBroker(own_redis.url, timeout_s=0.3), Ears()
    await broker.start(ears)
    await publish(broker, kept("a", b"1"))

    async def publish_on() -> None:
        while True:
            await publish(broker, kept("a", b"2"))

    sleeper = asyncio.create_task(asyncio.to_thread(own_redis.ask, "DEBUG", "SLEEP", "1.2"))
    with pytest.raises(BrokerUnavailable):
        await publish_on()
    await sleeper

    assert (await publish_patiently(broker, kept("a", b"3"))).offset > 1
    await broker.close()


@pytest.mark.parametrize(
    ("url", "kind", "addresses", "db", "tls"),
    [
        ("redis://127.0.0.1:7000/3", "single", (("127.0.0.1", 7000),), 3, False),
        ("rediss://cache", "single", (("cache", 6379),), 0, True),
        ("redis://[::1]:7000", "single", (("::1", 7000),), 0, False),
        ("redis+sentinel://a,b:1/city/2", "sentinel", (("a", 26379), ("b", 1)), 2, False),
        ("rediss+cluster://a:1,b:2", "cluster", (("a", 1), ("b", 2)), 0, True),
    ],
)
def test_a_url_tells_where_redis_is(
    url: str, kind: str, addresses: object, db: int, tls: bool
) -> None:
    place = read_place(url)

    assert (place.kind, place.addresses, place.db, place.tls) == (kind, addresses, db, tls)


def test_a_url_tells_who_we_are() -> None:
    place: RedisPlace = read_place("redis+sentinel://ann:p%40ss@a/city?sentinel_password=s")

    assert place.login.command() == [("AUTH", "ann", "p@ss")]
    assert place.sentinel_login.command() == [("AUTH", "s")]
    assert place.master == "city"


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "redis+raft://a",
        "redis://a,b/0",
        "redis+sentinel://a",
        "redis://a/x",
        "redis+cluster://a/1",
        "redis://a:b",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(BadRedisUrl):
        read_place(url)


@pytest.mark.parametrize("place", ["redis_server", "watched", "cluster"])
async def test_a_nudge_finds_redis_wherever_it_is(
    place: str, request: pytest.FixtureRequest
) -> None:
    async with client_of(request.getfixturevalue(place).url, timeout_s=2) as client:
        assert await client.publish("nobody", b"1") == 0
