"""The city as drivers know it: the berths of each place from nearest to farthest, and what lies near."""

from collections.abc import Sequence
from dataclasses import dataclass

from devices.simulator.chance import chance
from devices.simulator.geometry import distance_m
from devices.simulator.model import DemoBerth, DemoCity, Quarter

NEAR_M = 700.0
NEAR_PLACES = 3


@dataclass(frozen=True, slots=True)
class PlaceGround:
    """A place with its berths in the order in which drivers look at them."""

    id: str
    division_code: str
    quarter: Quarter
    berth_ids: tuple[str, ...]


class Ground:
    """The places of a city that have berths, with their neighbours."""

    def __init__(self, city: DemoCity, seed: int) -> None:
        berths: dict[str, list[DemoBerth]] = {}
        for berth in city.berths:
            berths.setdefault(berth.place_id, []).append(berth)
        self.places = tuple(
            PlaceGround(
                place.id, place.division_code, place.quarter, _by_distance(seed, berths[place.id])
            )
            for place in city.places
            if place.id in berths
        )
        self.place_of = {id: place for place in self.places for id in place.berth_ids}
        self.registered = {(vehicle.number, vehicle.color) for vehicle in city.vehicles}
        self._near = {place.id: self._neighbours(city, place) for place in self.places}

    def near(self, place: PlaceGround) -> Sequence[PlaceGround]:
        """Give up to three other places within 700 m, nearest first."""
        return self._near[place.id]

    def _neighbours(self, city: DemoCity, place: PlaceGround) -> list[PlaceGround]:
        point = city.place_by_id[place.id].point
        measured = (
            (distance_m(point, city.place_by_id[other.id].point), other) for other in self.places
        )
        within = [
            (distance, other)
            for distance, other in measured
            if other != place and distance < NEAR_M
        ]
        return [other for _, other in sorted(within, key=lambda pair: pair[0])[:NEAR_PLACES]]


def _by_distance(seed: int, berths: Sequence[DemoBerth]) -> tuple[str, ...]:
    """Order by the way from a door: a lot's entrance, or a house somewhere along the street."""
    first = berths[0]
    random = chance(seed, "door", first.place_id)
    door = first if first.kind == "lot" else random.choice(berths)
    nearest = sorted(berths, key=lambda berth: distance_m(door.polygon[0], berth.polygon[0]))
    return tuple(berth.id for berth in nearest)
