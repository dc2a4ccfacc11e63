"""The hearing half of the Redis broker: one pub/sub connection, kept alive and made again when lost."""

import asyncio
import logging
import random
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from realtime.broker import BrokerUnavailable, Listener

log = logging.getLogger(__name__)

# A connection that says nothing for this long is asked; after as long again it is given up. With
# the position check this keeps an unnoticed loss under 30 s.
QUIET_S = 10.0
LONGEST_BACKOFF_S = 3.0
CONFIRM_S = 5.0


class RedisListener:
    """Subscriptions of one node, and what it hears handed to its `Listener`."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self.control = f"{prefix}.control"
        self._wanted: dict[str, None] = {}
        self._confirming: dict[str, asyncio.Future[None]] = {}
        self._connection: Any = None
        self._task: asyncio.Task[None] | None = None
        self._listener: Listener | None = None
        self._order = asyncio.Lock()

    def name(self, channel: str) -> str:
        """Give the Redis channel of one of ours."""
        return f"{self._prefix}.channel.{channel}"

    async def start(self, listener: Listener) -> None:
        """Begin to listen; returns when Redis has confirmed the control channel."""
        self._listener = listener
        confirmed = self._expect(self.control)
        self._task = asyncio.create_task(self._listen())
        try:
            await self._confirmed(self.control, confirmed)
        except BrokerUnavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop listening."""
        self._listener = None
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def subscribe(self, channel: str) -> None:
        """Hear a channel; returns when Redis has confirmed."""
        name = self.name(channel)
        async with self._order:
            self._wanted[name] = None
            confirmed = self._expect(name)
            await self._send("SUBSCRIBE", name)
        await self._confirmed(name, confirmed)

    async def unsubscribe(self, channel: str) -> None:
        """No longer hear a channel."""
        async with self._order:
            name = self.name(channel)
            self._wanted.pop(name, None)
            await self._send("UNSUBSCRIBE", name)

    def _expect(self, name: str) -> asyncio.Future[None]:
        waiting = self._confirming.get(name)
        if waiting is None or waiting.done():
            waiting = self._confirming[name] = asyncio.get_running_loop().create_future()
        return waiting

    async def _confirmed(self, name: str, confirmed: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(CONFIRM_S):
                await asyncio.shield(confirmed)
        except TimeoutError as late:
            self._confirming.pop(name, None)
            raise BrokerUnavailable(f"no answer to SUBSCRIBE {name}") from late

    async def _send(self, command: str, *names: str) -> None:
        """Send a command, if connected: a new connection begins with all that is wanted."""
        connection = self._connection
        if connection is not None and connection.is_connected:
            with suppress(RedisError, OSError):
                await connection.send_command(command, *names, check_health=False)

    async def _listen(self) -> None:
        backoff_s, lost = 0.05, False
        while True:
            try:
                await self._connect()
                if lost and self._listener is not None:
                    self._listener.doubt()
                backoff_s = 0.05
                await self._hear_on()
            except (RedisError, OSError, TimeoutError) as failure:
                log.warning("Redis pub/sub was lost", extra={"failure": str(failure)})
            finally:
                await self._disconnect()
            lost = True
            await asyncio.sleep(backoff_s * random.uniform(0.5, 1.0))  # noqa: S311
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    async def _connect(self) -> None:
        pool: Any = self._redis.connection_pool
        connection: Any = pool.make_connection()
        self._connection = connection
        await connection.connect()
        names = [self.control, *self._wanted]
        for i in range(0, len(names), 500):
            await self._send("SUBSCRIBE", *names[i : i + 500])

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _hear_on(self) -> None:
        connection = self._connection
        assert connection is not None
        asked = False
        while connection.is_connected:
            response = await connection.read_response(timeout=QUIET_S)
            if response is not None:
                asked = False
                self._take(response)
            elif asked:
                raise TimeoutError("Redis is silent")
            else:
                asked = True
                await self._send("PING")

    def _take(self, response: Any) -> None:
        kind = response[0]
        if kind == b"message":
            self._hear(response[1].decode(), response[2])
        elif kind == b"subscribe":
            waiting = self._confirming.pop(response[1].decode(), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _hear(self, name: str, message: bytes) -> None:
        listener = self._listener
        if listener is None:
            return
        if name == self.control:
            listener.hear(message)
            return
        channel = name.removeprefix(f"{self._prefix}.channel.")
        head, _, rest = message.partition(b"\n")
        if head == b"a":
            listener.announce(channel, rest)
            return
        _, epoch, first, sent_at, lengths = head.split(b":")
        bodies, start = [], 0
        for length in lengths.split(b","):
            end = start + int(length)
            bodies.append(rest[start:end])
            start = end
        listener.deliver(channel, epoch.decode(), int(first), bodies, float(sent_at))
