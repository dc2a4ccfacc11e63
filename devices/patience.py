"""The stores, asked patiently: waits while they are away, and finds the one reading that breaks."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from devices.batches import ReadingId
from devices.dead_letters import Bury, DeadLetter
from devices.metrics import STORE_AWAY
from server.domain.equipment import Reading, Verdict
from server.kernel.errors import Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_RETRY_S, LAST_RETRY_S = 0.1, 5.0
# A batch that breaks is tried twice more as a whole, as a cause may pass, and then taken apart.
RETRY_BROKEN_S = (0.1, 0.3)


class Take(Protocol):
    """The use case: commits readings and gives a verdict for each, in the order given."""

    async def __call__(
        self, readings: Sequence[Reading], *, force: frozenset[ReadingId]
    ) -> Sequence[Verdict]:
        """Commit; raises `Unavailable` while the store is away."""


class Abandoned(Exception):
    """The store was still away when the gateway was told to stop; nothing was acknowledged."""


class Patience:
    """Asks the use case and the dead letter store until they answer, or until `stop`."""

    def __init__(self, *, take: Take, bury: Bury) -> None:
        self.store_is_away = False
        self._take = take
        self._bury = bury
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Give up waiting: from now on a store that is away means `Abandoned`."""
        self._stopping.set()

    async def take(
        self, readings: Sequence[Reading], force: frozenset[ReadingId]
    ) -> list[Verdict | None]:
        """Get a verdict for each reading; None is for one that breaks the use case by itself."""
        for delay_s in RETRY_BROKEN_S:
            try:
                return await self._ask(lambda: self._settled(readings, force))
            except Abandoned:
                raise
            except Exception:
                log.exception("Readings broke the use case", extra={"count": len(readings)})
            await self._pause(delay_s)
        return await self._take_apart(readings, force)

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Store dead letters, however long it takes: none is acknowledged before.

        Only a letter that breaks the store by itself is given up, and logged, so that the stream
        goes on.
        """
        try:
            await self._ask(lambda: self._bury(letters))
        except Abandoned:
            raise
        except Exception:
            if len(letters) > 1:
                for letter in letters:
                    await self.bury([letter])
                return
            [lost] = letters
            log.exception("Dead letter lost", extra={"topic": lost.topic, "reason": lost.reason})

    async def _settled(
        self, readings: Sequence[Reading], force: frozenset[ReadingId]
    ) -> list[Verdict | None]:
        verdicts = await self._take(readings, force=force)
        assert len(verdicts) == len(readings), "one verdict a reading"
        return list(verdicts)

    async def _take_apart(
        self, readings: Sequence[Reading], force: frozenset[ReadingId]
    ) -> list[Verdict | None]:
        """Halve a batch that breaks until the reading that does it stands alone."""
        try:
            return await self._ask(lambda: self._settled(readings, force))
        except Abandoned:
            raise
        except Exception:
            if len(readings) == 1:
                log.exception("Reading set aside", extra={"device_id": readings[0].device_id})
                return [None]
        middle = len(readings) // 2
        first = await self._take_apart(readings[:middle], force)
        return first + await self._take_apart(readings[middle:], force)

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        delay_s = FIRST_RETRY_S
        while True:
            try:
                answer = await call()
            except Unavailable as away:
                self._say_away(str(away))
            else:
                self.store_is_away = False
                return answer
            await self._pause(delay_s)
            delay_s = min(delay_s * 2, LAST_RETRY_S)

    async def _pause(self, delay_s: float) -> None:
        with suppress(TimeoutError):
            jittered_s = delay_s * random.uniform(0.5, 1.0)  # noqa: S311 no secret
            await asyncio.wait_for(self._stopping.wait(), jittered_s)
            raise Abandoned

    def _say_away(self, cause: str) -> None:
        STORE_AWAY.inc()
        if not self.store_is_away:
            log.warning("Store is away, nothing is acknowledged", extra={"cause": cause})
        self.store_is_away = True
