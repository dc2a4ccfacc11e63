"""Reads over berths and stays that no single row answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.domain.estate import LngLat, Place, distance_m
from server.domain.stay.model import Occupancy, OccupancyState, Stay, Supply
from server.domain.tariff import Pricing, Tariff, load_pricing
from server.kernel.access import in_scope
from server.kernel.errors import NotFound
from server.kernel.work import Near, Work

_COUNTED_AS = {
    OccupancyState.FREE: "free",
    OccupancyState.PENDING_FREE: "occupied",  # not to be promised to anybody yet
    OccupancyState.PENDING_OCCUPIED: "occupied",
    OccupancyState.OCCUPIED: "occupied",
    OccupancyState.UNKNOWN: "unknown",
    OccupancyState.OUT_OF_SERVICE: "out_of_service",
}


async def changed_places(work: Work, *, since: datetime) -> list[str]:
    """Name the places where a berth has changed since then."""
    found = await work.table(Occupancy).aggregate(
        [
            {"$match": {"changed_at": {"$gte": since}}},
            {"$group": {"_id": "$berth.place_id"}},
        ]
    )
    return [row["_id"] for row in found]


async def count_berths(work: Work, place_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the berths of places by what they can be used for."""
    found = await work.table(Occupancy).aggregate(
        [
            {"$match": {"berth.place_id": {"$in": list(place_ids)}}},
            {
                "$group": {
                    "_id": {"place_id": "$berth.place_id", "state": "$state"},
                    "count": {"$sum": 1},
                }
            },
        ]
    )
    names = ("total", "free", "occupied", "unknown", "out_of_service")
    counts = {place_id: dict.fromkeys(names, 0) for place_id in place_ids}
    for row in found:
        of_place = counts[row["_id"]["place_id"]]
        of_place["total"] += row["count"]
        of_place[_COUNTED_AS[OccupancyState(row["_id"]["state"])]] += row["count"]
    return counts


@dataclass(frozen=True, slots=True)
class PlaceRoom:
    """A place with its room and its price, and how far away it is, if that was asked.

    `coming` is the next price that is known of, and from when on it holds.
    """

    place: Place
    supply: Supply | None
    tariff: Tariff
    distance_m: int | None = None
    coming: tuple[datetime, Tariff] | None = None


async def room_near(
    work: Work, *, near: LngLat, radius_m: int, kind: str | None, limit: int
) -> list[PlaceRoom]:
    """Find places around a point, the nearest first."""
    where: dict[str, Any] = {"point": Near(near, radius_m)}
    if kind is not None:
        where["kind"] = kind
    return await _with_room(work, await work.table(Place).find(where, limit=limit), near)


async def room_in_scope(work: Work, *, kind: str | None = None) -> list[PlaceRoom]:
    """List the places that the actor may see, by name."""
    where: dict[str, Any] = in_scope(work.actor.scope)
    if kind is not None:
        where["kind"] = kind
    return await _with_room(work, await work.table(Place).find(where, sort="name"), None)


async def room_of(work: Work, *, place_id: str) -> PlaceRoom:
    """Read one place."""
    [found] = await _with_room(work, [await work.table(Place).get(place_id)], None)
    return found


async def room_in_sight(work: Work, *, place_id: str) -> PlaceRoom:
    """Read one place, if the actor may see it."""
    found = await room_of(work, place_id=place_id)
    if not work.actor.scope.covers(found.place.division_code):
        raise NotFound("place_not_found", "没有找到这条记录", id=place_id)
    return found


async def _with_room(work: Work, places: Sequence[Place], near: LngLat | None) -> list[PlaceRoom]:
    supplies = await work.table(Supply).load(place.id for place in places)
    codes = {place.tariff_at(work.now) for place in places}
    codes |= {code for place in places for _, code in place.tariffs_after(work.now)}
    pricing = await load_pricing(work, codes)
    return [
        PlaceRoom(
            place,
            supplies.get(place.id),
            pricing[place.tariff_at(work.now)].at(work.now),
            round(distance_m(near, place.point.coordinates)) if near else None,
            _next_price(place, pricing, work.now),
        )
        for place in places
    ]


def _next_price(
    place: Place, pricing: Mapping[str, Pricing], now: datetime
) -> tuple[datetime, Tariff] | None:
    """Tell what comes first: another tariff of the place, or the next version of its tariff."""
    changes = place.tariffs_after(now)[:1]
    code = place.tariff_at(now)
    ends = pricing[code].at(now).valid_to
    if ends is not None and all(ends < at for at, _ in changes):
        return ends, pricing[code].at(ends)
    return next(((at, pricing[code].at(at)) for at, code in changes), None)


async def stays_of(work: Work, *, owner_id: str, limit: int = 50) -> list[Stay]:
    """List an owner's stays, the latest first."""
    return await work.table(Stay).find({"owner_id": owner_id}, sort="-arrived_at", limit=limit)
