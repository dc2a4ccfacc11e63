"""A rush hour on a few hundred berths: cars move from berth to berth, and every reading is known."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from devices.simulator import DemoCity, Fleet, MqttTransport, Observation, SimulatedReading
from devices.simulator.model import DemoDevice, Format

# Above the debounce, also when both ends are cut to whole seconds as a geomagnetic frame does.
STANDS_S = 2.1


@dataclass(slots=True)
class Visit:
    """A car's time on a berth as its sensor saw it, in epoch milliseconds."""

    berth_id: str
    arrived_ms: int
    left_ms: int | None = None
    plate: str | None = None


@dataclass(slots=True)
class Rush:
    """What was published, and what it should have come to."""

    readings: list[SimulatedReading] = field(default_factory=list)
    visits: dict[str, list[Visit]] = field(default_factory=dict)

    @property
    def numbers(self) -> set[tuple[str, int, int]]:
        """Name every reading as the platform does."""
        return {(one.device.id, one.boot, one.seq) for one in self.readings}


def quarter(city: DemoCity, number: int, berths: int) -> DemoCity:
    """Give the city with the sensors of its `number`-th so many berths only."""
    kept = city.berths[number * berths : (number + 1) * berths]
    ids = {berth.id for berth in kept}
    sensors = [one for one in city.devices if one.kind == "berth_sensor"]
    devices = tuple(one for one in sensors if ids.issuperset(one.berth_ids))
    return replace(city, berths=kept, devices=devices)


class Traffic:
    """Drives a fleet: cars that leave a berth soon stand on another one."""

    def __init__(self, fleet: Fleet, devices: Sequence[DemoDevice], *, seed: int) -> None:
        self.rush = Rush()
        self._fleet = fleet
        self._random = random.Random(seed)
        # Hardly more cars than berths, so that each is seen on several.
        self._cars = [f"粤B{seed}{number:04}" for number in range(len(devices) * 11 // 10)]
        self._turns = deque(devices)
        self._random.shuffle(self._turns)
        self._moved_at: dict[str, float] = {}
        self._plates: dict[str, str] = {}

    async def drive(self, rate: float, seconds: float) -> None:
        """Flip berth after berth at `rate` changes a second; a berth rests in between."""
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            ahead = began + number / rate - time.monotonic()
            if ahead > 0.001:
                await asyncio.sleep(ahead)
            device = self._turns[0]
            self._turns.rotate(-1)
            rests = self._moved_at.get(device.id, 0.0) + STANDS_S - time.monotonic()
            if rests > 0:
                await asyncio.sleep(rests)
            await self._flip(device)

    async def _flip(self, device: DemoDevice) -> None:
        self._moved_at[device.id] = time.monotonic()
        [berth_id] = device.berth_ids
        visits = self.rush.visits.setdefault(berth_id, [])
        leaves = bool(visits) and visits[-1].left_ms is None
        car = self._plates.pop(berth_id, None) if leaves else self._draw_car()
        observation = Observation(
            device.id,
            "left" if leaves else "arrived",
            time.time(),
            plate=None if leaves else car,
            plate_color=None if leaves else "blue",
            confidence=95,
        )
        reading = await self._fleet.publish(observation)
        assert reading is not None
        at_ms = seen_ms(reading)
        if leaves:
            visits[-1].left_ms = at_ms
            assert car is not None
            self._cars.append(car)
            return
        assert car is not None
        self._plates[berth_id] = car
        # A geomagnetic frame has no room for a plate.
        seen = car if device.format is Format.CANONICAL else None
        visits.append(Visit(berth_id, at_ms, plate=seen))

    def _draw_car(self) -> str:
        number = self._random.randrange(len(self._cars))
        self._cars[number], self._cars[-1] = self._cars[-1], self._cars[number]
        return self._cars.pop()


def seen_ms(reading: SimulatedReading) -> int:
    """Say when a reading was, as exactly as its wire format does."""
    if reading.device.format is Format.GEOMAG:
        return int(reading.at) * 1000
    return int(reading.at * 1000)


class RecordingFleet(Fleet):
    """A fleet that remembers each reading, boot readings and alarms too."""

    def __init__(self, devices: Sequence[DemoDevice], mqtt_url: str, *, seed: int) -> None:
        super().__init__(devices, MqttTransport(mqtt_url), seed=seed)
        self.published: list[SimulatedReading] = []

    async def publish(self, observation: Observation) -> SimulatedReading | None:
        """Publish, and remember."""
        reading = await super().publish(observation)
        if reading is not None:
            self.published.append(reading)
        return reading
