"""A socket that is none, and a broker whose answers and messages a test can hold back."""

import asyncio
import json
import math
import struct
from typing import Any

from realtime.broker import Page
from realtime.broker_memory import MemoryBroker
from realtime.hub import Hub
from realtime.session import Session
from tests.realtime.node import token


def payloads(data: bytes) -> list[bytes]:
    """Give the texts of websocket frames."""
    found = []
    while data:
        assert data[0] == 0x81
        size, start = data[1], 2
        if size == 126:
            size, start = struct.unpack("!H", data[2:4])[0], 4
        elif size == 127:
            size, start = struct.unpack("!Q", data[2:10])[0], 10
        found.append(data[start : start + size])
        data = data[start + size :]
    return found


class FakeTransport:
    """Writes down what a session sends, as the objects that a client would read."""

    def __init__(self, hub: Hub) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.room = asyncio.Event()
        self.room.set()
        self.hub = hub
        self.behind = False
        self.deflates = False
        self.held = 0
        self.session: Session = hub.admit(self)

    def push(self, frame: bytes) -> None:
        self.frames.append(frame)

    answer = push

    def send(self, frame: bytes) -> int:
        self.push(frame)
        return len(frame)

    def take_rest(self, frame: bytes, sent: int) -> None:
        raise AssertionError("all was taken")

    def hold(self, size: int) -> bool:
        self.held = size
        return True

    def overflowing(self) -> bool:
        return not self.room.is_set()

    async def drained(self) -> None:
        await self.room.wait()

    def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)
        self.hub.gone(self)

    def abort(self) -> None:
        self.hub.gone(self)

    def visit(self, now: float) -> float:
        return math.inf

    @property
    def messages(self) -> list[Any]:
        texts = [text for frame in self.frames for text in payloads(frame)]
        return [json.loads(line) for text in texts for line in text.split(b"\n")]

    def pushes(self, kind: str = "pub") -> list[Any]:
        return [one["push"][kind] for one in self.messages if kind in one.get("push", {})]

    async def say(self, *commands: dict[str, Any]) -> Any:
        """Send commands in one frame and give the last answer."""
        waiting = self.session.receive("\n".join(json.dumps(one) for one in commands))
        if waiting is not None:
            await waiting
        answers = [one for one in self.messages if "id" in one]
        return answers[-1] if answers else None

    async def sign_in(self, user: str = "ann", **claims: Any) -> Any:
        return await self.say({"id": 1, "connect": {"token": token(user, **claims)}})


class HeldBroker(MemoryBroker):
    """A memory broker that answers history when told to, and can lose messages on their way."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.open.set()
        self.reads = 0
        self.losing = False

    async def history(
        self, channel: str, *, since: int | None = None, limit: int = -1, reverse: bool = False
    ) -> Page:
        self.reads += 1
        page = await super().history(channel, since=since, limit=limit, reverse=reverse)
        await self.open.wait()
        return page

    def _listeners(self, channel: str) -> list[Any]:
        return [] if self.losing else super()._listeners(channel)
