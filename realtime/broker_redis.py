"""A broker over Redis: streams in Lua, pub/sub between nodes, reconnect with backoff and resubscribe.

Publications that are asked for while a round trip is under way leave together in the next one, and
those of one channel as one append and one message.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from realtime.broker import (
    NOWHERE,
    BrokerUnavailable,
    Kept,
    Listener,
    Outgoing,
    Page,
    Position,
)
from realtime.redis_listener import RedisListener
from realtime.redis_scripts import APPEND, PRESENT, READ

log = logging.getLogger(__name__)

# An epoch outlives its history: a client that comes back after a night has missed everything, but
# one that missed nothing keeps its place.
EPOCH_TTL_MS = 7 * 24 * 3600 * 1000
# A storm of returning clients waits its turn instead of opening a connection each.
MOST_CONNECTIONS = 16
# Lua counts in doubles: beyond this an offset is no whole number.
LARGEST_OFFSET = 2**53


class RedisBroker:
    """The `Broker` of one node over one Redis, whose keys and channels begin with `prefix`."""

    def __init__(self, url: str, *, prefix: str = "realtime", timeout_s: float = 5.0) -> None:
        # No retries: a publication sent again after an answer was lost would be kept twice.
        pool: Any = BlockingConnectionPool.from_url(
            url,
            max_connections=MOST_CONNECTIONS,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            socket_keepalive=True,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._prefix = prefix
        self._ears = RedisListener(self._redis, prefix)
        self._waiting: list[tuple[Sequence[Outgoing], asyncio.Future[list[Position]]]] = []
        self._sending: asyncio.Task[None] | None = None
        self._scripts: dict[str, str] = {}

    async def start(self, listener: Listener) -> None:
        await self._ask(self._redis.ping())
        await self._ears.start(listener)

    async def close(self) -> None:
        await self._ears.close()
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending
        await self._redis.aclose()

    def publish(self, outgoing: Sequence[Outgoing]) -> asyncio.Future[list[Position]]:
        done: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        self._waiting.append((outgoing, done))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())
        return done

    async def history(
        self, channel: str, *, since: int | None = None, limit: int = -1, reverse: bool = False
    ) -> Page:
        ask = self._read_arguments(channel, since=since, limit=limit, reverse=reverse)
        epoch, offset, entries = (await self._run(READ, [ask]))[0]
        kept = [Kept(int(entry.partition(b"-")[0]), fields[1]) for entry, fields in entries]
        return Page(Position(epoch.decode(), int(offset)), kept)

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        asks = [self._read_arguments(channel, limit=0) for channel in channels]
        answers = await self._run(READ, asks)
        return [Position(epoch.decode(), int(offset)) for epoch, offset, _ in answers]

    async def remove_history(self, channel: str) -> None:
        await self._ask(self._redis.delete(*self._keys(channel)))

    async def subscribe(self, channel: str) -> None:
        await self._ears.subscribe(channel)

    async def unsubscribe(self, channel: str) -> None:
        await self._ears.unsubscribe(channel)

    async def send_announcement(self, channel: str, body: bytes) -> None:
        await self._ask(self._redis.publish(self._ears.name(channel), b"a\n" + body))

    async def send_control(self, message: bytes) -> None:
        await self._ask(self._redis.publish(self._ears.control, message))

    async def keep_presence(self, channel: str, clients: Mapping[str, bytes], ttl_s: int) -> None:
        infos, gone_at = self._presence_keys(channel)
        until = time.time() + ttl_s
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(infos, items=[part for pair in clients.items() for part in pair])
        pipe.zadd(gone_at, dict.fromkeys(clients, until))
        pipe.expire(infos, ttl_s)
        pipe.expire(gone_at, ttl_s)
        await self._ask(pipe.execute())

    async def drop_presence(self, channel: str, client: str) -> None:
        infos, gone_at = self._presence_keys(channel)
        pipe = self._redis.pipeline(transaction=True)
        pipe.hdel(infos, client)
        pipe.zrem(gone_at, client)
        await self._ask(pipe.execute())

    async def presence(self, channel: str) -> dict[str, bytes]:
        ask = [2, *self._presence_keys(channel), time.time()]
        flat = (await self._run(PRESENT, [ask]))[0]
        return {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}

    async def claim(self, name: str, value: bytes, ttl_s: int) -> bytes:
        key = f"{self._prefix}.note.{{{name}}}"
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(key, value, nx=True, ex=ttl_s)
        pipe.get(key)
        return bytes((await self._ask(pipe.execute()))[1])

    async def settle(self, name: str, value: bytes, ttl_s: int) -> None:
        await self._ask(self._redis.set(f"{self._prefix}.note.{{{name}}}", value, ex=ttl_s))

    async def _send_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                positions = iter(await self._append([one for many, _ in batch for one in many]))
            except BaseException as failure:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(_as_unavailable(failure))
                if not isinstance(failure, Exception):
                    raise
                continue
            for many, done in batch:
                answer = [next(positions) for _ in many]
                if not done.done():
                    done.set_result(answer)
        self._sending = None

    async def _append(self, outgoing: Sequence[Outgoing]) -> list[Position]:
        by_channel: dict[str, list[int]] = {}
        for i, one in enumerate(outgoing):
            by_channel.setdefault(one.channel, []).append(i)
        kept = [many for many in by_channel.values() if outgoing[many[0]].history_size]
        passing = [many for many in by_channel.values() if not outgoing[many[0]].history_size]
        positions = [NOWHERE] * len(outgoing)
        asks = [self._append_arguments([outgoing[i] for i in many]) for many in kept]
        for many, (epoch, last) in zip(kept, await self._run(APPEND, asks), strict=True):
            for back, i in enumerate(reversed(many)):
                positions[i] = Position(epoch.decode(), last - back)
        if passing:
            await self._pass_on([[outgoing[i] for i in many] for many in passing])
        return positions

    async def _pass_on(self, groups: Iterable[Sequence[Outgoing]]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for group in groups:
            lengths = ",".join(str(len(one.body)) for one in group)
            head = f"p::0:{time.time():.6f}:{lengths}\n".encode()
            message = head + b"".join(one.body for one in group)
            pipe.publish(self._ears.name(group[0].channel), message)
        await self._ask(pipe.execute())

    def _append_arguments(self, group: Sequence[Outgoing]) -> list[Any]:
        one = group[0]
        return [
            2,
            *self._keys(one.channel),
            token_hex(4),
            EPOCH_TTL_MS,
            one.history_size,
            one.history_ttl_s * 1000,
            self._ears.name(one.channel),
            f"{time.time():.6f}",
            *(each.body for each in group),
        ]

    def _read_arguments(
        self, channel: str, *, since: int | None = None, limit: int, reverse: bool = False
    ) -> list[Any]:
        after = "" if since is None else min(since, LARGEST_OFFSET)
        keys = self._keys(channel)
        return [2, *keys, token_hex(4), EPOCH_TTL_MS, after, limit, "1" if reverse else "0"]

    async def _run(self, script: str, asks: Sequence[list[Any]]) -> list[Any]:
        """Run a script several times in one round trip; after a restart Redis has to learn it again."""
        if not asks:
            return []
        if script not in self._scripts:
            self._scripts[script] = await self._ask(self._redis.script_load(script))
        answers = await self._run_known(script, asks)
        unknown = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            await self._ask(self._redis.script_load(script))
            again = await self._run_known(script, [asks[i] for i in unknown])
            for i, answer in zip(unknown, again, strict=True):
                answers[i] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise BrokerUnavailable(str(answer)) from answer
        return answers

    async def _run_known(self, script: str, asks: Sequence[list[Any]]) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        for ask in asks:
            pipe.execute_command("EVALSHA", self._scripts[script], *ask)
        answers: list[Any] = await self._ask(pipe.execute(raise_on_error=False))
        return answers

    async def _ask(self, answer: Any) -> Any:
        try:
            return await answer
        except (RedisError, OSError, TimeoutError) as failure:
            raise BrokerUnavailable(str(failure)) from failure

    def _keys(self, channel: str) -> tuple[str, str]:
        # In braces the channel alone decides the slot, so that a script's keys stay together.
        return f"{self._prefix}.stream.{{{channel}}}", f"{self._prefix}.epoch.{{{channel}}}"

    def _presence_keys(self, channel: str) -> tuple[str, str]:
        return f"{self._prefix}.present.{{{channel}}}", f"{self._prefix}.until.{{{channel}}}"


def _as_unavailable(failure: BaseException) -> BrokerUnavailable:
    if isinstance(failure, BrokerUnavailable):
        return failure
    return BrokerUnavailable(f"{type(failure).__name__}: {failure}")
