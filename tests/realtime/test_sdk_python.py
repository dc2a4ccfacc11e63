"""The published Python SDK, unchanged, against a running hub over memory and over Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    ReplyError,
    StreamPosition,
    SubscriptionEventHandler,
)

from realtime import codes
from realtime.api import Api
from tests.realtime.node import Node, subscription_token, token, until


class Heard(ClientEventHandler):
    """What a client was told."""

    def __init__(self) -> None:
        self.disconnects: list[tuple[int, str]] = []
        self.reconnects: list[tuple[int, str]] = []
        self.connects = 0
        self.publications: list[tuple[str, Any]] = []
        self.subscribed: list[Any] = []
        self.unsubscribed: list[str] = []

    async def on_connected(self, ctx: Any) -> None:
        self.connects += 1

    async def on_connecting(self, ctx: Any) -> None:
        self.reconnects.append((ctx.code, ctx.reason))

    async def on_disconnected(self, ctx: Any) -> None:
        self.disconnects.append((ctx.code, ctx.reason))

    async def on_subscribed(self, ctx: Any) -> None:
        self.subscribed.append(ctx)

    async def on_unsubscribed(self, ctx: Any) -> None:
        self.unsubscribed.append(ctx.channel)

    async def on_publication(self, ctx: Any) -> None:
        self.publications.append((ctx.channel, ctx.pub.data))


class HeardOnChannel(SubscriptionEventHandler):
    """What a subscription was told."""

    def __init__(self) -> None:
        self.data: list[Any] = []
        self.offsets: list[int] = []
        self.subscribed: list[Any] = []
        self.subscribing: list[int] = []
        self.unsubscribed: list[int] = []
        self.errors: list[Any] = []
        self.joins: list[str] = []
        self.leaves: list[str] = []

    async def on_publication(self, ctx: Any) -> None:
        self.data.append(ctx.pub.data)
        self.offsets.append(ctx.pub.offset)

    async def on_subscribed(self, ctx: Any) -> None:
        self.subscribed.append(ctx)

    async def on_subscribing(self, ctx: Any) -> None:
        self.subscribing.append(ctx.code)

    async def on_unsubscribed(self, ctx: Any) -> None:
        self.unsubscribed.append(ctx.code)

    async def on_error(self, ctx: Any) -> None:
        self.errors.append(ctx.error)

    async def on_join(self, ctx: Any) -> None:
        self.joins.append(ctx.info.user)

    async def on_leave(self, ctx: Any) -> None:
        self.leaves.append(ctx.info.user)


Connect = Callable[..., Awaitable[tuple[Client, Heard]]]


@pytest_asyncio.fixture
async def connect(node: Node) -> AsyncIterator[Connect]:
    """Connects clients to the node; they are gone after the test."""
    clients: list[Client] = []

    async def connected(user: str = "ann", **options: Any) -> tuple[Client, Heard]:
        heard = Heard()
        options.setdefault("token", token(user))
        client = Client(node.url, events=heard, max_reconnect_delay=0.3, proxy=None, **options)
        clients.append(client)
        await client.connect()
        await client.ready(timeout=5)
        return client, heard

    yield connected
    for client in clients:
        await client.disconnect()


async def subscribe(client: Client, channel: str, **options: Any) -> tuple[Any, HeardOnChannel]:
    heard = HeardOnChannel()
    subscription = client.new_subscription(channel, events=heard, **options)
    await subscription.subscribe()
    await subscription.ready(timeout=5)
    return subscription, heard


async def test_a_publication_reaches_each_subscriber_with_its_offset(
    node: Node, connect: Connect
) -> None:
    ann, _ = await connect("ann")
    bob, _ = await connect("")
    _, ann_heard = await subscribe(ann, "news:1")
    _, bob_heard = await subscribe(bob, "news:1")

    for i in range(5):
        await node.hub.publish("news:1", {"n": i})

    await until(lambda: len(ann_heard.data) == 5 and len(bob_heard.data) == 5)
    assert ann_heard.data == bob_heard.data == [{"n": i} for i in range(5)]
    assert ann_heard.offsets == [1, 2, 3, 4, 5]


async def test_a_subscriber_publishes_where_the_namespace_lets_it(connect: Connect) -> None:
    ann, _ = await connect("ann")
    bob, _ = await connect("bob")
    sub, _ = await subscribe(ann, "chat:1")
    _, bob_heard = await subscribe(bob, "chat:1")
    news, _ = await subscribe(ann, "news:1")

    await sub.publish({"text": "hello"})

    await until(lambda: bob_heard.data == [{"text": "hello"}])
    with pytest.raises(ReplyError) as refused:
        await news.publish({})
    assert refused.value.code == codes.PERMISSION_DENIED.code
    with pytest.raises(CentrifugeError):
        await ann.publish("chat:2", {})


async def test_history_is_paged_both_ways(node: Node, connect: Connect) -> None:
    ann, _ = await connect()
    sub, _ = await subscribe(ann, "news:1")
    for i in range(1, 6):
        position = await node.hub.publish("news:1", i)

    newest = await sub.history(limit=2, reverse=True)
    since = await sub.history(limit=10, since=StreamPosition(offset=3, epoch=position.epoch))
    nothing = await sub.history(limit=0)

    assert [pub.data for pub in newest.publications] == [5, 4]
    assert [pub.data for pub in since.publications] == [4, 5]
    assert nothing.publications == []
    assert (nothing.offset, nothing.epoch) == (5, position.epoch)
    with pytest.raises(ReplyError) as refused:
        await sub.history(limit=1, since=StreamPosition(offset=1, epoch="another"))
    assert refused.value.code == codes.UNRECOVERABLE_POSITION.code


async def test_presence_tells_who_is_there_and_who_comes_and_goes(connect: Connect) -> None:
    ann, _ = await connect(token=token("ann", info={"name": "Ann"}))
    sub, heard = await subscribe(ann, "chat:1", join_leave=True)
    bob, _ = await connect("bob")
    bobs, _ = await subscribe(bob, "chat:1")

    present = await sub.presence()
    stats = await sub.presence_stats()

    assert {info.user for info in present.clients.values()} == {"ann", "bob"}
    assert present.clients[ann.client_id].conn_info == {"name": "Ann"}
    assert (stats.num_clients, stats.num_users) == (2, 2)
    await until(lambda: "bob" in heard.joins)
    await bobs.unsubscribe()
    await until(lambda: heard.leaves == ["bob"])
    assert (await sub.presence_stats()).num_clients == 1


async def test_after_a_cut_exactly_what_was_missed_comes_back(node: Node, connect: Connect) -> None:
    ann, _ = await connect()
    _, on_channel = await subscribe(ann, "chat:1")
    await node.hub.publish("chat:1", 1)
    await until(lambda: on_channel.data == [1])

    await node.hub.disconnect(client=ann.client_id, code=codes.CONNECTION_CLOSED)
    await until(lambda: on_channel.subscribing[1:])
    for i in range(2, 40):
        await node.hub.publish("chat:1", i)

    await until(lambda: len(on_channel.data) == 39)
    assert on_channel.data == list(range(1, 40))
    assert on_channel.offsets == list(range(1, 40))
    again = on_channel.subscribed[-1]
    assert (again.was_recovering, again.recovered) == (True, True)


async def test_a_cut_that_outlasts_history_is_not_recovered_and_says_so(
    node: Node, connect: Connect
) -> None:
    ann, _ = await connect()
    sub, heard = await subscribe(ann, "news:1")
    await node.hub.publish("news:1", 0)
    await until(lambda: heard.data == [0])
    await sub.unsubscribe()
    for i in range(1, 22):
        await node.hub.publish("news:1", i)

    await sub.subscribe()
    await sub.ready(timeout=5)

    again = heard.subscribed[-1]
    assert (again.was_recovering, again.recovered) == (True, False)
    assert heard.data == [0]
    await node.hub.publish("news:1", "live")
    await until(lambda: heard.data == [0, "live"])


async def test_another_epoch_is_never_recovered(node: Node, connect: Connect) -> None:
    ann, _ = await connect()
    _, heard = await subscribe(ann, "news:1")
    await node.hub.publish("news:1", "old")
    await until(lambda: heard.data == ["old"])

    await node.hub.broker.remove_history("news:1")
    await node.hub.publish("news:1", "new")

    await until(lambda: len(heard.subscribed) == 2)
    assert codes.UNSUBSCRIBED_INSUFFICIENT.code in heard.subscribing
    assert heard.subscribed[-1].recovered is False
    await node.hub.publish("news:1", "newer")
    await until(lambda: heard.data[-1] == "newer")


async def test_a_token_is_refreshed_before_it_ends(node: Node, connect: Connect) -> None:
    asked = []

    async def get_token() -> str:
        asked.append(1)
        return token(lasts_s=3600)

    ann, heard = await connect(token=token(lasts_s=1.5), get_token=get_token)

    await until(lambda: asked)
    await subscribe(ann, "chat:1")
    assert heard.connects == 1
    assert heard.disconnects == []


async def test_an_expired_token_is_refused_until_a_new_one_comes(connect: Connect) -> None:
    async def get_token() -> str:
        return token()

    _, heard = await connect(token=token(lasts_s=-5), get_token=get_token)

    assert heard.connects == 1
    assert heard.disconnects == []


async def test_a_subscription_token_opens_a_channel_and_is_refreshed(connect: Connect) -> None:
    asked: list[str] = []

    async def get_token(channel: str) -> str:
        asked.append(channel)
        return subscription_token("club:1", lasts_s=1.5 if len(asked) == 1 else 3600)

    ann, _ = await connect("ann")
    _, heard = await subscribe(ann, "club:1", get_token=get_token)

    await until(lambda: len(asked) == 2)
    assert heard.errors == []
    assert heard.unsubscribed == []


async def test_a_channel_without_access_is_refused(connect: Connect) -> None:
    ann, _ = await connect(token=token("ann", meta={"invited": ["club:1"]}))
    await subscribe(ann, "club:1")
    heard = HeardOnChannel()
    sub = ann.new_subscription("club:2", events=heard)

    await sub.subscribe()

    await until(lambda: heard.unsubscribed)
    assert heard.unsubscribed == [codes.PERMISSION_DENIED.code]


async def test_the_personal_channel_comes_with_the_connection_and_recovers(
    node: Node, connect: Connect
) -> None:
    _, heard = await connect("ann")
    await node.hub.publish("#ann", "first")
    await until(lambda: heard.publications == [("#ann", "first")])

    await node.hub.disconnect(user="ann", code=codes.CONNECTION_CLOSED)
    await until(lambda: len(heard.reconnects) == 2)
    await node.hub.publish("#ann", "second")

    await until(lambda: heard.connects == 2 and len(heard.publications) == 2)
    assert heard.publications[-1] == ("#ann", "second")
    assert heard.subscribed[-1].recovered is True


async def test_the_server_ends_connections_and_subscriptions_with_its_codes(
    node: Node, connect: Connect
) -> None:
    ann, heard = await connect("ann")
    _, on_channel = await subscribe(ann, "news:1")

    await node.hub.unsubscribe("news:1", user="ann")
    await until(lambda: on_channel.unsubscribed)
    await node.hub.disconnect(user="ann")
    await until(lambda: heard.disconnects)

    assert on_channel.unsubscribed == [codes.UNSUBSCRIBED_BY_SERVER.code]
    assert heard.disconnects == [(3503, "force disconnect")]


async def test_the_server_subscribes_and_unsubscribes_from_its_side(
    node: Node, connect: Connect
) -> None:
    _, heard = await connect("ann", token=token("ann", channels=["noise:1"]))
    api = Api(node.hub)
    await until(lambda: {ctx.channel for ctx in heard.subscribed} == {"#ann", "noise:1"})

    await api.subscribe(channel="news:1", user="ann", data={"hello": 1})
    await until(lambda: heard.subscribed[2:])
    await api.publish(channel="news:1", data={"n": 1}, tags={"kind": "a"})
    await until(lambda: heard.publications)
    await api.unsubscribe(channel="news:1", user="ann")
    await until(lambda: heard.unsubscribed)

    begun = heard.subscribed[2]
    assert (begun.channel, begun.recoverable, begun.data) == ("news:1", True, {"hello": 1})
    assert heard.publications == [("news:1", {"n": 1})]
    assert heard.unsubscribed == ["news:1"]


async def test_what_is_revoked_ends_the_connection_for_good(node: Node, connect: Connect) -> None:
    _, heard = await connect("ann", token=token("ann", token_id="t1"))

    await node.hub.revoke("t1")

    await until(lambda: heard.disconnects)
    assert heard.disconnects == [(3500, "invalid token")]


async def test_remote_calls_are_refused(connect: Connect) -> None:
    ann, _ = await connect()

    with pytest.raises(ReplyError) as refused:
        await ann.rpc("open_barrier", {})

    assert refused.value.code == codes.NOT_AVAILABLE.code


async def test_a_forged_token_ends_the_connection_for_good(node: Node) -> None:
    heard = Heard()
    client = Client(node.url, events=heard, token=token() + "x", proxy=None)

    await client.connect()

    await until(lambda: heard.disconnects)
    assert heard.disconnects == [(3500, "invalid token")]
