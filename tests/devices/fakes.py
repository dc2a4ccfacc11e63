"""A store that does as it is told, and devices that speak to a real broker."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiomqtt
import msgspec

from devices.batches import ReadingId
from devices.dead_letters import DeadLetter
from devices.mqtt import MqttClient
from devices.topics import ack_topic, up_topic
from server.domain.equipment import Reading, Verdict
from server.kernel.errors import Unavailable
from tests.eventually import eventually


class FakeStore:
    """Takes readings by the order of their numbers, as the use case does.

    `open` holds commits back while it is cleared; `away` makes it unavailable; `poison` are
    readings that break it, and `unburiable` devices whose dead letters do; `strangers` are devices
    that it does not know.
    """

    def __init__(self) -> None:
        self.taken: list[Reading] = []
        self.batches: list[int] = []
        self.asked = 0
        self.refusals = 0
        self.letters: list[DeadLetter] = []
        self.open = asyncio.Event()
        self.open.set()
        self.away = False
        self.burial_away = False
        self.poison: set[ReadingId] = set()
        self.unburiable: set[str] = set()
        self.strangers: set[str] = set()
        self._seen: set[ReadingId] = set()
        self._last: dict[str, int] = {}

    async def take(
        self, readings: Sequence[Reading], *, force: frozenset[ReadingId]
    ) -> list[Verdict]:
        self.asked += 1
        await self.open.wait()
        await asyncio.sleep(0.001)
        if self.away:
            self.refusals += 1
            raise Unavailable("store_is_away", "数据库暂时不可用")
        if any(self._id(reading) in self.poison for reading in readings):
            raise ZeroDivisionError
        self.batches.append(len(readings))
        return [self._judge(reading, self._id(reading) in force) for reading in readings]

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        if self.burial_away:
            self.refusals += 1
            raise Unavailable("store_is_away", "数据库暂时不可用")
        if any(letter.device_id in self.unburiable for letter in letters):
            raise ZeroDivisionError
        self.letters += letters

    def numbers(self, device_id: str) -> list[int]:
        """List what was applied of one device, in the order in which it was."""
        return [reading.seq for reading in self.taken if reading.device_id == device_id]

    def _judge(self, reading: Reading, forced: bool) -> Verdict:
        if reading.device_id in self.strangers:
            return Verdict.UNKNOWN_DEVICE
        if self._id(reading) in self._seen:
            return Verdict.DUPLICATE
        if not forced and reading.seq > self._last.get(reading.device_id, 0) + 1:
            return Verdict.AHEAD
        self._seen.add(self._id(reading))
        late = reading.seq < self._last.get(reading.device_id, 0)
        self._last[reading.device_id] = max(reading.seq, self._last.get(reading.device_id, 0))
        self.taken.append(reading)
        return Verdict.LATE if late else Verdict.APPLIED

    @staticmethod
    def _id(reading: Reading) -> ReadingId:
        return reading.device_id, reading.boot, reading.seq


def cut(client: MqttClient) -> None:
    """Cut a client's connection as a network does: without a word."""
    assert client._paho is not None
    client._paho.socket().shutdown(socket.SHUT_RDWR)


def said(seq: int, **changes: object) -> bytes:
    """Write a canonical reading."""
    kind = "arrived" if seq % 2 else "left"
    return msgspec.json.encode({"boot": 1, "seq": seq, "at": 1795396376000, "kind": kind} | changes)


class Devices:
    """Devices on a real broker: they publish, and note what is acknowledged to them."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.acks: list[tuple[str, int, int]] = []
        self._client = client

    async def say(self, device_id: str, seq: int, **changes: object) -> None:
        await self.send(device_id, "reading", said(seq, **changes))

    async def send(self, device_id: str, kind: str, payload: bytes) -> None:
        await self.publish(up_topic(device_id, kind), payload)

    async def publish(self, topic: str, payload: bytes) -> None:
        await self._client.publish(topic, payload, qos=1)

    async def say_all(self, device_id: str, numbers: Sequence[int]) -> None:
        """Publish without waiting for one after the other, in this order."""
        for seq in numbers:
            self._client._client.publish(up_topic(device_id, "reading"), said(seq), qos=1)
        await self._client.publish("devices/marker", b"", qos=1)

    async def listen(self) -> None:
        async for message in self._client.messages:
            device_id = message.topic.value.split("/")[1]
            for boot, seq in msgspec.json.decode(message.payload)["acks"]:
                self.acks.append((device_id, boot, seq))

    async def hear_what_was_sent(self) -> None:
        """Wait until everything that the broker had for us by now is here."""
        before = len(self.acked("marker"))
        await self.publish(ack_topic("marker"), msgspec.json.encode({"acks": [[1, before]]}))
        await eventually(lambda: len(self.acked("marker")) > before)

    def acked(self, device_id: str) -> list[int]:
        """List the numbers acknowledged to one device, each once."""
        return sorted({seq for device, _, seq in self.acks if device == device_id})


@asynccontextmanager
async def devices_at(url: str) -> AsyncIterator[Devices]:
    """Connect devices to a broker."""
    address = urlsplit(url)
    client = aiomqtt.Client(
        address.hostname or "", address.port or 0, identifier="devices", max_inflight_messages=0
    )
    async with client:
        devices = Devices(client)
        await client.subscribe(ack_topic("any").replace("any", "+"), qos=1)
        listening = asyncio.create_task(devices.listen())
        yield devices
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
