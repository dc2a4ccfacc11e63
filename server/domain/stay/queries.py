"""Reads over berths and stays that no single row answers."""

from collections.abc import Sequence
from datetime import datetime

from server.domain.stay.model import Occupancy, OccupancyState
from server.kernel.work import Work

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
