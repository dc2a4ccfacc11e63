"""Counts over the rows of other contexts."""

from datetime import datetime

from server.domain.billing import Bill
from server.domain.equipment import Device
from server.domain.estate import Place
from server.domain.stay import Stay, Supply
from server.kernel.work import Work

_ROOM = ("total", "free", "occupied", "unknown", "out_of_service")


async def room(work: Work, *, organization_id: str) -> dict[str, int]:
    """Sum the room of an organization's places."""
    mine = {"$match": {"organization_id": organization_id}}
    sums = {name: {"$sum": f"${name}"} for name in _ROOM}
    found = await work.table(Supply).aggregate([mine, {"$group": {"_id": None, **sums}}])
    return {name: found[0][name] if found else 0 for name in _ROOM}


async def stays(work: Work, *, organization_id: str, since: datetime) -> dict[str, int]:
    """Count the open stays, and those that began or ended since then."""
    mine = {"berth.organization_id": organization_id}
    rows = work.table(Stay)
    open_ = await rows.aggregate(
        [
            {"$match": {**mine, "open": True}},
            {
                "$group": {
                    "_id": None,
                    "open_stays": {"$sum": 1},
                    "identified_stays": {"$sum": {"$cond": [{"$gt": ["$plate", None]}, 1, 0]}},
                    "open_today": {"$sum": {"$cond": [{"$gte": ["$arrived_at", since]}, 1, 0]}},
                }
            },
        ]
    )
    counts = {name: open_[0][name] if open_ else 0 for name in ("open_stays", "identified_stays")}
    open_today = open_[0]["open_today"] if open_ else 0
    gone = {**mine, "open": False, "left_at": {"$gte": since}}
    counts["departures_today"] = await rows.count(gone)
    # Who came today is still there or has left today: so only today's rows are looked at.
    counts["arrivals_today"] = open_today + await rows.count(
        {**gone, "arrived_at": {"$gte": since}}
    )
    return counts


async def due(work: Work, *, organization_id: str, since: datetime) -> int:
    """Sum what was billed since then and not withdrawn, in fen."""
    found = await work.table(Bill).aggregate(
        [
            {
                "$match": {
                    "organization_id": organization_id,
                    "issued_at": {"$gte": since},
                    "standing": True,
                }
            },
            {"$group": {"_id": None, "due": {"$sum": "$due"}}},
        ]
    )
    return int(found[0]["due"]) if found else 0


async def devices(work: Work, *, organization_id: str) -> dict[str, int]:
    """Count the devices of an organization's places, and those that are silent."""
    places = await work.table(Place).find({"organization_id": organization_id})
    mine = {"place_id": {"$in": [place.id for place in places]}}
    rows = work.table(Device)
    return {
        "devices": await rows.count(mine),
        "devices_silent": await rows.count({**mine, "silent": True}),
    }
