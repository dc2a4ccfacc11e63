"""Commands beyond subscribe and publish: who may do them, and what they give, without sockets."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import pytest_asyncio

from realtime import codes
from realtime.api import Api
from realtime.broker_memory import MemoryBroker
from realtime.codes import Refused
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.namespaces import (
    NOBODY,
    SUBSCRIBERS,
    Actor,
    Allow,
    Namespace,
    PrefixBook,
    anyone,
    signed_in,
)
from realtime.revocations import Revoked
from tests.realtime.fakes import FakeTransport
from tests.realtime.node import KEY, personal_channel, subscription_token, token, until

KEPT = {"history_size": 5, "history_ttl_s": 600}
BOOK = PrefixBook(
    [
        Namespace("cache", access=anyone, recoverable=True, recovery_mode="cache", **KEPT),
        Namespace("stream", access=anyone, recoverable=True, show_presence=NOBODY, **KEPT),
        Namespace("kept", access=anyone, may_recover=True, show_history=NOBODY, **KEPT),
        Namespace("shy", access=anyone, show_history=NOBODY, **KEPT),
        Namespace("room", access=anyone, presence=True, join_leave=True, push_join_leave=True),
        Namespace(
            "board",
            access=signed_in,
            presence=True,
            publish=Allow(client=True),
            show_presence=Allow(client=True),
            show_history=Allow(client=True),
            **KEPT,
        ),
        Namespace("chat", access=anyone, publish=SUBSCRIBERS),
    ],
    plain=Namespace("", access=lambda actor, channel: False, recoverable=True, **KEPT),
)


async def answer(actor: Actor, method: str, data: bytes) -> object:
    if method != "add":
        raise Refused(codes.METHOD_NOT_FOUND)
    return {"user": actor.user, "sum": sum(json.loads(data))}


MakeHub = Callable[..., Any]


@pytest_asyncio.fixture
async def make_hub() -> AsyncIterator[MakeHub]:
    """Makes hubs over memory; they are closed after the test."""
    hubs: list[Hub] = []

    async def made(**options: Any) -> Hub:
        options.setdefault("limits", Limits(closing_s=0.1))
        options.setdefault("token_key", KEY)
        hub = Hub(BOOK, MemoryBroker(), personal_channel=personal_channel, **options)
        await hub.start()
        hubs.append(hub)
        return hub

    yield made
    for hub in hubs:
        await hub.close()


async def signed_in_on(hub: Hub, user: str = "ann", **claims: Any) -> FakeTransport:
    transport = FakeTransport(hub)
    await transport.sign_in(user, **claims)
    return transport


def subscribe(channel: str, command_id: int = 2, **more: object) -> dict[str, object]:
    return {"id": command_id, "subscribe": {"channel": channel, **more}}


async def test_in_cache_mode_the_newest_publication_is_what_comes_back(make_hub: MakeHub) -> None:
    hub = await make_hub()
    empty = await signed_in_on(hub)
    nothing = await empty.say(subscribe("cache:1", recover=True))
    for i in range(1, 9):
        position = await hub.publish("cache:1", i)

    async def ask(**since: object) -> Any:
        transport = await signed_in_on(hub)
        return (await transport.say(subscribe("cache:1", recover=True, **since)))["subscribe"]

    stranger = await ask()
    outdated = await ask(epoch=position.epoch, offset=2)
    current = await ask(epoch=position.epoch, offset=8)

    assert nothing["subscribe"]["recovered"] is True
    assert "publications" not in nothing["subscribe"]
    for result in (stranger, outdated):
        assert result["recovered"] is True
        assert [pub["data"] for pub in result["publications"]] == [8]
        assert result["offset"] == 8
    assert current["recovered"] is True
    assert "publications" not in current


async def test_from_the_beginning_no_epoch_need_be_known(make_hub: MakeHub) -> None:
    hub = await make_hub()
    for i in range(1, 6):
        await hub.publish("stream:1", i)
    whole, late = await signed_in_on(hub), await signed_in_on(hub)

    first = await whole.say(subscribe("stream:1", recover=True))
    await hub.publish("stream:1", 6)
    refused = await late.say(subscribe("stream:1", recover=True))

    assert [pub["data"] for pub in first["subscribe"]["publications"]] == [1, 2, 3, 4, 5]
    assert "recovered" not in refused["subscribe"]


async def test_a_client_may_ask_for_recovery_where_the_namespace_lets_it(make_hub: MakeHub) -> None:
    transport = await signed_in_on(await make_hub())

    plain = await transport.say(subscribe("kept:1"))
    asked = await transport.say(subscribe("kept:2", 3, recoverable=True))
    refused = await transport.say(subscribe("shy:1", 4, recoverable=True, positioned=True))

    assert "recoverable" not in plain["subscribe"]
    assert asked["subscribe"]["recoverable"] is True
    assert asked["subscribe"]["epoch"]
    assert "recoverable" not in refused["subscribe"]
    assert "positioned" not in refused["subscribe"]


async def test_what_is_not_spoken_here_is_refused_or_left_out(make_hub: MakeHub) -> None:
    transport = await signed_in_on(await make_hub())

    as_map = await transport.say(subscribe("stream:1", type=1))
    filtered = await transport.say(subscribe("stream:1", 3, tf={"op": "", "key": "a"}))
    delta = await transport.say(subscribe("stream:1", 4, delta="fossil"))
    unprintable = await transport.say(subscribe("stream:\n", 5))
    long = await transport.say(subscribe("stream:" + "x" * 250, 6))

    assert as_map["error"]["code"] == 108
    assert filtered["error"]["code"] == 107
    assert "delta" not in delta["subscribe"]
    assert unprintable["error"]["code"] == long["error"]["code"] == 107


async def test_presence_history_and_publish_need_no_subscription_where_clients_may(
    make_hub: MakeHub,
) -> None:
    hub = await make_hub(anonymous=True)
    ann, nobody = await signed_in_on(hub), FakeTransport(hub)
    await nobody.say({"id": 1, "connect": {}})

    await ann.say({"id": 2, "publish": {"channel": "board:1", "data": {"n": 1}}})
    await until(lambda: {"id": 2, "publish": {}} in ann.messages)
    history = await ann.say({"id": 3, "history": {"channel": "board:1", "limit": -1}})
    stats = await ann.say({"id": 4, "presence_stats": {"channel": "board:1"}})
    refused = [
        await nobody.say({"id": 5, command: {"channel": "board:1"}})
        for command in ("history", "presence", "presence_stats")
    ]

    published = history["history"]["publications"][0]
    assert published["data"] == {"n": 1}
    assert published["info"] == {"user": "ann", "client": ann.session.client}
    assert stats["presence_stats"] == {"num_clients": 0, "num_users": 0}
    assert {one["error"]["code"] for one in refused} == {103}


async def test_history_gives_no_more_than_its_limit(make_hub: MakeHub) -> None:
    hub = await make_hub(limits=Limits(closing_s=0.1, history_publications=2))
    for i in range(4):
        await hub.publish("board:1", i)
    ann = await signed_in_on(hub)

    async def ask(limit: int) -> list[int]:
        answer = await ann.say({"id": 3, "history": {"channel": "board:1", "limit": limit}})
        return [pub["data"] for pub in answer["history"]["publications"]]

    assert await ask(-1) == await ask(100) == [0, 1]
    assert await ask(0) == []
    assert await ask(1) == [0]


async def test_a_hub_takes_remote_calls_only_if_it_is_told_to(make_hub: MakeHub) -> None:
    heard: list[bytes] = []

    async def hear(actor: Actor, data: bytes) -> None:
        heard.append(data)

    open_hub = await make_hub(on_rpc=answer, on_message=hear)
    ann, other = await signed_in_on(open_hub), await signed_in_on(await make_hub())

    called = await ann.say({"id": 2, "rpc": {"method": "add", "data": [1, 2]}})
    missing = await ann.say({"id": 3, "rpc": {"method": "open"}})
    await ann.say({"send": {"data": {"a": 1}}})
    refused = await other.say({"id": 2, "rpc": {"method": "add", "data": [1, 2]}})
    await other.say({"send": {"data": {}}})

    assert called["rpc"] == {"data": {"user": "ann", "sum": 3}}
    assert missing["error"]["code"] == 104
    assert [json.loads(one) for one in heard] == [{"a": 1}]
    assert refused["error"]["code"] == 108
    assert other.closed == (3508, "not available")


async def test_without_a_token_only_where_anonymous_ones_are_let_in(make_hub: MakeHub) -> None:
    closed, welcome = FakeTransport(await make_hub()), FakeTransport(await make_hub(anonymous=True))

    await closed.say({"id": 1, "connect": {"name": "js", "version": "5"}})
    connected = await welcome.say({"id": 1, "connect": {"data": {"a": 1}, "headers": {"x": "y"}}})

    assert closed.closed == (3500, "invalid token")
    assert connected["connect"]["version"]
    assert connected["connect"]["pong"] is True


async def test_a_connection_is_subscribed_to_what_its_token_and_the_client_ask_for(
    make_hub: MakeHub,
) -> None:
    hub = await make_hub()
    claims = {
        "sub": "ann",
        "info": {"name": "Ann"},
        "channels": ["room:1"],
        "subs": {
            "room:2": {
                "b64info": base64.b64encode(b'{"seat":1}').decode(),
                "data": {"welcome": True},
                "override": {"presence": {"value": False}, "join_leave": {"value": False}},
            }
        },
    }
    transport = FakeTransport(hub)
    asked: dict[str, Any] = {"stream:1": {"recover": True}, "unknown:1": {}, "board:1": {}, "x": {}}
    connect = {"token": jwt.encode(claims, KEY, algorithm="HS256"), "subs": asked}

    answer = (await transport.say({"id": 1, "connect": connect}))["connect"]

    assert set(answer["subs"]) == {"room:1", "room:2", "stream:1", "board:1", "#ann"}
    assert answer["subs"]["room:2"]["data"] == {"welcome": True}
    assert answer["subs"]["stream:1"]["recovered"] is True
    info = transport.session.subscriptions["room:2"].info
    assert (info.conn_info, info.chan_info) == ({"name": "Ann"}, {"seat": 1})
    assert await hub.broker.presence("room:2") == {}
    assert len(await hub.broker.presence("room:1")) == 1


async def test_more_connections_than_a_user_may_have_are_refused(make_hub: MakeHub) -> None:
    hub = await make_hub(limits=Limits(closing_s=0.1, user_connections=2))
    first, second, third = [await signed_in_on(hub) for _ in range(3)]
    other = await signed_in_on(hub, "bob")

    assert (first.closed, second.closed, other.closed) == (None, None, None)
    assert third.closed == (3504, "connection limit")


async def test_who_comes_and_goes_is_told_to_all_where_it_is_forced(make_hub: MakeHub) -> None:
    hub = await make_hub()
    ann, bob = await signed_in_on(hub), await signed_in_on(hub, "bob")
    await ann.say(subscribe("room:1"))

    await bob.say(subscribe("room:1"), {"id": 3, "unsubscribe": {"channel": "room:1"}})

    await until(lambda: ann.pushes("leave"))
    assert [one["info"]["user"] for one in ann.pushes("join")][-1] == "bob"
    assert ann.pushes("leave")[0]["info"]["user"] == "bob"


async def test_who_left_and_came_back_at_once_is_present(make_hub: MakeHub) -> None:
    hub = await make_hub()
    ann = await signed_in_on(hub)

    for i in range(2, 22, 2):
        await ann.say(subscribe("room:1", i), {"id": i + 1, "unsubscribe": {"channel": "room:1"}})
    await ann.say(subscribe("room:1", 99))

    assert list(await hub.broker.presence("room:1")) == [ann.session.client]
    await ann.say({"id": 100, "unsubscribe": {"channel": "room:1"}})
    await hub.attendance.settled("room:1", ann.session.client)
    assert await hub.broker.presence("room:1") == {}


async def test_a_subscription_token_for_another_ends_the_connection_and_a_forged_one_is_refused(
    make_hub: MakeHub,
) -> None:
    hub = await make_hub()
    ann, bob = await signed_in_on(hub), await signed_in_on(hub, "bob")
    genuine = subscription_token("chat:1", "ann")

    forged = await ann.say(subscribe("chat:1", token=genuine + "x"))
    await bob.say(subscribe("chat:1", token=genuine))

    assert forged["error"]["code"] == 103
    assert bob.closed == (3500, "invalid token")


@pytest.mark.parametrize("kind", ["token", "user"])
async def test_a_revoked_token_closes_its_connection_and_opens_none(
    make_hub: MakeHub, kind: str
) -> None:
    hub = await make_hub()
    good = await signed_in_on(hub, "ann", token_id="good")
    bad = await signed_in_on(hub, "bob", token_id="bad")

    if kind == "token":
        await hub.revoke("bad")
    else:
        await hub.revoke_before("bob", int((datetime.now(UTC) + timedelta(seconds=5)).timestamp()))

    again = await signed_in_on(hub, "bob", token_id="bad")
    other = await signed_in_on(hub, "ann", token_id="other")
    assert bad.closed == again.closed == (3500, "invalid token")
    assert good.closed is other.closed is None


async def test_a_revocation_whose_order_was_lost_is_found_in_the_store(make_hub: MakeHub) -> None:
    hub = await make_hub()
    transport = await signed_in_on(hub, "ann", token_id="bad")
    silent = Hub(BOOK, MemoryBroker(hub.broker._store), token_key=KEY)

    await silent.revocations.keep(Revoked("bad"))
    assert transport.closed is None

    await until(lambda: transport.closed, 6)
    assert transport.closed == (3500, "invalid token")


async def test_a_refresh_brings_a_new_token_and_a_revoked_one_is_none(make_hub: MakeHub) -> None:
    hub = await make_hub()
    ann = await signed_in_on(hub, "ann", lasts_s=60)
    await hub.revoke("old")

    refreshed = await ann.say({"id": 2, "refresh": {"token": token("ann")}})
    expired = await ann.say({"id": 3, "refresh": {"token": token("ann", lasts_s=-5)}})
    await ann.say({"id": 4, "refresh": {"token": token("ann", token_id="old")}})

    assert refreshed["refresh"]["ttl"] > 3000
    assert expired["error"]["code"] == 109
    assert ann.closed == (3500, "invalid token")


async def test_a_server_side_subscription_that_ends_takes_the_connection_with_it(
    make_hub: MakeHub,
) -> None:
    hub = await make_hub(limits=Limits(closing_s=0.1, subscription_grace_s=0.1))
    ann = await signed_in_on(hub)
    soon = int((datetime.now(UTC) + timedelta(seconds=1)).timestamp())

    await Api(hub).subscribe(channel="chat:1", user="ann", expire_at=soon)

    await until(lambda: ann.closed)
    assert ann.closed == (3006, "subscription expired")
