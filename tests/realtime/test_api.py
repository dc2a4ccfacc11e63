"""The server API over HTTP, on two nodes of one store, over memory and over Redis."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from realtime.api import Api
from realtime.api_http import api_route
from realtime.broker import Broker
from realtime.hub import Hub
from realtime.limits import Limits
from tests.realtime.fakes import FakeTransport
from tests.realtime.node import make_hub, until

SECRET = "the key of the backend"


@dataclass
class Backend:
    """Whoever calls the API of one node; sockets are on another."""

    url: str
    here: Hub
    there: Hub

    async def post(self, call: str, body: str | bytes, **headers: str) -> HTTPResponse:
        return await AsyncHTTPClient().fetch(
            f"{self.url}/{call}",
            method="POST",
            body=body,
            headers=headers or {"X-API-Key": SECRET},
            raise_error=False,
        )

    async def ask(self, call: str, **fields: Any) -> Any:
        response = await self.post(call, json.dumps(fields))
        assert response.code == 200, response.body
        return json.loads(response.body)

    async def do(self, call: str, **fields: Any) -> Any:
        answer = await self.ask(call, **fields)
        assert "error" not in answer, answer
        return answer["result"]

    async def join(self, user: str, *channels: str) -> FakeTransport:
        transport = FakeTransport(self.there)
        await transport.sign_in(user)
        for i, channel in enumerate(channels, 2):
            await transport.say({"id": i, "subscribe": {"channel": channel}})
        return transport


@pytest_asyncio.fixture
async def backend(make_broker: Callable[[], Broker]) -> AsyncIterator[Backend]:
    here, there = [make_hub(make_broker(), Limits(closing_s=0.2)) for _ in range(2)]
    await here.start()
    await there.start()
    listener, port = bind_unused_port()
    server = HTTPServer(Application([api_route("/api", here, SECRET)]))
    server.add_socket(listener)
    yield Backend(f"http://127.0.0.1:{port}/api", here, there)
    server.stop()
    await here.close()
    await there.close()
    await server.close_all_connections()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-API-Key": SECRET}, 200),
        ({"Authorization": f"apikey {SECRET}"}, 200),
        ({"Authorization": f"Bearer {SECRET}"}, 401),
        ({"X-API-Key": SECRET + "x"}, 401),
        ({"X-API-Key": "schlüssel"}, 401),
        ({"X-Other": "x"}, 401),
    ],
)
async def test_only_who_has_the_key_is_answered(
    backend: Backend, headers: dict[str, str], status: int
) -> None:
    response = await backend.post("info", "{}", **headers)

    assert response.code == status


async def test_what_is_published_is_heard_and_remembered(backend: Backend) -> None:
    ann = await backend.join("ann", "news:1")

    first = await backend.do("publish", channel="news:1", data={"n": 1}, tags={"kind": "a"})
    passing = await backend.do("publish", channel="news:1", data=2, skip_history=True)
    encoded = base64.b64encode(b'{\n"n": 3}').decode()
    third = await backend.do("publish", channel="news:1", b64data=encoded)
    await until(lambda: len(ann.pushes()) == 3)
    history = await backend.do("history", channel="news:1", limit=-1)
    newest = await backend.do("history", channel="news:1", limit=1, reverse=True)
    after = await backend.do("history", channel="news:1", limit=9, since=first)

    assert (first["offset"], third["offset"], passing) == (1, 2, {})
    assert ann.pushes() == [
        {"data": {"n": 1}, "tags": {"kind": "a"}, "offset": 1},
        {"data": 2},
        {"data": {"n": 3}, "offset": 2},
    ]
    assert [one["data"] for one in history["publications"]] == [{"n": 1}, {"n": 3}]
    assert [one["data"] for one in newest["publications"]] == [{"n": 3}]
    assert [one["data"] for one in after["publications"]] == [{"n": 3}]
    assert history["epoch"] == first["epoch"]


@pytest.mark.parametrize(
    "data",
    [b'"\xff"', b"[" * 100_000 + b"]" * 100_000, b'"\x01"', b"NaN", b"01", b"[1,]"],
    ids=["no text", "too deep", "control", "NaN", "zero before", "comma"],
)
async def test_data_that_a_client_could_not_read_is_not_published(
    backend: Backend, data: bytes
) -> None:
    ann = await backend.join("ann", "news:1")

    answer = await backend.post("publish", b'{"channel": "news:1", "data": ' + data + b"}")

    assert answer.code == 400
    await backend.do("publish", channel="news:1", data="readable")
    await until(lambda: ann.pushes())
    assert [push["data"] for push in ann.pushes()] == ["readable"]


@pytest.mark.parametrize("instant", [-1, 253_402_300_800, 10**30])
async def test_an_instant_that_no_calendar_has_is_refused(backend: Backend, instant: int) -> None:
    ann = await backend.join("ann", "news:1")

    for call, fields in (
        ("refresh", {"user": "ann", "expire_at": instant}),
        ("subscribe", {"user": "ann", "channel": "news:2", "expire_at": instant}),
        ("invalidate_user_tokens", {"user": "ann", "issued_before": instant}),
    ):
        answer = await backend.post(call, json.dumps(fields))
        assert answer.code == 400

    await backend.do("publish", channel="news:1", data=1)
    await until(lambda: len(ann.pushes()) == 1)


async def test_a_key_holds_for_what_is_not_kept_and_has_a_length(backend: Backend) -> None:
    ann = await backend.join("ann", "news:1")

    for _ in range(2):
        await backend.do(
            "publish", channel="news:1", data=1, skip_history=True, idempotency_key="a"
        )
    refused = await backend.ask("publish", channel="news:1", data=1, idempotency_key="a" * 1025)
    after, _ = await asyncio.gather(
        backend.do("publish", channel="news:1", data=2),
        backend.do("publish", channel="news:1", data=3, skip_history=True),
    )

    assert refused["error"]["code"] == 107
    assert after["offset"] == 1
    await until(lambda: len(ann.pushes()) == 3)
    assert sorted(push["data"] for push in ann.pushes()) == [1, 2, 3]


async def test_a_broadcast_answers_for_each_channel(backend: Backend) -> None:
    result = await backend.do("broadcast", channels=["news:1", "unknown:1", "noise:1"], data=[])

    first, unknown, passing = result["responses"]
    assert first["result"]["offset"] == 1
    assert unknown["error"] == {"code": 102, "message": "unknown channel"}
    assert passing["result"] == {}


async def test_the_same_idempotency_key_publishes_once(backend: Backend) -> None:
    ann = await backend.join("ann", "news:1")

    first = await backend.do("publish", channel="news:1", data=1, idempotency_key="a")
    again = await Api(backend.there).publish(channel="news:1", data=1, idempotency_key="a")
    other = await backend.do("publish", channel="news:1", data=2, idempotency_key="b")
    elsewhere = await backend.do("publish", channel="news:2", data=1, idempotency_key="a")
    answers = await asyncio.gather(
        *(backend.ask("publish", channel="news:1", data=3, idempotency_key="c") for _ in range(8))
    )

    assert (again.offset, again.epoch) == (first["offset"], first["epoch"])
    assert (other["offset"], elsewhere["offset"]) == (2, 1)
    await until(lambda: len(ann.pushes()) == 3)
    assert [answer["result"]["offset"] for answer in answers] == [3] * 8
    assert (await backend.do("history", channel="news:1"))["offset"] == 3


async def test_history_is_removed_under_a_new_epoch(backend: Backend) -> None:
    before = await backend.do("publish", channel="news:1", data=1)

    await backend.do("history_remove", channel="news:1")

    after = await backend.do("history", channel="news:1", limit=-1)
    assert after["publications"] == []
    assert after["epoch"] != before["epoch"]
    moved = await backend.ask("history", channel="news:1", limit=1, since=before)
    assert moved["error"]["code"] == 112


async def test_presence_channels_and_nodes_are_told(backend: Backend) -> None:
    ann = await backend.join("ann", "chat:1", "news:1")
    await backend.join("ann", "chat:1")

    presence = await backend.do("presence", channel="chat:1")
    stats = await backend.do("presence_stats", channel="chat:1")
    channels = await backend.do("channels", pattern="chat:*")
    info = await backend.do("info")

    assert presence["presence"][ann.session.client]["user"] == "ann"
    assert stats == {"num_clients": 2, "num_users": 1}
    assert channels == {"channels": {"chat:1": {"num_clients": 2}}}
    assert {node["uid"] for node in info["nodes"]} == {backend.here.node, backend.there.node}
    assert sum(node["num_clients"] for node in info["nodes"]) == 2
    assert sum(node["num_users"] for node in info["nodes"]) == 1


async def test_connections_are_closed_but_for_the_whitelist(backend: Backend) -> None:
    ann, spared, bob = [await backend.join(user) for user in ("ann", "ann", "bob")]

    await backend.do(
        "disconnect",
        user="ann",
        whitelist=[spared.session.client],
        disconnect={"code": 4500, "reason": "enough"},
    )
    await backend.do("disconnect", client=bob.session.client, user="ann")
    await until(lambda: ann.closed)
    await backend.do("disconnect", user="bob", session=bob.session.client)
    await until(lambda: bob.closed)

    assert ann.closed == (4500, "enough")
    assert bob.closed == (3503, "force disconnect")
    assert spared.closed is None


async def test_a_user_is_subscribed_from_outside_and_given_what_was_missed(
    backend: Backend,
) -> None:
    ann = await backend.join("ann")
    since = await backend.do("publish", channel="news:1", data=1)
    await backend.do("publish", channel="news:1", data=2)

    await backend.do(
        "subscribe", channel="news:1", user="ann", data={"hello": 1}, recover_since=since
    )
    await until(lambda: ann.pushes())
    await backend.do("publish", channel="news:1", data=3)
    await until(lambda: len(ann.pushes()) == 2)

    begun = ann.pushes("subscribe")[0]
    assert begun["data"] == {"hello": 1}
    assert (begun["recoverable"], begun["epoch"], begun["offset"]) == (True, since["epoch"], 1)
    assert [pub["data"] for pub in ann.pushes()] == [2, 3]
    await backend.do("unsubscribe", channel="news:1", user="ann")
    await until(lambda: ann.pushes("unsubscribe"))
    assert ann.pushes("unsubscribe")[0]["code"] == 2000
    await backend.do("unsubscribe", user="ann")
    await until(lambda: not ann.session.subscriptions)


async def test_a_connection_is_prolonged_and_expired_from_outside(backend: Backend) -> None:
    ann, bob = await backend.join("ann"), await backend.join("bob")

    await backend.do("refresh", user="ann", expire_at=int(time.time()) + 1000)
    await backend.do("refresh", user="bob", expired=True)
    await until(lambda: bob.closed and ann.pushes("refresh"))

    assert 990 < ann.pushes("refresh")[0]["ttl"] <= 1000
    assert bob.closed == (3005, "connection expired")


async def test_tokens_are_taken_back_from_outside(backend: Backend) -> None:
    ann, bob = FakeTransport(backend.there), FakeTransport(backend.there)
    await ann.sign_in("ann", token_id="t1")
    await bob.sign_in("bob")

    await backend.do("revoke_token", uid="t1")
    await backend.do("invalidate_user_tokens", user="bob", issued_before=int(time.time()) + 5)

    await until(lambda: ann.closed and bob.closed)
    assert ann.closed == bob.closed == (3500, "invalid token")


async def test_a_batch_answers_in_order_each_for_itself(backend: Backend) -> None:
    commands = [
        {"publish": {"channel": "news:1", "data": 1}},
        {"publish": {"channel": "news:1"}},
        {"open": {}},
        {"publish": {"channel": 7}},
        {"history": {"channel": "news:1", "limit": 1}},
    ]

    answer = await backend.ask("batch", commands=commands)
    beside = await backend.ask("batch", commands=commands[4:] * 3, parallel=True)

    first, empty, unknown, malformed, history = answer["replies"]
    assert first["publish"]["offset"] == 1
    assert [one["error"]["code"] for one in (empty, unknown, malformed)] == [107, 104, 107]
    assert history["history"]["publications"] == [{"data": 1, "offset": 1}]
    assert beside["replies"] == [history] * 3


@pytest.mark.parametrize(
    ("call", "fields", "code"),
    [
        ("publish", {"channel": "news:1"}, 107),
        ("publish", {"channel": "", "data": 1}, 107),
        ("publish", {"channel": "news:1", "b64data": "e30"}, 107),
        ("publish", {"channel": "news:1", "b64data": "YWJj"}, 107),
        ("publish", {"channel": "unknown:1", "data": 1}, 102),
        ("broadcast", {"channels": [], "data": 1}, 107),
        ("presence", {"channel": "news:1"}, 108),
        ("presence_stats", {"channel": "unknown:1"}, 102),
        ("history", {"channel": "noise:1"}, 108),
        ("history_remove", {"channel": "noise:1"}, 108),
        ("disconnect", {}, 107),
        ("disconnect", {"user": "ann", "disconnect": {"code": 1000}}, 107),
        ("disconnect", {"user": "ann", "disconnect": {"code": 4000, "reason": "x" * 124}}, 107),
        ("subscribe", {"channel": "unknown:1", "user": "ann"}, 102),
        ("unsubscribe", {"channel": "news:1"}, 107),
        ("refresh", {"expired": True}, 107),
        ("revoke_token", {}, 107),
    ],
)
async def test_mistakes_are_told_by_number(
    backend: Backend, call: str, fields: dict[str, Any], code: int
) -> None:
    answer = await backend.ask(call, **fields)

    assert answer["error"]["code"] == code


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [("publish", "no json", 400), ("publish", '{"channel":[]}', 400), ("open", "{}", 404)],
)
async def test_what_cannot_be_read_is_a_status(
    backend: Backend, call: str, body: str, status: int
) -> None:
    assert (await backend.post(call, body)).code == status
