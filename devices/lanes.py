"""A lane: settles the messages of its devices, flush by flush, each device's in order."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol

import msgspec

from devices import metrics
from devices.batches import Open, Parcel, ReadingId, dead_letter, in_order, unpack
from devices.dead_letters import DeadLetter, Reason
from devices.mqtt import Arrival
from devices.patience import Abandoned, Patience
from devices.topics import ack_topic
from server.domain.equipment import Verdict

log = logging.getLogger(__name__)

# 500: the store's rate no longer rises from 300 on, and 500 readings commit within about 60 ms.
FLUSH_LIMIT = 500
# 1 s without progress of a device: its missing reading is not just with another process.
REORDER_WINDOW_S = 1.0
HELD_RETRY_S = 0.05

_SAFE = (Verdict.APPLIED, Verdict.DUPLICATE, Verdict.LATE)


class Post(Protocol):
    """The way back to the broker."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message."""

    def ack(self, arrival: Arrival) -> None:
        """Acknowledge one that came."""


class Lane:
    """Takes all that has come whenever it is free: alone when quiet, in batches when busy."""

    def __init__(
        self, *, patience: Patience, post: Post, reorder_window_s: float = REORDER_WINDOW_S
    ) -> None:
        self._patience = patience
        self._post = post
        self._window_s = reorder_window_s
        self._queue: deque[Parcel] = deque()
        self._held: dict[str, list[Open]] = {}
        self._retry_at = 0.0
        self._wake = asyncio.Event()
        self._stopping = False

    def put(self, parcel: Parcel) -> None:
        """Queue a message behind those that came before it."""
        self._queue.append(parcel)
        self._wake.set()

    def stop(self) -> None:
        """Let `run` return once the flush at hand is committed; the rest stays with the broker."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Flush until `stop`."""
        with suppress(Abandoned):
            while not self._stopping:
                if self._queue or (self._held and self._retry_in_s() <= 0):
                    await self._flush()
                    continue
                self._wake.clear()
                with suppress(TimeoutError):
                    timeout_s = self._retry_in_s() if self._held else None
                    await asyncio.wait_for(self._wake.wait(), timeout_s)

    def _retry_in_s(self) -> float:
        return self._retry_at - asyncio.get_running_loop().time()

    async def _flush(self) -> None:
        began = perf_counter()
        count = min(len(self._queue), FLUSH_LIMIT)
        unpacked = unpack(self._queue.popleft() for _ in range(count))
        batch = self._line_up(unpacked.opened)
        settled = _Settled()
        for parcel, refusal in unpacked.refused:
            settled.refuse(parcel, refusal.reason, refusal.detail, refusal.number)
        if batch:
            verdicts = await self._patience.take(
                [one.reading for one in batch], self._overdue(batch)
            )
            self._judge(batch, verdicts, settled)
        if settled.letters:
            await self._patience.bury(settled.letters)
        settled.report(self._post)
        metrics.FLUSH_READINGS.observe(len(batch))
        metrics.FLUSH_SECONDS.observe(perf_counter() - began)

    def _line_up(self, opened: dict[str, list[Open]]) -> list[Open]:
        """Join what has come with what is held, so that a hole that is filled is passed at once."""
        everyone = self._retry_in_s() <= 0
        for device_id in list(self._held):
            if everyone or device_id in opened:
                held = self._held.pop(device_id)
                opened[device_id] = held + opened.get(device_id, [])
        if everyone:
            self._retry_at = asyncio.get_running_loop().time() + HELD_RETRY_S
        return [one for group in opened.values() for one in in_order(group)]

    def _overdue(self, batch: Sequence[Open]) -> frozenset[ReadingId]:
        """Name the readings that have waited long enough for those before them."""
        latest = asyncio.get_running_loop().time() - self._window_s
        return frozenset(
            one.id for one in batch if one.waiting_since is not None and one.waiting_since <= latest
        )

    def _judge(
        self, batch: Sequence[Open], verdicts: Sequence[Verdict | None], settled: "_Settled"
    ) -> None:
        now = asyncio.get_running_loop().time()
        moved = set()
        for one, verdict in zip(batch, verdicts, strict=True):
            if verdict is Verdict.AHEAD:
                # Each step of its device starts the window anew: in a backlog that is spread over
                # several processes the readings before this one are coming, one after the other.
                if one.waiting_since is None or one.reading.device_id in moved:
                    one.waiting_since = now
                self._held.setdefault(one.reading.device_id, []).append(one)
                continue
            if verdict is Verdict.APPLIED:
                moved.add(one.reading.device_id)
            settled.settle(one, verdict)


class _Settled:
    """What one flush has settled: gathered first, told to devices and broker after the commit."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []
        self._numbers: dict[str, list[tuple[int, int]]] = {}
        self._done: list[Parcel] = []
        self._verdicts: Counter[tuple[str, str]] = Counter()

    def settle(self, one: Open, verdict: Verdict | None) -> None:
        """Note a reading's verdict; one that no store can take is set aside."""
        reading = one.reading
        if verdict is None:
            self.letters.append(dead_letter(one.parcel, Reason.FAILED, "the use case broke on it"))
        elif verdict not in _SAFE:
            self.letters.append(dead_letter(one.parcel, Reason.UNKNOWN_DEVICE, reading.device_id))
        self._numbers.setdefault(reading.device_id, []).append((reading.boot, reading.seq))
        self._verdicts[reading.kind, verdict or Reason.FAILED] += 1
        one.parcel.unsettled -= 1
        if not one.parcel.unsettled:
            self._done.append(one.parcel)

    def refuse(
        self, parcel: Parcel, reason: Reason, detail: str, number: tuple[int, int] | None
    ) -> None:
        """Note a message that no codec could read."""
        self.letters.append(dead_letter(parcel, reason, detail))
        if number is not None and parcel.device_id is not None:
            self._numbers.setdefault(parcel.device_id, []).append(number)
        self._done.append(parcel)

    def report(self, post: Post) -> None:
        """Tell each device which readings are safe, then the broker: in this order a crash between
        the two brings a message again, never a device that waits in vain."""
        for device_id, numbers in self._numbers.items():
            post.publish(ack_topic(device_id), msgspec.json.encode({"acks": numbers}))
        for parcel in self._done:
            post.ack(parcel.arrival)
        if self._done:
            oldest = min(parcel.arrival.received_at for parcel in self._done)
            metrics.ACK_SECONDS.observe((datetime.now(UTC) - oldest).total_seconds())
        for (kind, verdict), count in self._verdicts.items():
            metrics.READINGS.labels(kind, verdict).inc(count)
        for letter in self.letters:
            metrics.DEAD_LETTERS.labels(letter.reason).inc()
