"""Reads of tariffs and calendars for the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from server.domain.estate import Division, Place
from server.domain.tariff.model import CalendarYear, Car, Quote, Tariff, Terms
from server.domain.tariff.model.versions import IN_FORCE
from server.domain.tariff.rules import quote
from server.domain.tariff.rules.checking import Problem, problems
from server.domain.tariff.rules.compiled import Calendar
from server.kernel.access import in_scope
from server.kernel.errors import NotFound
from server.kernel.work import Work


async def tariffs_of(work: Work, *, code: str | None = None) -> list[Tariff]:
    """List the versions of the actor's organization's tariffs, the newest of each first."""
    where: dict[str, str] = {"organization_id": work.actor.organization_id}
    if code is not None:
        where["code"] = code
    found = await work.table(Tariff).find(where)
    return sorted(found, key=lambda one: (one.code, -one.number))


async def tariff_in_sight(work: Work, *, tariff_id: str) -> Tariff:
    """Read one version, if it is the actor's organization's."""
    found = await work.table(Tariff).maybe(tariff_id)
    if found is None or found.organization_id != work.actor.organization_id:
        raise NotFound("tariff_not_found", "没有找到该计费标准", id=tariff_id)
    return found


async def check_terms(work: Work, *, terms: Terms) -> list[Problem]:
    """List what is wrong with terms; a calendar that is not there is wrong too."""
    found = problems(terms)
    if terms.asks_calendar and terms.calendar_id:
        where = {"calendar_id": terms.calendar_id}
        if not await work.table(CalendarYear).find(where, limit=1):
            found.append(Problem("tariff_calendar_missing", f"没有计费日历 {terms.calendar_id}"))
    return found


async def calendar_of(work: Work, tariff: Tariff) -> Calendar:
    """Read the calendar that a version asks, by year."""
    if not tariff.terms.asks_calendar:
        return {}
    where = {"calendar_id": tariff.terms.calendar_id or ""}
    return {year.year: year for year in await work.table(CalendarYear).find(where)}


async def try_tariff(
    work: Work,
    *,
    tariff_id: str,
    arrived_at: datetime,
    left_at: datetime,
    zone: ZoneInfo,
    car: Car,
) -> Quote:
    """Price a made-up stay by a version in any state; nothing is kept."""
    tariff = await tariff_in_sight(work, tariff_id=tariff_id)
    calendar = await calendar_of(work, tariff)
    return quote(
        tariff, arrived_at=arrived_at, left_at=left_at, zone=zone, car=car, calendar=calendar
    )


async def calendar_years(work: Work) -> Sequence[CalendarYear]:
    """List every calendar's years, by name."""
    return await work.table(CalendarYear).find({}, sort="_id")


async def calendar_year(work: Work, *, year_id: str) -> CalendarYear:
    """Read one year of a calendar."""
    return await work.table(CalendarYear).get(year_id)


@dataclass(frozen=True, slots=True)
class PlaceUsing:
    """A place, its division's name, what it uses now and since when, if ever changed, and what is to come."""

    place: Place
    division: str
    tariff_code: str
    tariff: str
    since: datetime | None
    coming: "Coming | None"


@dataclass(frozen=True, slots=True)
class Coming:
    """A tariff that a place is to use from an instant on."""

    begins_at: datetime
    tariff_code: str
    tariff: str


async def places_by_tariff(work: Work, *, code: str | None = None) -> list[PlaceUsing]:
    """List the organization's places that the actor may see, by name.

    If a tariff is asked for, those that use it, and those that are to.
    """
    where = {"organization_id": work.actor.organization_id, **in_scope(work.actor.scope)}
    places = await work.table(Place).find(where, sort="name")
    uses = {place.id: place.tariff_at(work.now) for place in places}
    if code is not None:
        places = [one for one in places if code in (uses[one.id], one.tariff_id)]
    divisions = await work.table(Division).load({place.division_code for place in places})
    names = await tariff_names(work, {*uses.values(), *(place.tariff_id for place in places)})
    return [
        PlaceUsing(
            place,
            division=divisions[place.division_code].name
            if place.division_code in divisions
            else place.division_code,
            tariff_code=uses[place.id],
            tariff=names.get(uses[place.id], uses[place.id]),
            since=_since(place, work.now),
            coming=_coming(place, work.now, names),
        )
        for place in places
    ]


def _since(place: Place, now: datetime) -> datetime | None:
    begun = [past.until for past in place.past_tariffs if past.until <= now]
    return begun[-1] if begun else None


def _coming(place: Place, now: datetime, names: dict[str, str]) -> Coming | None:
    found = place.coming(now)
    return Coming(*found, names.get(found[1], found[1])) if found else None


async def tariff_names(work: Work, codes: set[str]) -> dict[str, str]:
    """Give the names of tariffs by their codes, as the newest version says that was published."""
    states = [state.value for state in IN_FORCE]
    found = await work.table(Tariff).find({"code": sorted(codes), "state": states})
    return {one.code: one.name for one in sorted(found, key=lambda one: one.number)}
