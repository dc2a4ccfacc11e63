"""One timer for all deadlines of a hub: whoever waits is visited at its time, within a quarter second."""

import asyncio
import math
from typing import Protocol

from realtime.metrics import LOOP_LAG

TICK_S = 0.25
SLOTS = 256


class Visited(Protocol):
    """Something with deadlines."""

    def visit(self, now: float) -> float:
        """Do what is due; gives the loop time of the next visit, or infinity for none."""
        ...


class Wheel:
    """A ring of slots, a quarter second each; a deadline beyond the ring is visited early, and again."""

    def __init__(self) -> None:
        self._slots: list[dict[Visited, None]] = [{} for _ in range(SLOTS)]
        self._slot_of: dict[Visited, int] = {}
        self._at = 0
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to turn."""
        loop = asyncio.get_running_loop()
        self._next = loop.time() + TICK_S
        self._timer = loop.call_at(self._next, self._tick)

    def stop(self) -> None:
        """Turn no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def put(self, visited: Visited, due: float) -> None:
        """Visit at `due`, by the loop's clock, instead of whenever it was to be."""
        self.take(visited)
        if due == math.inf:
            return
        ticks = math.ceil((due - self._next) / TICK_S)
        slot = (self._at + min(max(ticks, 0), SLOTS - 1)) % SLOTS
        self._slots[slot][visited] = None
        self._slot_of[visited] = slot

    def take(self, visited: Visited) -> None:
        """Visit no more."""
        slot = self._slot_of.pop(visited, None)
        if slot is not None:
            self._slots[slot].pop(visited, None)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        LOOP_LAG.observe(max(0.0, now - self._next))
        # After a stall all slots that were missed are due at once.
        while self._next <= now:
            due = self._slots[self._at]
            self._slots[self._at] = {}
            self._at = (self._at + 1) % SLOTS
            self._next += TICK_S
            for visited in due:
                self._slot_of.pop(visited, None)
                self.put(visited, visited.visit(now))
        self._timer = loop.call_at(self._next, self._tick)
