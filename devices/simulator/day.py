"""The running city: turns the movements of the traffic into what sensors and cameras publish."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from devices.simulator.chance import chance
from devices.simulator.demand import draw_remaining_dwell
from devices.simulator.fleet import Fleet
from devices.simulator.memory import Memory, pages_of, readings_of, save
from devices.simulator.model import DemoCity, DemoDevice
from devices.simulator.readings import Observation
from devices.simulator.traffic import FILL_S, Movement, Pace, Traffic

STEP_S = 0.1
SAVE_EVERY_S = 5.0
# Below three heartbeats of silence the platform still knows every berth, so nothing is said twice.
FORGOTTEN_AFTER_S = 1500.0
CAMERA_DELAY_S = (0.5, 3.0)
# The platform believes a journal of up to 24 h.
STOOD_AT_MOST_S = 20 * 3600.0
# A camera misses one car in twenty: that stay waits for a patroller to give it a plate.
CAMERA_SEES = 0.95
# Somebody who looks on sees an alarm within a few minutes, and a city of 2,400 devices has few.
ALARM_EVERY_S = 90.0
ALARMS = ("battery_low", "sensor_fault", "sensor_moved")


class CityDay:
    """A city with its cars and devices, from now on; `memory` is what an earlier run left."""

    def __init__(
        self,
        city: DemoCity,
        fleet: Fleet,
        *,
        seed: int,
        pace: Pace,
        memory: Memory,
        path: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.city = city
        self.fleet = fleet
        self._clock = clock
        self._started_at = clock()
        self.traffic = Traffic(city, seed=seed, pace=pace, start_at=self._started_at)
        self._seed = seed
        self._random = chance(seed, "cameras")
        self._troubles = chance(seed, "alarms")
        self._path = path
        self._boot = memory.boot + 1
        self._memory = memory
        self._due: list[tuple[float, int, Observation]] = []
        self._order = itertools.count()
        self._sensor_of, self._camera_of = _watchers(city.devices)
        self._code_of = {berth.id: berth.code for berth in city.berths}

    async def run(self) -> None:
        """Let the city live until cancelled; the state is saved every 5 s and at the end."""
        self._begin()
        saved_at = self._clock()
        try:
            while True:
                now = self._clock()
                self._see(self.traffic.advance(now))
                await self._publish_due(now)
                if now - saved_at > SAVE_EVERY_S:
                    self._save()
                    saved_at = now
                await asyncio.sleep(STEP_S)
        finally:
            self._save()

    def _begin(self) -> None:
        """Wake up where the earlier run stopped, then let the cars of the hour arrive."""
        memory = self._memory
        left = self.traffic.restore(memory.parked)
        self.fleet.restore(
            readings_of(memory.pages, self.city),
            (self._sensor_of[berth_id] for berth_id in self.traffic.parked),
        )
        self._see(left)
        filled = self.traffic.fill()
        if self._started_at - memory.saved_at > FORGOTTEN_AFTER_S:
            self._see_free()
        self._see(filled, found_standing=True)
        self._schedule_heartbeats()
        self._plan_alarm(self._started_at)
        # Before the first reading: a boot number must never be used twice.
        self._save()

    def _see_free(self) -> None:
        """Let the sensors of free berths say so, as the platform knows nothing of them."""
        random = chance(self._seed, "free")
        for berth_id, device_id in self._sensor_of.items():
            if berth_id not in self.traffic.parked:
                at = self._started_at + random.uniform(0, FILL_S)
                self._plan(at, Observation(device_id, "left", at, confidence=97))

    def _schedule_heartbeats(self) -> None:
        random = chance(self._seed, "heartbeats")
        for device in self.fleet.devices.values():
            at = self._started_at + random.uniform(0, device.device.heartbeat_s)
            self._plan(at, Observation(device.device.id, "heartbeat", at))

    def _see(self, movements: Iterable[Movement], *, found_standing: bool = False) -> None:
        """Plan what the devices at a berth will say of a movement.

        A sensor that finds a car standing says since when, out of its journal: so the first cars
        that leave have stayed for hours, and pay.
        """
        for movement in movements:
            stood_s = self._draw_stood(movement) if found_standing else 0.0
            sensor = Observation(
                self._sensor_of[movement.berth_id],
                movement.kind,
                movement.at - stood_s,
                confidence=self._random.randint(88, 100),
                previous_state_s=movement.previous_state_s,
            )
            self._plan(movement.at, sensor)
            camera_id = self._camera_of.get(movement.berth_id)
            if camera_id and movement.kind == "arrived" and self._random.random() < CAMERA_SEES:
                self._plan_plate(camera_id, movement)

    def _draw_stood(self, movement: Movement) -> float:
        """Draw how long a car has stood: as long, in the mean, as it will stay on."""
        quarter = self.city.place_by_id[self.city.berth_by_id[movement.berth_id].place_id].quarter
        return min(STOOD_AT_MOST_S, draw_remaining_dwell(self._random, quarter))

    def _plan_plate(self, camera_id: str, movement: Movement) -> None:
        at = movement.at + self._random.uniform(*CAMERA_DELAY_S)
        number, color = movement.plate
        blurred = self._random.random() < 0.06
        sight = Observation(
            camera_id,
            "arrived",
            at,
            berth_code=self._code_of[movement.berth_id],
            plate=number,
            plate_color=color,
            confidence=self._random.randint(60, 79) if blurred else self._random.randint(88, 100),
        )
        self._plan(at, sight)

    def _plan_alarm(self, after: float) -> None:
        """Let one of the sensors be in trouble some time later."""
        at = after + self._troubles.expovariate(1 / ALARM_EVERY_S)
        device_id = self._troubles.choice(list(self._sensor_of.values()))
        alarm = self._troubles.choice(ALARMS)
        self._plan(at, Observation(device_id, "alarm", at, alarm=alarm))

    def _plan(self, at: float, observation: Observation) -> None:
        heapq.heappush(self._due, (at, next(self._order), observation))

    async def _publish_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, _, observation = heapq.heappop(self._due)
            await self._say(observation)
            if observation.kind == "heartbeat":
                every_s = self.fleet.devices[observation.device_id].device.heartbeat_s
                at = observation.at + every_s
                self._plan(at, Observation(observation.device_id, "heartbeat", at))

    async def _say(self, observation: Observation) -> None:
        if observation.kind == "alarm":
            self._plan_alarm(observation.at)
        if observation.alarm == "battery_low":
            # Its next reading, whatever it is, shows the low cell, and the sensor says so by itself.
            self.fleet.devices[observation.device_id].drain()
            observation = Observation(observation.device_id, "heartbeat", observation.at)
        await self.fleet.publish(observation)

    def _save(self) -> None:
        save(
            self._path,
            Memory(
                self._seed,
                self._boot,
                self._clock(),
                tuple(self.traffic.parked.values()),
                pages_of(self.fleet.journals()),
            ),
        )


def _watchers(devices: Iterable[DemoDevice]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the sensor and the camera of each berth, by id."""
    sensor_of: dict[str, str] = {}
    camera_of: dict[str, str] = {}
    for device in devices:
        of = camera_of if device.kind == "camera" else sensor_of
        of.update(dict.fromkeys(device.berth_ids, device.id))
    return sensor_of, camera_of
