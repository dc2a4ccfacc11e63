"""Reads of parking entries: those that are due, and those of a stay."""

from collections.abc import Sequence

from server.domain.autopay.model import ParkingEntry
from server.domain.stay import stay_in_sight
from server.kernel.work import AtMost, Work


async def entries_to_ask(work: Work, *, limit: int = 100) -> Sequence[ParkingEntry]:
    """List the entries that a provider is to be told of, or debited by, the longest overdue first."""
    due = {"ask_at": AtMost(work.now), "live": True}
    return await work.table(ParkingEntry).find(due, sort="ask_at", limit=limit)


async def entries_of_stay(work: Work, *, stay_id: str) -> Sequence[ParkingEntry]:
    """List the entries of a stay that the actor may see, the first first."""
    stay = await stay_in_sight(work, stay_id=stay_id)
    return await work.table(ParkingEntry).find({"stay_id": stay.id}, sort="created_at")
