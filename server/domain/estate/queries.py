"""Reads of what the city owns, for screens."""

from datetime import UTC, datetime

from server.domain.estate.model import Berth, City, Division, Place
from server.kernel.access import in_scope
from server.kernel.work import AtLeast, Work

_EVER = AtLeast(datetime(2000, 1, 1, tzinfo=UTC))


async def repriced_places(work: Work) -> dict[str, Place]:
    """Read the places that have ever changed their tariff: one question, whatever is priced."""
    # 3 µs a place to read: a thousand of them once a second are 0.3 % of an ingest's core.
    return {one.id: one for one in await work.table(Place).find({"past_tariffs.until": _EVER})}


async def berths_of(work: Work, *, place_id: str) -> list[Berth]:
    """List a place's berths in their order."""
    await work.table(Place).get(place_id)
    return await work.table(Berth).find({"place_id": place_id}, sort="ordinal")


async def berths_in_scope(work: Work) -> list[Berth]:
    """List the berths that the actor may see."""
    return await work.table(Berth).find(in_scope(work.actor.scope))


async def divisions_in_scope(work: Work) -> list[Division]:
    """List the divisions that the actor may see."""
    divisions = await work.table(Division).find({}, sort="_id")
    return [division for division in divisions if work.actor.scope.covers(division.id)]


async def the_city(work: Work) -> City:
    """Read the city itself."""
    return await work.table(City).get("city")
