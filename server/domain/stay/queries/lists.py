"""Lists of stays, edits, requests and reviews for screens: filtered, in scope, page by page."""

from datetime import datetime, timedelta
from typing import Any

from server.domain.stay.model import Stay
from server.domain.stay.model.edits import EditRequest, RequestState, StayEdit
from server.domain.stay.model.reviews import LAPSING, UNRESOLVED, Review, ReviewReason, ReviewState
from server.domain.stay.service.edits import stay_in_sight
from server.kernel.access import Scope
from server.kernel.errors import Invalid
from server.kernel.ids import id_at
from server.kernel.pages import Page, after, containing, given, page_of
from server.kernel.work import Work

# 31 days a look: stays are found by their ids, which begin with when they were made, so that the
# list needs no index of its own.
SPAN = timedelta(days=31)


async def stays_in_scope(
    work: Work,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    place_id: str | None = None,
    number: str | None = None,
    state: str | None = None,
    flag: str | None = None,
    held: bool | None = None,
    doubtful: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Stay]:
    """List the stays that began in a time, a week by default; refuses more than 31 days.

    `number` is any part of a plate. `held` stays wait for a dispute or a suspected clone to be
    settled; `doubtful` ones have any flag.
    """
    until = until or work.now + timedelta(minutes=1)
    since = since or until - timedelta(days=7)
    if not timedelta(0) < until - since <= SPAN:
        raise Invalid("span_too_long", "时间范围须在 31 天以内", since=["时间范围不正确"])
    wanted = {
        "berth.place_id": place_id,
        "plate.number": containing(number),
        "state": state,
        "flags": flag,
        "holds.0": None if held is None else {"$exists": held},
        "flags.0": None if doubtful is None else {"$exists": doubtful},
    }
    match = given(wanted) | _scoped(work.actor.scope, "berth.division_code")
    match["arrived_at"] = {"$gte": since, "$lt": until}
    # A stay is made when its car has come, or later where that was learned late.
    before = min(cursor or "~", id_at(until + SPAN))
    match["_id"] = {"$gte": id_at(since), "$lt": before}
    return await page_of(work, Stay, match, limit)


async def requests_in_scope(
    work: Work,
    *,
    state: RequestState,
    stay_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[EditRequest]:
    """List requests for approval, of one stay or of any, the newest first."""
    wanted = given({"state": state.value, "stay_ids": stay_id})
    match = wanted | _scoped(work.actor.scope, "division_code")
    return await page_of(work, EditRequest, after(match, cursor), limit)


async def reviews_in_scope(
    work: Work,
    *,
    state: ReviewState,
    reason: ReviewReason | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Review]:
    """List what a person is to look at, the newest first."""
    match = {"state": state.value, **_scoped(work.actor.scope, "berth.division_code")}
    if reason is not None:
        match["reason"] = reason.value
    return await page_of(work, Review, after(match, cursor), limit)


async def doubtful_places(work: Work) -> list[tuple[str, str]]:
    """Name the places with reviews that lapse, each after its operator."""
    found = await work.table(Review).aggregate(
        [
            {
                "$match": {
                    "state": {"$in": [one.value for one in UNRESOLVED]},
                    "reason": {"$in": sorted(one.value for one in LAPSING)},
                }
            },
            {"$group": {"_id": {"operator": "$berth.organization_id", "place": "$berth.place_id"}}},
        ]
    )
    return sorted((row["_id"]["operator"], row["_id"]["place"]) for row in found)


async def edits_of(work: Work, *, stay_id: str) -> list[StayEdit]:
    """List a stay's edits, the oldest first."""
    stay = await stay_in_sight(work, stay_id=stay_id)
    return await work.table(StayEdit).find({"stay_ids": stay.id}, sort="at")


def _scoped(scope: Scope, field: str) -> dict[str, Any]:
    return {} if scope.everything else {field: {"$in": sorted(scope.division_codes)}}
