"""Real sockets: slow readers, dead peers, origins, sizes, shutdown, several nodes, a Redis that dies."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from realtime.broker import Broker
from realtime.broker_memory import MemoryBroker
from realtime.broker_redis import RedisBroker
from realtime.limits import Limits
from tests.realtime.fakes import payloads
from tests.realtime.node import Node, start_node, token, until
from tests.realtime.redis_servers import RedisServer


class Reader:
    """A websocket that keeps all it is sent."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.messages: list[Any] = []
        self.closed = False
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while (frame := await self.connection.read_message()) is not None:
            for line in frame.split("\n"):
                message = json.loads(line)
                self.messages.append(message)
                if not message:
                    with suppress(WebSocketClosedError):
                        await self.connection.write_message("{}")
        self.closed = True

    @property
    def offsets(self) -> list[int]:
        pushes = [one["push"] for one in self.messages if "push" in one]
        return [push["pub"]["offset"] for push in pushes if "pub" in push]

    async def say(self, *commands: dict[str, Any]) -> None:
        await self.connection.write_message("\n".join(json.dumps(one) for one in commands))

    async def close(self) -> None:
        self.connection.close()
        await self._task


Dial = Callable[..., Any]


@pytest_asyncio.fixture
async def dial() -> AsyncIterator[Dial]:
    """Connects and subscribes readers; they are gone after the test."""
    readers: list[Reader] = []

    async def dialled(node: Node, *channels: str, user: str = "ann") -> Reader:
        reader = Reader(await websocket_connect(node.url))
        readers.append(reader)
        await reader.say(
            {"id": 1, "connect": {"token": token(user)}},
            *({"id": 2 + i, "subscribe": {"channel": name}} for i, name in enumerate(channels)),
        )
        await until(lambda: len(reader.messages) > len(channels))
        return reader

    yield dialled
    for reader in readers:
        await reader.close()


async def silent_subscriber(node: Node, channel: str) -> socket.socket:
    """A raw socket that subscribes and then never reads."""
    loop = asyncio.get_running_loop()
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.setblocking(False)
    await loop.sock_connect(peer, ("127.0.0.1", node.port))
    handshake = (
        f"GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    commands = [
        {"id": 1, "connect": {"token": token("")}},
        {"id": 2, "subscribe": {"channel": channel}},
    ]
    text = "\n".join(json.dumps(one) for one in commands).encode()
    # A mask of zeros changes nothing.
    frame = b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text
    await loop.sock_sendall(peer, handshake.encode() + frame)
    live = None

    def subscribed() -> bool:
        nonlocal live
        live = node.hub.live.find(channel)
        return live is not None and len(live) > 0

    await until(subscribed)
    return peer


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        (Limits(backlog_bytes=256 * 1024, closing_s=0.5), 40),
        (Limits(backlog_s=0.5, closing_s=0.5), 20),
    ],
    ids=["by bytes", "by time"],
)
async def test_a_reader_that_never_reads_is_closed_and_others_are_served(
    dial: Dial, limits: Limits, count: int
) -> None:
    node = await start_node(MemoryBroker(), limits, send_buffer=4096)
    peer = await silent_subscriber(node, "load:1")
    reader = await dial(node, "load:1", user="")
    live = node.hub.live.find("load:1")
    assert live is not None
    assert len(live) == 2

    for i in range(1, count + 1):
        await node.hub.publish("load:1", "x" * 20_000)
        await until(lambda: reader.offsets[-1:] == [i])  # noqa: B023

    await until(lambda: len(live) == 1)
    assert reader.offsets == list(range(1, count + 1))
    await until(lambda: node.sockets == 1)
    peer.close()
    await node.close()


async def test_a_reader_that_wakes_up_finds_the_newest_rows_instead_of_all(dial: Dial) -> None:
    node = await start_node(MemoryBroker(), Limits(closing_s=0.2), send_buffer=4096)
    peer = await silent_subscriber(node, "place:1")
    reader = await dial(node, "place:1", user="")

    for v in range(1, 301):
        row = [f"{v % 7}", "x" * 10_000, 0, v, v]
        await node.hub.publish("place:1", {"berths": [row]})
    await until(lambda: reader.offsets[-1:] == [300])

    # 3 MB were published, three times what a reader may leave unread.
    seen = await read_until(peer, 300)
    assert len(seen) < 100
    rows = {row[0]: row[4] for one in seen for row in one["data"]["berths"]}
    assert rows == {f"{v % 7}": v for v in range(294, 301)}
    peer.close()
    await node.close()


async def read_until(peer: socket.socket, offset: int) -> list[Any]:
    """Read publications up to one, as a client that has been asleep."""
    loop, data, seen = asyncio.get_running_loop(), b"", []
    data = (await loop.sock_recv(peer, 1 << 16)).partition(b"\r\n\r\n")[2]
    async with asyncio.timeout(5):
        while not (seen and seen[-1]["offset"] == offset):
            while (size := frame_size(data)) <= len(data):
                lines, data = payloads(data[:size])[0].split(b"\n"), data[size:]
                pushes = [json.loads(line).get("push", {}) for line in lines]
                seen += [push["pub"] for push in pushes if "pub" in push]
            if not (seen and seen[-1]["offset"] == offset):
                data += await loop.sock_recv(peer, 1 << 16)
    return seen


def frame_size(data: bytes) -> int:
    """Tell how long the first frame is; more than there is if its head is not there yet."""
    if len(data) < 10:
        return 10
    if data[1] < 126:
        return 2 + data[1]
    end = 4 if data[1] == 126 else 10
    return end + int.from_bytes(data[2:end], "big")


async def test_a_peer_that_vanished_is_found_by_its_missing_pong(dial: Dial) -> None:
    node = await start_node(MemoryBroker(), Limits(ping_s=1.0, pong_s=0.75, closing_s=0.25))
    peer = await silent_subscriber(node, "news:1")
    reader = await dial(node)

    await until(lambda: node.sockets == 1)

    assert not reader.closed
    assert {} in reader.messages
    peer.close()
    await node.close()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://city.example", True),
        ("https://CITY.example/", True),
        ("https://city.example.evil", False),
        ("http://city.example", False),
        ("null", False),
    ],
)
async def test_only_configured_origins_may_come_from_a_browser(origin: str, allowed: bool) -> None:
    node = await start_node(
        MemoryBroker(), Limits(closing_s=0.2), origins=("https://city.example",)
    )
    request = HTTPRequest(node.url, headers={"Origin": origin})

    if allowed:
        (await websocket_connect(request)).close()
    else:
        with pytest.raises(HTTPClientError) as refused:
            await websocket_connect(request)
        assert refused.value.code == 403

    await node.close()


async def test_a_storm_at_the_door_is_asked_to_come_back() -> None:
    node = await start_node(MemoryBroker(), Limits(handshakes_s=2, closing_s=0.2))
    for _ in range(2):
        (await websocket_connect(node.url)).close()

    with pytest.raises(HTTPClientError) as refused:
        await websocket_connect(node.url)

    assert refused.value.code == 503
    assert refused.value.response is not None
    assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 5
    await node.close()


def wire_bytes(reader: Reader) -> int:
    protocol: Any = reader.connection.protocol
    return int(protocol._wire_bytes_in)


async def test_a_client_that_can_inflate_is_sent_less_and_reads_the_same(dial: Dial) -> None:
    node = await start_node(MemoryBroker(), Limits(deflate=True, closing_s=0.2))
    packed = Reader(await websocket_connect(node.url, compression_options={}))
    await packed.say(
        {"id": 1, "connect": {"token": token("")}},
        {"id": 2, "subscribe": {"channel": "news:1"}},
    )
    plain = await dial(node, "news:1", user="")
    await until(lambda: len(packed.messages) == 2)

    for i in range(20):
        await node.hub.publish("news:1", {"i": i, "text": "x" * 2000})

    await until(lambda: packed.offsets == plain.offsets == list(range(1, 21)))
    assert packed.messages[-1] == plain.messages[-1]
    assert wire_bytes(packed) < wire_bytes(plain) / 4
    await packed.close()
    await node.close()


async def test_no_compressor_is_kept_for_a_client_that_can_inflate() -> None:
    node = await start_node(MemoryBroker(), Limits(deflate=True, closing_s=0.2))

    connection = await websocket_connect(node.url, compression_options={})

    assert connection.headers["Sec-WebSocket-Extensions"].split("; ") == [
        "permessage-deflate",
        "client_no_context_takeover",
        "server_no_context_takeover",
    ]
    [served] = node.hub._roster.transports()
    protocol: Any = served._handler.ws_connection  # type: ignore[attr-defined]
    assert protocol._compressor._compressor is None
    assert protocol._decompressor._decompressor is None
    connection.close()
    await node.close()


async def test_what_is_no_text_ends_its_senders_connection_and_nobody_elses(
    memory_node: Node, dial: Dial
) -> None:
    reader = await dial(memory_node, "noise:1")
    sender = await websocket_connect(memory_node.url)
    commands = [
        json.dumps({"id": 1, "connect": {"token": token("bob")}}).encode(),
        b'{"id": 2, "subscribe": {"channel": "noise:1"}}',
        b'{"id": 3, "publish": {"channel": "noise:1", "data": "\xff"}}',
    ]

    for command in commands:
        await sender.write_message(command, binary=True)
    while await sender.read_message() is not None:
        pass
    await memory_node.hub.publish("noise:1", "text")

    assert sender.close_code == 3501
    await until(lambda: any("push" in one for one in reader.messages))
    pushes = [one["push"] for one in reader.messages if "push" in one]
    assert [push["pub"]["data"] for push in pushes] == ["text"]
    assert not reader.closed


async def test_a_frame_above_the_limit_ends_the_connection(memory_node: Node) -> None:
    connection = await websocket_connect(memory_node.url)

    await connection.write_message("x" * 70_000)

    assert await connection.read_message() is None
    assert connection.close_code == 1009


async def test_shutdown_tells_everybody_to_reconnect(dial: Dial) -> None:
    node = await start_node(MemoryBroker())
    readers = [await dial(node, "news:1") for _ in range(3)]
    await node.hub.publish("news:1", "last")

    await node.hub.close()

    await until(lambda: all(reader.closed for reader in readers))
    assert {reader.connection.close_code for reader in readers} == {3011}
    assert all(reader.offsets == [1] for reader in readers)
    with pytest.raises(HTTPClientError):
        await websocket_connect(node.url)
    node.server.stop()


async def test_publications_and_orders_reach_the_other_node(
    dial: Dial, make_broker: Callable[[], Broker]
) -> None:
    one, two = await start_node(make_broker()), await start_node(make_broker())
    here = await dial(one, "news:1", user="ann")
    there = await dial(two, "news:1", user="bob")

    for node in (one, two):
        await node.hub.publish("news:1", "x")
    await until(lambda: here.offsets == there.offsets == [1, 2])
    await one.hub.disconnect(user="bob")

    await until(lambda: there.closed)
    assert there.connection.close_code == 3503
    assert not here.closed
    await one.close()
    await two.close()


async def test_a_redis_restart_is_survived_and_its_loss_is_told(
    dial: Dial, own_redis: RedisServer
) -> None:
    node = await start_node(RedisBroker(own_redis.url), Limits(closing_s=0.2))
    reader = await dial(node, "news:1", user="")
    await node.hub.publish("news:1", 1)
    await until(lambda: reader.offsets == [1])

    own_redis.stop()
    own_redis.start()

    def told() -> bool:
        return any("unsubscribe" in one.get("push", {}) for one in reader.messages)

    await until(told)
    await reader.say({"id": 9, "subscribe": {"channel": "news:1"}})
    await until(lambda: reader.messages[-1].get("id") == 9)
    await node.hub.publish("news:1", 2)
    await until(lambda: reader.offsets == [1, 1])
    await node.close()
