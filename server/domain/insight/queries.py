"""Counts over the rows of other contexts, and what another price would have made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.billing import Bill
from server.domain.equipment import Device
from server.domain.estate import Place
from server.domain.stay import Policy, Stay, Supply
from server.domain.tariff import (
    Calendar,
    Tariff,
    calendar_of,
    car_of,
    quote,
    tariff_in_sight,
    tariffs_of,
)
from server.kernel.codec import from_document
from server.kernel.errors import DomainError, Invalid
from server.kernel.money import Fen
from server.kernel.period import day_start, from_ms, to_ms
from server.kernel.work import Work

# 500 stays: some 50 ms to read and price, so a month of 100,000 moves its bar 200 times.
BATCH = 500
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


@dataclass(frozen=True, slots=True)
class Repriced:
    """A batch of stays that were priced by another version, and where to go on; None at the end."""

    stays: int = 0
    unpriced: int = 0
    dearer: int = 0
    cheaper: int = 0
    before: Fen = 0
    after: Fen = 0
    next: str | None = None


async def reprice_batch(
    work: Work, *, tariff_id: str, since: datetime, until: datetime, after: str | None
) -> Repriced:
    """Price some hundred closed stays of a tariff by a version of it; nothing is kept.

    The caller goes on with `next`, adds up, and shows how far it is: a month of stays is neither
    held in memory nor in one request.
    """
    tariff = await tariff_in_sight(work, tariff_id=tariff_id)
    calendar = await calendar_of(work, tariff)
    policy = await work.table(Policy).maybe("city") or Policy()
    match = {
        "berth.organization_id": work.actor.organization_id,
        "berth.tariff_id": tariff.code,
        "open": False,
        "left_at": {"$gte": since, "$lt": until},
    }
    rows = await work.table(Stay).aggregate(
        [
            {"$match": {**match, **_beyond(after)}},
            {"$sort": {"left_at": 1, "_id": 1}},
            {"$limit": BATCH},
        ]
    )
    stays = [from_document(Stay, row) for row in rows]
    zone = ZoneInfo(policy.time_zone)
    fees = [(stay.amount, _fee(tariff, stay, zone, calendar)) for stay in stays]
    both = [(old, new) for old, new in fees if old is not None and new is not None]
    last = stays[-1] if len(stays) == BATCH else None
    return Repriced(
        stays=len(stays),
        unpriced=len(stays) - len(both),
        dearer=sum(new > old for old, new in both),
        cheaper=sum(new < old for old, new in both),
        before=sum(old for old, _new in both),
        after=sum(new for _old, new in both),
        next=f"{to_ms(last.left_at)}.{last.id}" if last and last.left_at else None,
    )


def _beyond(after: str | None) -> dict[str, Any]:
    if after is None:
        return {}
    try:
        milliseconds, stay_id = after.split(".", 1)
        at = from_ms(int(milliseconds))
    except (ValueError, OverflowError) as error:
        raise Invalid("cursor_invalid", "游标无效") from error
    return {"$or": [{"left_at": {"$gt": at}}, {"left_at": at, "_id": {"$gt": stay_id}}]}


def _fee(tariff: Tariff, stay: Stay, zone: ZoneInfo, calendar: Calendar) -> Fen | None:
    """Price a stay by a version; None where it has no price. What is given once a day is given."""
    assert stay.left_at is not None
    car = car_of(stay.plate, earlier=() if stay.plate else None)
    try:
        return quote(
            tariff,
            arrived_at=stay.arrived_at,
            left_at=stay.left_at,
            zone=zone,
            car=car,
            calendar=calendar,
        ).amount
    except DomainError:
        return None


async def affected_stays(
    work: Work, *, calendar_id: str, dates: Sequence[date], limit: int = 200
) -> list[Stay]:
    """List closed stays of the organization that a calendar priced on these dates, latest first."""
    asking = [
        one.code
        for one in await tariffs_of(work)
        if one.terms.asks_calendar and one.terms.calendar_id == calendar_id
    ]
    policy = await work.table(Policy).maybe("city") or Policy()
    zone = ZoneInfo(policy.time_zone)
    touched = [
        {
            "left_at": {"$gt": day_start(on, zone)},
            "arrived_at": {"$lt": day_start(on + timedelta(days=1), zone)},
        }
        for on in dates
    ]
    if not (asking and touched):
        return []
    match = {
        "berth.organization_id": work.actor.organization_id,
        "berth.tariff_id": {"$in": asking},
        "open": False,
        "$or": touched,
    }
    latest = {"$sort": {"arrived_at": -1}}
    found = await work.table(Stay).aggregate([{"$match": match}, latest, {"$limit": limit}])
    return [from_document(Stay, row) for row in found]
