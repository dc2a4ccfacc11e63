"""Many devices over one transport: each reading is journalled, sent through the faults, and sent again until safe."""

import asyncio
import contextlib
import heapq
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from devices.simulator.chance import chance
from devices.simulator.device import SimulatedDevice
from devices.simulator.faults import Faults, FaultyLine
from devices.simulator.frames import encode
from devices.simulator.model import DemoDevice
from devices.simulator.readings import Observation, SimulatedReading
from devices.topics import up_topic

TICK_S = 0.2


class Transport(Protocol):
    """Carries messages to the broker, and brings acknowledgements to whoever listens."""

    async def start(
        self, on_message: Callable[[str, bytes], None], on_connected: Callable[[], None]
    ) -> None:
        """Connect, or go on trying; `on_connected` is called at each connection, the first and later ones."""

    async def send(self, topic: str, payload: bytes) -> None:
        """Take a message, waiting while too many are on their way; without a broker it is lost."""

    async def stop(self) -> None:
        """Send what was taken, then disconnect."""


@dataclass(frozen=True, slots=True)
class Rush:
    """What a rush published, in order, and how long it took."""

    readings: tuple[SimulatedReading, ...]
    took_s: float


class Fleet:
    """The devices of a city. Use it as an async context: inside, due readings are sent again."""

    def __init__(
        self,
        devices: Iterable[DemoDevice],
        transport: Transport,
        *,
        seed: int = 1,
        boot: int = 1,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.line = FaultyLine(faults or Faults(), seed=seed)
        self.count: Counter[str] = Counter()
        self.devices = {
            device.id: SimulatedDevice(
                device,
                boot=boot,
                skew_s=self.line.skew(device.id, seed),
                random=chance(seed, "device", device.id),
            )
            for device in devices
        }
        self._transport = transport
        self._clock = clock
        self._seed = seed
        self._dies_at = self._draw_deaths(clock())
        self._waiting: set[str] = set()
        self._delayed: list[tuple[float, int, str, bytes]] = []
        self._order = itertools.count()
        self._booted: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._transport.start(self.hear, self._hurry)
        self._task = asyncio.create_task(self._keep_ticking())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._transport.stop()

    @property
    def unacked(self) -> int:
        """Give how many readings wait for the platform's acknowledgement, silent devices left out."""
        return sum(len(self.devices[id].journal) for id in self._waiting)

    async def publish(self, observation: Observation) -> SimulatedReading | None:
        """Journal what a device saw and send it; None when the device has fallen silent.

        A sensor's first reading is preceded by its boot reading.
        """
        now = self._clock()
        device = self.devices[observation.device_id]
        if self.is_silent(observation.device_id):
            self.count["silent"] += 1
            return None
        if device.device.kind != "camera" and observation.device_id not in self._booted:
            self._booted.add(observation.device_id)
            await self.publish(Observation(observation.device_id, "boot", observation.at))
        reading = device.record(observation, now)
        self._waiting.add(observation.device_id)
        self.count[observation.kind] += 1
        await self._send(reading)
        alarm = device.alarm_due()
        if alarm is not None:
            await self.publish(Observation(observation.device_id, "alarm", now, alarm=alarm))
        return reading

    async def rush(self, rate: float, seconds: float) -> Rush:
        """Flip berth after berth at `rate` changes a second; each sensor waits its turn before it flips again."""
        sensors = [d for d in self.devices.values() if d.device.kind == "berth_sensor"]
        chance(self._seed, "rush").shuffle(sensors)
        turns = itertools.cycle(sensors)
        readings: list[SimulatedReading] = []
        started = time.monotonic()
        for number in range(int(rate * seconds)):
            ahead = started + number / rate - time.monotonic()
            if ahead > 0.001:
                await asyncio.sleep(ahead)
            device = next(turns)
            kind = "left" if device.occupied else "arrived"
            reading = await self.publish(
                Observation(device.device.id, kind, self._clock(), confidence=95)
            )
            if reading is not None:
                readings.append(reading)
        return Rush(tuple(readings), time.monotonic() - started)

    async def tick(self) -> None:
        """Send what the faults had delayed, then what has waited too long for its acknowledgement."""
        now = self._clock()
        while self._delayed and self._delayed[0][0] <= now:
            _, _, topic, payload = heapq.heappop(self._delayed)
            await self._transport.send(topic, payload)
        for id in sorted(self._waiting):
            for reading in [] if self.is_silent(id) else self.devices[id].journal.due(now):
                self.count["resent"] += 1
                await self._send(reading)
            if not len(self.devices[id].journal) or self.is_silent(id):
                self._waiting.discard(id)

    def hear(self, topic: str, payload: bytes) -> None:
        """Take an acknowledgement `{"acks": [[boot, seq], …]}` from `devices/{id}/ack`."""
        device = self.devices.get(topic.split("/")[1])
        if device is None:
            return
        numbers = ((boot, seq) for boot, seq in json.loads(payload)["acks"])
        self.count["acked"] += device.journal.acknowledge(numbers)
        if not len(device.journal):
            self._waiting.discard(device.device.id)

    def restore(self, readings: Iterable[SimulatedReading], occupied: Iterable[str]) -> None:
        """Put back what stood in the journals of an earlier run, due at once, and what the sensors see."""
        now = self._clock()
        for reading in readings:
            if reading.device.id in self.devices:
                self.devices[reading.device.id].journal.write(reading, now)
                self._waiting.add(reading.device.id)
        for device_id in occupied:
            self.devices[device_id].occupied = True
        self._hurry()

    def journals(self) -> Sequence[SimulatedReading]:
        """Give every reading that is not yet safe."""
        return [reading for id in self._waiting for reading in self.devices[id].journal]

    def is_silent(self, device_id: str) -> bool:
        """Say whether a device has died by now."""
        dies_at = self._dies_at.get(device_id)
        return dies_at is not None and dies_at <= self._clock()

    def _draw_deaths(self, now: float) -> dict[str, float]:
        after = {id: self.line.dies_after(id, self._seed) for id in self.devices}
        return {id: now + seconds for id, seconds in after.items() if seconds is not None}

    async def _send(self, reading: SimulatedReading) -> None:
        now = self._clock()
        device = self.devices[reading.device.id]
        topic = up_topic(reading.device.id, reading.device.format)
        payload = encode(reading, device.clock(now))
        for sending in self.line.sendings(topic, payload):
            if sending.delay_s:
                due = (now + sending.delay_s, next(self._order), sending.topic, sending.payload)
                heapq.heappush(self._delayed, due)
            else:
                await self._transport.send(sending.topic, sending.payload)

    def _hurry(self) -> None:
        for id in self._waiting:
            self.devices[id].journal.hurry(self._clock())

    async def _keep_ticking(self) -> None:
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)
