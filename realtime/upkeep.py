"""What a hub does beside its sockets: tasks that are ended with it, and looking after what is kept."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from realtime.attendance import Attendance
from realtime.broker import BrokerUnavailable
from realtime.fleet import Fleet
from realtime.limits import Limits
from realtime.live_channels import LiveChannels
from realtime.orders import Orders
from realtime.revocations import Revocations

log = logging.getLogger(__name__)

# Revocations travel by an order; this is the net under a lost one, within the 5 s that are promised.
REVOCATION_CHECK_S = 4.0


class Tasks:
    """What runs beside, until it is done or the hub closes."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something; a fault of it is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    async def finish(self, within_s: float) -> None:
        """Let goodbyes reach the store, and end what still runs after a moment."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_s)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("Realtime upkeep failed", exc_info=task.exception())


class Upkeep:
    """Checks positions, presence and revocations from time to time, and positions when in doubt."""

    def __init__(
        self,
        limits: Limits,
        live: LiveChannels,
        attendance: Attendance,
        fleet: Fleet,
        orders: Orders,
        revocations: Revocations,
    ) -> None:
        self._limits = limits
        self._live = live
        self._attendance = attendance
        self._fleet = fleet
        self._orders = orders
        self._revocations = revocations
        self._doubted = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._running = [
            asyncio.create_task(one) for one in (self._maintain(), self._watch_revocations())
        ]

    async def stop(self) -> None:
        """Check nothing more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def doubt(self) -> None:
        """Check all positions soon: publications may have been missed."""
        self._doubted.set()

    async def _maintain(self) -> None:
        """Check positions, keep presence, and stop hearing channels that nobody wants."""
        limits = self._limits
        wait_s = limits.position_check_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._doubted.wait()
                    self._orders.recheck_all()
            self._doubted.clear()
            wait_s = limits.position_check_s
            try:
                await self._live.check_positions()
                await self._attendance.renew()
                await self._fleet.sign_on(limits.presence_ttl_s)
            except BrokerUnavailable as failure:
                log.warning("Positions could not be checked", extra={"why": str(failure)})
                wait_s = min(1.0, wait_s)
            self._live.drop_idle(limits.linger_s)

    async def _watch_revocations(self) -> None:
        while True:
            await asyncio.sleep(REVOCATION_CHECK_S)
            # While the store is away, the copy of before has to do.
            with suppress(BrokerUnavailable):
                await self._revocations.read()
                self._orders.end_revoked()
