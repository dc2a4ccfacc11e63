"""A broker over Redis (one, behind Sentinels, or a Cluster): streams in Lua, pub/sub between nodes.

Publications that are asked for while a round trip is under way leave together in the next one, and
those of one channel as one append and one message.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from secrets import token_hex

from realtime.broker import (
    NOWHERE,
    BrokerUnavailable,
    Kept,
    Listener,
    Outgoing,
    Page,
    Position,
)
from realtime.redis_commands import Ask, Plain, RedisCommands
from realtime.redis_link import Argument
from realtime.redis_listener import RedisListener, in_braces
from realtime.redis_place import read_place
from realtime.redis_scripts import APPEND, CLAIM, DROP, FORGET, KEEP, PRESENT, READ
from realtime.redis_topology import topology_of

# An epoch outlives its history: a client that comes back after a night has missed everything, but
# one that missed nothing keeps its place.
EPOCH_TTL_MS = 7 * 24 * 3600 * 1000
# Lua counts in doubles: beyond this an offset is no whole number.
LARGEST_OFFSET = 2**53


class RedisBroker:
    """The `Broker` of one node over the Redis of a URL; its keys and channels begin with `prefix`.

    `realtime.redis_place` tells the forms of the URL; raises its BadRedisUrl for any other.
    """

    def __init__(self, url: str, *, prefix: str = "realtime", timeout_s: float = 5.0) -> None:
        place = read_place(url)
        self._topology = topology_of(place)
        self._commands = RedisCommands(place, self._topology, timeout_s)
        self._ears = RedisListener(place, self._topology, prefix, timeout_s)
        self._prefix = prefix
        self._waiting: list[tuple[Sequence[Outgoing], asyncio.Future[list[Position]]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def start(self, listener: Listener) -> None:
        await self._ears.start(listener)

    async def close(self) -> None:
        await self._ears.close()
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending
        await self._commands.close()

    def publish(self, outgoing: Sequence[Outgoing]) -> asyncio.Future[list[Position]]:
        done: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        self._waiting.append((outgoing, done))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())
        return done

    async def history(
        self, channel: str, *, since: int | None = None, limit: int = -1, reverse: bool = False
    ) -> Page:
        ask = self._read(channel, since=since, limit=limit, reverse=reverse)
        [(epoch, offset, entries)] = await self._commands.run([ask])
        kept = [Kept(int(entry.partition(b"-")[0]), fields[1]) for entry, fields in entries]
        return Page(Position(epoch.decode(), int(offset)), kept)

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        answers = await self._commands.run([self._read(channel, limit=0) for channel in channels])
        return [Position(epoch.decode(), int(offset)) for epoch, offset, _ in answers]

    async def remove_history(self, channel: str) -> None:
        await self._commands.run([Ask(FORGET, self._keys(channel), ())])

    async def subscribe(self, channel: str) -> None:
        await self._ears.subscribe(channel)

    async def unsubscribe(self, channel: str) -> None:
        await self._ears.unsubscribe(channel)

    async def send_announcement(self, channel: str, body: bytes) -> None:
        await self._commands.run([self._message(self._ears.name(channel), b"a\n" + body)])

    async def send_control(self, message: bytes) -> None:
        await self._commands.run([self._message(self._ears.control, message)])

    async def keep_presence(self, channel: str, clients: Mapping[str, bytes], ttl_s: int) -> None:
        pairs = [part for pair in clients.items() for part in pair]
        keys = self._presence_keys(channel)
        await self._commands.run([Ask(KEEP, keys, (ttl_s, time.time() + ttl_s, *pairs))])

    async def drop_presence(self, channel: str, client: str) -> None:
        await self._commands.run([Ask(DROP, self._presence_keys(channel), (client,))])

    async def presence(self, channel: str) -> dict[str, bytes]:
        ask = Ask(PRESENT, self._presence_keys(channel), (time.time(),))
        [flat] = await self._commands.run([ask])
        return {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}

    async def claim(self, name: str, value: bytes, ttl_s: int) -> bytes:
        [claimed] = await self._commands.run([Ask(CLAIM, (self._note(name),), (value, ttl_s))])
        return bytes(claimed)

    async def settle(self, name: str, value: bytes, ttl_s: int) -> None:
        key = self._note(name)
        await self._commands.run([Plain(key, ("SET", key, value, "EX", ttl_s))])

    async def _send_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                found = iter(await self._send([one for many, _ in batch for one in many]))
            except BaseException as failure:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(BrokerUnavailable(repr(failure)))
                raise
            for many, done in batch:
                _settle(done, [next(found) for _ in many])
        self._sending = None

    async def _send(self, outgoing: Sequence[Outgoing]) -> list[Position | BrokerUnavailable]:
        by_channel: dict[str, list[int]] = {}
        for i, one in enumerate(outgoing):
            by_channel.setdefault(one.channel, []).append(i)
        groups = list(by_channel.values())
        asks = [self._group([outgoing[i] for i in group]) for group in groups]
        found: list[Position | BrokerUnavailable] = [NOWHERE] * len(outgoing)
        for group, answer in zip(groups, await self._commands.try_each(asks), strict=True):
            for back, i in enumerate(reversed(group)):
                if isinstance(answer, BrokerUnavailable):
                    found[i] = answer
                elif outgoing[i].history_size:
                    found[i] = Position(answer[0].decode(), answer[1] - back)
        return found

    def _group(self, group: Sequence[Outgoing]) -> Ask | Plain:
        """Give what publishes several to one channel."""
        one, sent_at = group[0], f"{time.time():.6f}"
        name = self._ears.name(one.channel)
        if not one.history_size:
            lengths = ",".join(str(len(each.body)) for each in group)
            head = f"p::0:{sent_at}:{lengths}\n".encode()
            return self._message(name, head + b"".join(each.body for each in group))
        arguments: list[Argument] = [token_hex(4), EPOCH_TTL_MS]
        arguments += [one.history_size, one.history_ttl_s * 1000, self._publish, name, sent_at]
        return Ask(APPEND, self._keys(one.channel), (*arguments, *(each.body for each in group)))

    def _read(
        self, channel: str, *, since: int | None = None, limit: int, reverse: bool = False
    ) -> Ask:
        after = "" if since is None else min(since, LARGEST_OFFSET)
        order = "1" if reverse else "0"
        arguments = (token_hex(4), EPOCH_TTL_MS, after, limit, order)
        return Ask(READ, self._keys(channel), arguments)

    def _message(self, name: str, message: bytes) -> Plain:
        return Plain(name, (self._publish, name, message))

    @property
    def _publish(self) -> str:
        return "SPUBLISH" if self._topology.sharded else "PUBLISH"

    def _keys(self, channel: str) -> tuple[str, str]:
        place = in_braces(channel)
        return f"{self._prefix}.stream.{place}", f"{self._prefix}.epoch.{place}"

    def _note(self, name: str) -> str:
        return f"{self._prefix}.note.{in_braces(name)}"

    def _presence_keys(self, channel: str) -> tuple[str, str]:
        place = in_braces(channel)
        return f"{self._prefix}.present.{place}", f"{self._prefix}.until.{place}"


def _settle(
    done: asyncio.Future[list[Position]], found: Sequence[Position | BrokerUnavailable]
) -> None:
    if done.done():
        return
    for one in found:
        if isinstance(one, BrokerUnavailable):
            done.set_exception(one)
            return
    done.set_result([one for one in found if isinstance(one, Position)])
