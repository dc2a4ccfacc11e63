"""A TCP proxy that does to connections what bad networks do: cut, stall, half-open, crumble."""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Self

KINDS = ("cut", "reset", "stall", "half-open", "crumble")
# A reset instead of a proper end, for whoever closes with it.
RESET = struct.pack("ii", 1, 0)


class Link:
    """One connection through the proxy, both ways."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.sides = (client, server)
        self.moving = asyncio.Event()
        self.moving.set()
        self.crumbles = False
        self.swallows = False

    def cut(self, *, reset: bool) -> None:
        """End it towards both sides."""
        for side in self.sides:
            if reset:
                wire: socket.socket = side.get_extra_info("socket")
                with suppress(OSError):
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                side.transport.abort()
            else:
                side.close()

    def half_open(self) -> None:
        """Take what comes and pass nothing on, ever, as a phone does that has left its cell."""
        self.swallows = True


class Proxy:
    """Listens on a free port; each connection goes to the port that `choose` gives."""

    def __init__(self, choose: Callable[[], int], *, seed: int) -> None:
        self._choose = choose
        self._chance = random.Random(seed)
        self._links: dict[Link, None] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.done: Counter[str] = Counter()
        self.port = 0
        self._shut = False

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            link.cut(reset=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def strike(self, what: str) -> None:
        """Do one of KINDS to one connection."""
        links = [link for link in self._links if not link.swallows]
        if not links:
            return
        link = self._chance.choice(links)
        self.done[what] += 1
        if what == "stall":
            self._stall(link, self._chance.uniform(0.5, 8.0))
        elif what == "half-open":
            link.half_open()
        elif what == "crumble":
            link.crumbles = True
        else:
            link.cut(reset=what == "reset")

    def cut_all(self) -> None:
        """Cut every connection at one moment."""
        self.done["cut all"] += 1
        for link in list(self._links):
            link.cut(reset=self._chance.random() < 0.5)

    async def shut_out(self, seconds: float) -> None:
        """Cut every connection, and let nobody in for a while."""
        self.done["shut out"] += 1
        self._shut = True
        try:
            for link in list(self._links):
                link.cut(reset=False)
            await asyncio.sleep(seconds)
        finally:
            self._shut = False

    def _stall(self, link: Link, seconds: float) -> None:
        link.moving.clear()
        asyncio.get_running_loop().call_later(seconds, link.moving.set)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._shut:
            writer.transport.abort()
            return
        self.done["connections"] += 1
        try:
            port = self._choose()
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, upstream)
        self._links[link] = None
        ways = [
            asyncio.create_task(self._pass(link, reader, upstream)),
            asyncio.create_task(self._pass(link, upstream_reader, writer)),
        ]
        self._tasks.update(ways)
        try:
            await asyncio.wait(ways)
        finally:
            self._links.pop(link, None)
            self._tasks.difference_update(ways)
            for way in ways:
                way.cancel()
            for side in link.sides:
                side.transport.abort()

    async def _pass(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65_536):
                await link.moving.wait()
                if link.swallows:
                    continue
                if not link.crumbles:
                    writer.write(data)
                    await writer.drain()
                    continue
                while data:
                    size = self._chance.randint(1, 64)
                    writer.write(data[:size])
                    await writer.drain()
                    data = data[size:]
                    await asyncio.sleep(0)
            if not link.swallows:
                writer.close()
