"""Tells the relay that there is something in the outbox, from whichever process put it there.

It is only a nudge: when Redis is away the relay's own poll finds the row a moment later.
"""

import asyncio
import contextlib
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL = "smartcloud:wake"
log = logging.getLogger(__name__)


class Wake:
    """Nudges, and waits for a nudge."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._woken = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._again = False

    def nudge(self) -> None:
        """Say that there is something to relay; returns at once, and joins nudges in flight."""
        self._woken.set()
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        else:
            self._again = True

    async def wait(self, timeout_s: float) -> None:
        """Wait for a nudge, or for the time to pass."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), timeout_s)
        self._woken.clear()

    async def close(self) -> None:
        """Stop listening and let go of the connection."""
        for task in (self._sending, self._listening):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._redis.aclose()

    async def _send(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            try:
                await self._redis.publish(CHANNEL, b"1")
            except (RedisError, OSError):
                log.debug("Nudge not sent: redis is away")

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    while True:
                        message = await pubsub.get_message(timeout=30.0)
                        if message is not None:
                            self._woken.set()
            except (RedisError, OSError):
                await asyncio.sleep(1.0)
