"""One connection to Redis: commands leave at once, and answers come back in their order.

redis-py takes 0.29 ms of processor time a call (its pool, its timeouts and its tasks); a publish of
ours takes 0.24 in all. Here a request is one write and one future, all timeouts of a connection
share one timer, and hiredis reads.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import hiredis

from realtime.broker import BrokerUnavailable
from realtime.redis_place import Address, Login, RedisPlace

Argument = bytes | str | int | float
Command = tuple[Argument, ...]
ReplyError = hiredis.ReplyError

_NOTHING: Any = object()


def _deaf(message: Any) -> None:
    """Hear nothing."""


class RedisLink(asyncio.Protocol):
    """A connection, good for requests until it is lost, or for pub/sub once nothing is asked."""

    def __init__(self, timeout_s: float, hear: Callable[[Any], None] = _deaf) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        # What names this server's copy of the data: another one after a restart or a failover.
        self.server = b""
        self.version = 0
        self._loop = loop
        self._timeout_s = timeout_s
        self._hear = hear
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._asked: deque[tuple[asyncio.Future[list[Any]], int, list[Any], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0

    @property
    def alive(self) -> bool:
        """Whether requests can be made."""
        return not self.lost.done()

    def ask(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """Send commands; the future gives an answer to each, a ReplyError for one that was refused.

        It raises BrokerUnavailable when the connection is lost meanwhile.
        """
        asked: asyncio.Future[list[Any]] = self._loop.create_future()
        if not self.alive:
            asked.set_exception(BrokerUnavailable("the connection is lost"))
            return asked
        # Packed before it is noted: what cannot be sent is not waited for.
        packed = _packed(commands)
        self._asked.append((asked, len(commands), [], self._loop.time()))
        self._transport.write(packed)
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout_s, self._watch_answers)
        return asked

    def write(self, commands: Sequence[Command]) -> None:
        """Send commands whose answers, if any, are heard as messages."""
        self._transport.write(_packed(commands))

    def drop(self) -> None:
        """End the connection; what was asked fails."""
        self._transport.abort()
        self._lose("the connection was dropped")

    def stay_awake(self, quiet_s: float) -> None:
        """From now on, ask whether the server is there after each `quiet_s` of silence.

        After as long again without an answer the connection is given up.
        """
        self._heard_at = self._loop.time()
        self._timer = self._loop.call_later(quiet_s, self._watch_silence, quiet_s)

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        plug = transport.get_extra_info("socket")
        if plug is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        reader, asked = self._reader, self._asked
        self._heard_at = self._loop.time()
        reader.feed(data)
        try:
            while (reply := reader.gets()) is not _NOTHING:
                if not asked:
                    self._hear(reply)
                    continue
                future, wanted, replies, _ = asked[0]
                replies.append(reply)
                if len(replies) == wanted:
                    asked.popleft()
                    if not future.done():
                        future.set_result(replies)
        except hiredis.ProtocolError:
            self.drop()

    def connection_lost(self, failure: Exception | None) -> None:
        self._lose(str(failure or "the server closed the connection"))

    def _lose(self, why: str) -> None:
        if self.lost.done():
            return
        self.lost.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        while self._asked:
            future, *_ = self._asked.popleft()
            if not future.done():
                future.set_exception(BrokerUnavailable(why))
                # Whoever asked may be gone.
                future.exception()

    def _watch_answers(self) -> None:
        self._timer = None
        if not self._asked:
            return
        due = self._asked[0][3] + self._timeout_s
        if due <= self._loop.time():
            self.drop()
        else:
            self._timer = self._loop.call_at(due, self._watch_answers)

    def _watch_silence(self, quiet_s: float, asked_at: float = 0.0) -> None:
        """Ask after each silence; a question that nothing has been heard since is a dead link."""
        if self._heard_at < asked_at:
            self.drop()
            return
        now, due = self._loop.time(), self._heard_at + quiet_s
        if due > now:
            self._timer = self._loop.call_at(due, self._watch_silence, quiet_s)
        else:
            self.write([("PING",)])
            self._timer = self._loop.call_later(quiet_s, self._watch_silence, quiet_s, now)


def _packed(commands: Sequence[Command]) -> bytes:
    packed = [hiredis.pack_command(command) for command in commands]  # type: ignore[arg-type]
    return packed[0] if len(packed) == 1 else b"".join(packed)


async def connect(
    place: RedisPlace, address: Address, login: Login, timeout_s: float, **options: Any
) -> RedisLink:
    """Connect and sign in; raises BrokerUnavailable."""
    loop = asyncio.get_running_loop()
    link: RedisLink | None = None
    try:
        async with asyncio.timeout(timeout_s):
            _, link = await loop.create_connection(
                lambda: RedisLink(timeout_s, **options), *address, ssl=place.context
            )
            for answer in await link.ask([*login.command(), ("PING",)]):
                if isinstance(answer, ReplyError):
                    raise BrokerUnavailable(str(answer))
    except (OSError, TimeoutError) as failure:
        if link is not None:
            link.drop()
        raise BrokerUnavailable(f"{address[0]}:{address[1]}: {failure!r}") from failure
    except BaseException:
        if link is not None:
            link.drop()
        raise
    return link


async def connect_to_master(
    place: RedisPlace, address: Address, timeout_s: float, **options: Any
) -> RedisLink:
    """Connect to a server that may be written to, and learn which it is; raises BrokerUnavailable."""
    link = await connect(place, address, place.login, timeout_s, **options)
    try:
        select: list[Command] = [("SELECT", place.db)] if place.db else []
        answers = await link.ask([*select, ("INFO", "server"), ("INFO", "replication")])
        for answer in answers:
            if isinstance(answer, ReplyError):
                raise BrokerUnavailable(str(answer))
        told = dict(line.split(b":", 1) for text in answers[-2:] for line in text.split() if b":" in line)  # fmt: skip
        if told[b"role"] != b"master":
            raise BrokerUnavailable(f"{address[0]}:{address[1]} is no master")
        link.server = told[b"master_replid"][:16]
        link.version = int(told[b"redis_version"].partition(b".")[0])
    except BaseException:
        link.drop()
        raise
    return link
