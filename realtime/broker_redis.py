"""A broker over Redis (one, behind Sentinels, or a Cluster): streams in Lua, pub/sub between nodes."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from secrets import token_hex

from realtime.broker import Kept, Listener, Outgoing, Page, Position
from realtime.redis_commands import Ask, RedisCommands
from realtime.redis_listener import RedisListener
from realtime.redis_names import RedisNames
from realtime.redis_place import read_place
from realtime.redis_publishing import RedisPublishing
from realtime.redis_scripts import DROP, EPOCH_TTL_MS, FORGET, KEEP, PRESENT, READ
from realtime.redis_topology import topology_of

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
        self._names = RedisNames(prefix)
        self._ears = RedisListener(place, self._topology, self._names, timeout_s)
        self._publishing = RedisPublishing(
            self._commands, self._names, sharded=lambda: self._topology.sharded
        )

    async def start(self, listener: Listener) -> None:
        await self._ears.start(listener)

    async def close(self) -> None:
        await self._ears.close()
        await self._publishing.close()
        await self._commands.close()

    def publish(self, outgoing: Sequence[Outgoing]) -> asyncio.Future[list[Position]]:
        return self._publishing.publish(outgoing)

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
        await self._commands.run([Ask(FORGET, self._names.stream(channel), ())])

    async def subscribe(self, channel: str) -> None:
        await self._ears.subscribe(channel)

    async def unsubscribe(self, channel: str) -> None:
        await self._ears.unsubscribe(channel)

    async def send_announcement(self, channel: str, body: bytes) -> None:
        await self._commands.run(
            [self._publishing.message(self._names.channel(channel), b"a\n" + body)]
        )

    async def send_control(self, message: bytes) -> None:
        await self._commands.run([self._publishing.message(self._names.control, message)])

    async def keep_presence(self, channel: str, clients: Mapping[str, bytes], ttl_s: int) -> None:
        pairs = [part for pair in clients.items() for part in pair]
        keys = self._names.presence(channel)
        await self._commands.run([Ask(KEEP, keys, (ttl_s, time.time() + ttl_s, *pairs))])

    async def drop_presence(self, channel: str, client: str) -> None:
        await self._commands.run([Ask(DROP, self._names.presence(channel), (client,))])

    async def presence(self, channel: str) -> dict[str, bytes]:
        ask = Ask(PRESENT, self._names.presence(channel), (time.time(),))
        [flat] = await self._commands.run([ask])
        return {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}

    def _read(
        self, channel: str, *, since: int | None = None, limit: int, reverse: bool = False
    ) -> Ask:
        after = "" if since is None else min(since, LARGEST_OFFSET)
        order = "1" if reverse else "0"
        arguments = (token_hex(4), EPOCH_TTL_MS, after, limit, order)
        return Ask(READ, self._names.stream(channel), arguments)
