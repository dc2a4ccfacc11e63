"""Cuts 5,000 sockets of a running city at once: all come back and recover what they missed.

usage: python -m bench.storm [--sockets 5000]

The city runs as `smartcloud up` does, on one core; the sockets are here, on the other. First they are
cut while places change, and recover from history. Then Redis is emptied while they are cut: nobody can
recover, each loads its channel's snapshot over HTTP, and the queries that MongoDB saw are counted.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from tornado.httpclient import AsyncHTTPClient

from bench.loads import CLIENT_CORE, SERVER_CORE, pin
from devices.simulator.city import demo_city
from realtime.broker import Outgoing
from realtime.broker_redis import RedisBroker
from realtime.channels import KEPT, KEPT_S
from server.store.mongo import connect as connect_mongo
from tests.city import City, running_city

CHANNELS = 20
MISSED = 5
# As the SDKs do: the first try comes at a random moment of this time.
SPREAD_S = 2.0
HANDSHAKE = (
    "GET /connection/websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Socket(asyncio.Protocol):
    """One client: connects, subscribes from where it was, and notes what it is told."""

    def __init__(self, place: "Place") -> None:
        self.place = place
        self.transport: Any = None
        self.subscribed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(self.place.greeting)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if self.subscribed.done():
            return
        if self._got.startswith(b"HTTP/1.1 503"):
            self.subscribed.set_exception(ConnectionRefusedError("the door is shut"))
            return
        # The answer is the last line of a frame, and nothing of it looks like this elsewhere.
        start = self._got.find(b'{"id":2,')
        if start < 0:
            return
        with suppress(ValueError):
            answer, _ = json.JSONDecoder().raw_decode(self._got[start:].decode(errors="ignore"))
            self.subscribed.set_result(answer["subscribe"])
            self._got = b""

    def connection_lost(self, failure: Exception | None) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(ConnectionResetError("cut"))


class Place:
    """Where a client is: its channel, and its position there."""

    def __init__(self, city: City, channel: str, token: str) -> None:
        self.channel = channel
        self.position: dict[str, Any] = {}
        self.socket: Socket | None = None
        self.tries = 0
        self._city = city
        self._token = token

    @property
    def greeting(self) -> bytes:
        """Handshake, connect and subscribe, in one write."""
        recovery = {"recover": True, **self.position} if self.position else {}
        commands = [
            {"id": 1, "connect": {"token": self._token}},
            {"id": 2, "subscribe": {"channel": self.channel, **recovery}},
        ]
        text = "\n".join(json.dumps(one) for one in commands).encode()
        frame = b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text
        return HANDSHAKE.format(host=f"127.0.0.1:{self._city.http_port}").encode() + frame

    async def come(self) -> dict[str, Any]:
        """Connect, again and again with growing random pauses; gives the subscribe's answer."""
        loop, pause_s = asyncio.get_running_loop(), SPREAD_S
        while True:
            await asyncio.sleep(random.uniform(0, pause_s))
            self.tries += 1
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(20):
                    _, self.socket = await loop.create_connection(
                        lambda: Socket(self), "127.0.0.1", self._city.http_port
                    )
                    answer: dict[str, Any] = await self.socket.subscribed
                self.position = {"epoch": answer["epoch"], "offset": answer.get("offset", 0)}
                return answer
            pause_s = min(20.0, pause_s * 2)


async def cut(places: list[Place]) -> None:
    """Cut all at once."""
    for place in places:
        assert place.socket is not None
        place.socket.transport.abort()
    await asyncio.sleep(0)


async def change(city: City, places: list[Place]) -> None:
    """Publish something to each channel."""
    broker = RedisBroker(f"redis://127.0.0.1:{city.ports['redis']}/0")
    channels = sorted({place.channel for place in places})
    body = b'"data":{"berths":[]}'
    await broker.publish([Outgoing(channel, body, KEPT, KEPT_S) for channel in channels])
    await broker.close()


async def come_back(places: list[Place]) -> tuple[list[dict[str, Any]], float]:
    """Let all come back; gives their answers and how long the last one took, in seconds."""
    begun = time.monotonic()
    answers = await asyncio.gather(*(place.come() for place in places))
    return answers, time.monotonic() - begun


async def recover(city: City, places: list[Place]) -> None:
    """Cut all while places change; each recovers exactly what it missed."""
    await cut(places)
    for _ in range(MISSED):
        await change(city, places)
    for place in places:
        place.tries = 0
    answers, took_s = await come_back(places)
    whole = sum(bool(one.get("recovered")) and len(one.get("publications", [])) == MISSED for one in answers)  # fmt: skip
    refused = sum(place.tries - 1 for place in places)
    print(
        f"{len(places):,} sockets cut at once: {whole:,} recovered exactly the {MISSED} publications"
        f" that each missed, all within {took_s:.1f} s ({len(places) / took_s:,.0f}/s,"
        f" {refused:,} tries more)"
    )


async def resync(city: City, places: list[Place]) -> None:
    """Cut all and empty Redis: each loads a snapshot, and MongoDB sees few queries."""
    mongo: Any = connect_mongo(city.mongo_url)
    database = mongo["smartcloud"]
    wanted = {"ns": "smartcloud.occupancies", "op": "query"}
    await database.command({"profile": 1, "filter": wanted})
    await cut(places)
    async with Redis.from_url(f"redis://127.0.0.1:{city.ports['redis']}/0") as redis:
        await redis.flushall()
    await change(city, places)
    AsyncHTTPClient.configure("tornado.simple_httpclient.SimpleAsyncHTTPClient", max_clients=200)
    http = AsyncHTTPClient(force_instance=True)

    async def return_and_load(place: Place) -> bool:
        answer = await place.come()
        url = f"{city.url}/api/motorist/snapshots/{place.channel.replace(':', '%3A')}"
        await http.fetch(url, request_timeout=60)
        return bool(answer.get("recovered"))

    begun = time.monotonic()
    recovered = sum(await asyncio.gather(*(return_and_load(place) for place in places)))
    took_s = time.monotonic() - begun
    await database.command({"profile": 0})
    seen = [
        (str(one["command"]["filter"]["berth.place_id"]), int(one["ts"].timestamp()))
        for one in await database["system.profile"].find({}).to_list(None)
        if "berth.place_id" in one["command"]["filter"]
    ]
    by_second = Counter(seen)
    await mongo.close()
    http.close()
    print(
        f"the same with Redis emptied: {recovered} recovered, {len(places):,} loaded a snapshot within"
        f" {took_s:.1f} s; MongoDB saw {len(seen)} snapshot queries for {CHANNELS} channels,"
        f" at most {max(by_second.values(), default=0)} a channel in one second"
    )


async def main() -> None:
    """Start a city, open the sockets, and cut them twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=5000)
    options = parser.parse_args()
    pin(SERVER_CORE)
    with tempfile.TemporaryDirectory() as folder:
        async with running_city(Path(folder) / "city") as city:
            pin(CLIENT_CORE)
            token = (await city.post("/api/motorist/realtime-tokens", {}))["token"]
            names = [f"{one.id.split('-')[0]}:{one.id}" for one in demo_city().places[:CHANNELS]]
            places = [Place(city, names[i % CHANNELS], token) for i in range(options.sockets)]
            _, took_s = await come_back(places)
            print(f"{len(places):,} sockets opened in {took_s:.1f} s")
            await recover(city, places)
            await resync(city, places)
            await cut(places)


if __name__ == "__main__":
    asyncio.run(main())
