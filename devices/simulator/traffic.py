"""Who parks where and until when: the seeded model of the city's cars, in given time and without I/O."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from devices.simulator.chance import chance
from devices.simulator.demand import (
    arrivals_a_second,
    city_hour,
    draw_dwell,
    draw_remaining_dwell,
    load,
)
from devices.simulator.ground import Ground, PlaceGround
from devices.simulator.model import DemoCity
from devices.simulator.plates import Plate, draw_plate

# A berth just left is not taken, and a car does not leave again, within this time: nobody parks faster.
MANOEUVRE_S = 20.0
MANOEUVRE_SPEED = 60.0
# One arrival in ten is a registered vehicle: of 200 about 140 are then parked at a time.
REGISTERED_SHARE = 0.1
FULLEST = 0.97
FILL_S = 20.0
RATES_VALID_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the city lives: `speed` times reality, or as fast as gives `rate` changes a second."""

    rate: float = 7.0
    speed: float | None = None

    def speed_for(self, natural_arrivals: float) -> float:
        """Give the speed when reality has that many arrivals a second; each makes two changes."""
        return self.rate / (2 * natural_arrivals) if self.speed is None else self.speed


@dataclass(frozen=True, slots=True)
class Movement:
    """A car `arrived` at a berth or `left` it; `previous_state_s` is how long it was otherwise, if known."""

    at: float
    kind: str
    berth_id: str
    plate: Plate
    previous_state_s: int | None


@dataclass(frozen=True, slots=True)
class Parked:
    """A car standing at a berth; instants in epoch seconds."""

    berth_id: str
    plate: Plate
    arrived_at: float
    leaves_at: float


class Traffic:
    """The cars of a city from `start_at` on; instants are epoch seconds and never go back.

    The hour of the day is the real one; what a higher speed shortens is the time between arrivals
    and the time that cars stay.
    """

    def __init__(self, city: DemoCity, *, seed: int, pace: Pace, start_at: float) -> None:
        self.parked: dict[str, Parked] = {}
        self.turned_away = 0
        self._start_at = start_at
        self._ground = Ground(city, seed)
        self._pace = pace
        self._random = chance(seed, "traffic")
        self._plates: set[Plate] = set()
        self._left_at: dict[str, float] = {}
        self._leaving: list[tuple[float, str]] = []
        self._registered = deque(sorted(self._ground.registered))
        self._random.shuffle(self._registered)
        self._rates_minute = -1
        self._cumulative: list[float] = []
        self.speed = 1.0
        self._renew_rates(start_at)
        self._next_arrival_at = start_at + FILL_S

    def fill(self) -> list[Movement]:
        """Let arrive, within 20 s, the cars that stand in the city at this hour and are not there yet."""
        hour = city_hour(self._start_at)
        instants: list[tuple[float, PlaceGround]] = []
        for place in self._ground.places:
            share = min(FULLEST, load(place.quarter, place.division_code, hour))
            cars = sum(self._random.random() < share for _ in place.berth_ids)
            there = sum(berth_id in self.parked for berth_id in place.berth_ids)
            instants += [
                (self._start_at + self._random.uniform(0, FILL_S), place)
                for _ in range(cars - there)
            ]
        movements = []
        for at, place in sorted(instants, key=lambda pair: pair[0]):
            berth_id = self._nearest_free(place, at)
            if berth_id is not None:
                stays = draw_remaining_dwell(self._random, place.quarter)
                movements.append(self._arrive(berth_id, at, stays))
        return movements

    def restore(self, parked: Iterable[Parked]) -> list[Movement]:
        """Put back the cars of an earlier run; give those that have left in the meantime."""
        for car in parked:
            if car.berth_id in self._ground.place_of:
                self._stand(car)
                if car.plate in self._registered:
                    self._registered.remove(car.plate)
        return self.advance(self._start_at)

    def advance(self, until: float) -> list[Movement]:
        """Give what moves up to an instant, in order of time."""
        movements: list[Movement] = []
        while True:
            leaving_at = self._leaving[0][0] if self._leaving else until + 1
            if min(self._next_arrival_at, leaving_at) > until:
                return movements
            if leaving_at <= self._next_arrival_at:
                movements.append(self._leave(*heapq.heappop(self._leaving)))
                continue
            arrived = self._draw_arrival(self._next_arrival_at)
            if arrived is not None:
                movements.append(arrived)

    def _draw_arrival(self, at: float) -> Movement | None:
        """Send a car to a place it wants, or to the nearest with room; None when it drives on."""
        self._renew_rates(at)
        # The rate moves within minutes and a gap lasts a second: the rate at its start is right enough.
        self._next_arrival_at = at + self._random.expovariate(self._cumulative[-1] * self.speed)
        place = self._random.choices(self._ground.places, cum_weights=self._cumulative)[0]
        for candidate in (place, *self._ground.near(place)):
            berth_id = self._nearest_free(candidate, at)
            if berth_id is not None:
                return self._arrive(berth_id, at, draw_dwell(self._random, place.quarter))
        self.turned_away += 1
        return None

    def _renew_rates(self, at: float) -> None:
        """Draw up the arrivals of every place for the minute to come, and the speed that suits the pace."""
        minute = int(at // RATES_VALID_S)
        if minute == self._rates_minute:
            return
        self._rates_minute = minute
        hour = city_hour(at)
        self._cumulative = list(
            accumulate(
                arrivals_a_second(place.quarter, place.division_code, len(place.berth_ids), hour)
                for place in self._ground.places
            )
        )
        self.speed = self._pace.speed_for(self._cumulative[-1])

    def _nearest_free(self, place: PlaceGround, at: float) -> str | None:
        """Choose the nearest free berth; three in ten drivers overlook one and try the next."""
        overlooked = None
        for berth_id in place.berth_ids:
            if berth_id in self.parked:
                continue
            if at - self._left_at.get(berth_id, 0.0) < self._manoeuvre_time():
                continue
            if self._random.random() < 0.7:
                return berth_id
            overlooked = overlooked or berth_id
        return overlooked

    def _arrive(self, berth_id: str, at: float, stays: float) -> Movement:
        leaves_at = at + max(stays / self.speed, self._manoeuvre_time())
        plate = self._draw_plate()
        self._stand(Parked(berth_id, plate, at, leaves_at))
        left_at = self._left_at.get(berth_id)
        return Movement(
            at, "arrived", berth_id, plate, None if left_at is None else int(at - left_at)
        )

    def _leave(self, at: float, berth_id: str) -> Movement:
        car = self.parked.pop(berth_id)
        self._plates.discard(car.plate)
        self._left_at[berth_id] = at
        if car.plate in self._ground.registered:
            self._registered.append(car.plate)
        return Movement(at, "left", berth_id, car.plate, int(at - car.arrived_at))

    def _stand(self, car: Parked) -> None:
        self.parked[car.berth_id] = car
        self._plates.add(car.plate)
        heapq.heappush(self._leaving, (car.leaves_at, car.berth_id))

    def _draw_plate(self) -> Plate:
        if self._registered and self._random.random() < REGISTERED_SHARE:
            return self._registered.popleft()
        plate = draw_plate(self._random)
        while plate in self._ground.registered or plate in self._plates:
            plate = draw_plate(self._random)
        return plate

    def _manoeuvre_time(self) -> float:
        """Shorten a manoeuvre only where a rush is asked for, above sixty times reality."""
        return MANOEUVRE_S * min(1.0, MANOEUVRE_SPEED / self.speed)
