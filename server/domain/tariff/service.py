"""Use cases of tariffs: what prices stays, the life of a version, and calendars."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.estate import Place, keep_tariff, use_tariff
from server.domain.tariff.events import TariffCalendarChanged, TariffPublished
from server.domain.tariff.model import (
    CalendarYear,
    Car,
    DayChange,
    OnChange,
    Tariff,
    TariffState,
    Terms,
)
from server.domain.tariff.model.versions import IN_FORCE, version_id
from server.domain.tariff.queries import (
    calendar_year,
    check_terms,
    tariff_in_sight,
    tariffs_of,
    try_tariff,
)
from server.domain.tariff.rules import Pricing
from server.domain.tariff.rules.calendars import read_list, year_of
from server.domain.tariff.rules.checking import Problem, check
from server.kernel.errors import Invalid, NotFound, Refused
from server.kernel.money import Fen, yuan
from server.kernel.nouns import replace
from server.kernel.work import Work

# 2 s: ingest knows a place for a second; by then it knows of the change wherever cars arrive.
_KNOWN_WITHIN = timedelta(seconds=2)
# A year and a day: a fee notice for the next year is the farthest that anybody decides.
_PLANNED_WITHIN = timedelta(days=366)
_UNPUBLISHED = (TariffState.DRAFT, TariffState.VALIDATED, TariffState.TRIAL_PASSED)


async def publish_tariffs(work: Work, *, tariffs: Sequence[Tariff]) -> None:
    """Put in checked tariffs that are not there yet, in the state that they say."""
    rows = work.table(Tariff)
    have = await rows.load(tariff.id for tariff in tariffs)
    for tariff in tariffs:
        if tariff.id not in have:
            rows.add(check(tariff))


async def put_calendars(work: Work, *, years: Sequence[CalendarYear]) -> None:
    """Put in years of calendars that are not there yet."""
    rows = work.table(CalendarYear)
    have = await rows.load(year.id for year in years)
    for year in years:
        if year.id not in have:
            rows.add(year)


async def load_pricing(work: Work, codes: Iterable[str]) -> dict[str, Pricing]:
    """Read what is needed to price stays by tariffs: published versions, and their calendars."""
    wanted = sorted(set(codes))
    states = [one.value for one in IN_FORCE]
    found = await work.table(Tariff).find({"code": wanted, "state": states})
    calendars: dict[str, dict[int, CalendarYear]] = {}
    asked = {one.terms.calendar_id for one in found if one.terms.asks_calendar}
    if asked:
        for year in await work.table(CalendarYear).find({"calendar_id": sorted(map(str, asked))}):
            calendars.setdefault(year.calendar_id, {})[year.year] = year
    versions: dict[str, list[Tariff]] = {code: [] for code in wanted}
    for one in sorted(found, key=lambda one: one.valid_from, reverse=True):
        versions[one.code].append(one)
    return {code: Pricing(code, versions[code], calendars) for code in wanted}


async def draft_tariff(
    work: Work,
    *,
    code: str,
    name: str,
    terms: Terms,
    on_change: OnChange = OnChange.KEEP,
    approval: str = "",
    note: str = "",
) -> Tariff:
    """Begin a tariff, or the next version of one.

    Refuses with `tariff_draft_exists` while another version is being worked on, and with
    `tariff_code_taken` where the code is another organization's.
    """
    versions = await work.table(Tariff).find({"code": code})
    if any(one.organization_id != work.actor.organization_id for one in versions):
        raise Refused("tariff_code_taken", "该编码已被其他组织使用", code=code)
    if any(one.state in _UNPUBLISHED for one in versions):
        raise Refused("tariff_draft_exists", "该计费标准已有未发布的版本", code=code)
    number = max((one.number for one in versions), default=0) + 1
    return work.table(Tariff).add(
        Tariff(
            id=version_id(code, number),
            code=code,
            name=name,
            number=number,
            state=TariffState.DRAFT,
            valid_from=work.now,
            on_change=on_change,
            approval=approval,
            note=note,
            organization_id=work.actor.organization_id,
            terms=terms,
        )
    )


async def change_draft(
    work: Work,
    *,
    tariff_id: str,
    v: int,
    name: str,
    terms: Terms,
    on_change: OnChange,
    approval: str,
    note: str,
) -> Tariff:
    """Say otherwise in a version that is not published; it is a draft again."""
    draft = (await _version(work, tariff_id, v)).move(TariffState.DRAFT)
    changed = replace(
        draft, name=name, terms=terms, on_change=on_change, approval=approval, note=note
    )
    return work.table(Tariff).save(changed)


async def validate_tariff(
    work: Work, *, tariff_id: str, v: int
) -> tuple[Tariff, Sequence[Problem]]:
    """Look for gaps and overlaps; without any, the version goes on to the trial."""
    tariff = await _version(work, tariff_id, v)
    found = await check_terms(work, terms=tariff.terms)
    if found:
        return tariff, found
    return work.table(Tariff).save(tariff.move(TariffState.VALIDATED)), ()


async def pass_trial(
    work: Work,
    *,
    tariff_id: str,
    v: int,
    arrived_at: datetime,
    left_at: datetime,
    zone: ZoneInfo,
    car: Car,
    expected: Fen,
) -> Tariff:
    """Confirm a trial whose amount was worked out by hand; refuses with `trial_differs`."""
    tariff = (await _version(work, tariff_id, v)).move(TariffState.TRIAL_PASSED)
    priced = await try_tariff(
        work, tariff_id=tariff_id, arrived_at=arrived_at, left_at=left_at, zone=zone, car=car
    )
    if priced.amount != expected:
        message = f"试算为 {yuan(priced.amount)}，与预期 {yuan(expected)} 不符"
        raise Refused("trial_differs", message, amount=priced.amount, expected=expected)
    return work.table(Tariff).save(tariff)


async def publish_tariff(
    work: Work, *, tariff_id: str, v: int, valid_from: datetime | None = None
) -> Tariff:
    """Put a version in force, now or later; the version before it ends at that instant.

    One that was to begin then or later is given up before it does: what was announced by mistake
    prices nobody. Refuses an instant that is past, and the start of a version that has begun.
    """
    tariff = check(await _version(work, tariff_id, v))
    begins = valid_from or work.now
    if begins < work.now:
        raise Invalid("tariff_validity_wrong", "生效时间不能早于现在")
    rows = work.table(Tariff)
    for before in await tariffs_of(work, code=tariff.code):
        ended = before.end(begins, now=work.now)
        if ended != before:
            rows.save(ended)
    published = rows.save(replace(tariff.move(TariffState.PUBLISHED), valid_from=begins))
    work.tell(
        TariffPublished(
            at=work.now,
            tariff_id=published.id,
            code=published.code,
            organization_id=published.organization_id,
            valid_from=begins,
        )
    )
    return published


@dataclass(frozen=True, slots=True)
class Assignment:
    """What putting places under a tariff means: those that move, and those that use it already.

    Of those that move `replaced` had another change to come, which does not come then.
    """

    tariff: Tariff
    moving: Sequence[Place]
    unchanged: int
    begins_at: datetime
    replaced: int


async def plan_assignment(
    work: Work, *, tariff_id: str, places: Mapping[str, int], begins_at: datetime | None = None
) -> Assignment:
    """Say what `assign_tariff` would do; nothing is done. Refuses what it refuses."""
    code = (await tariff_in_sight(work, tariff_id=tariff_id)).code
    known_at, at = _known_at(work), _begin(work, begins_at)
    tariff = (await load_pricing(work, [code]))[code].at(at)
    found = await _places(work, places)
    moving = [one for one in found if one.keep(after=known_at).use(code, at=at) != one]
    _check_seen(moving, places)
    replaced = sum(one.coming(known_at) is not None for one in moving)
    return Assignment(tariff, moving, len(places) - len(moving), at, replaced)


async def assign_tariff(
    work: Work, *, tariff_id: str, places: Mapping[str, int], begins_at: datetime | None = None
) -> Assignment:
    """Let places use a tariff: stays that begin there from an instant on are priced by it.

    Without an instant, or with an earlier one, that is two seconds from now. Running stays go on by
    the tariff that they began with, unless its version splits them. A change that was still to come
    gives way to this one. `places` gives the version seen of each by its id; one that uses the
    tariff already stays as it is, so the same again changes nothing. Refuses with
    `assignment_time_wrong` an instant that is past or more than a year ahead, with
    `tariff_not_in_force` where no published version is then, with `place_not_found` for what is
    unknown, out of scope or another operator's, and with `place_changed` where somebody was faster.
    """
    plan = await plan_assignment(work, tariff_id=tariff_id, places=places, begins_at=begins_at)
    code, known_at = plan.tariff.code, _known_at(work)
    use_tariff(work, places=plan.moving, tariff_id=code, at=plan.begins_at, known_at=known_at)
    return plan


async def cancel_assignments(work: Work, *, places: Mapping[str, int]) -> int:
    """Let places keep what they use instead of what was to come; says at how many that was so.

    Where nothing is to come any more since it was seen, somebody has cancelled it before: that
    changes nothing. Refuses with `assignment_begun` where it has begun, or will within two seconds,
    and as `assign_tariff` does for what is not there or was seen otherwise.
    """
    known_at = _known_at(work)
    found = await _places(work, places)
    kept = [one for one in found if one.keep(after=known_at) != one]
    begun = [one.id for one in found if one not in kept and one.v == places[one.id]]
    if begun:
        raise Refused("assignment_begun", "预定的更换已经生效，不能再取消", place_ids=begun)
    _check_seen(kept, places)
    keep_tariff(work, places=kept, known_at=known_at)
    return len(kept)


def _known_at(work: Work) -> datetime:
    return work.now + _KNOWN_WITHIN


def _begin(work: Work, begins_at: datetime | None) -> datetime:
    """Say when a change begins: as asked, but not before everybody knows of it."""
    if begins_at is None:
        return _known_at(work)
    if not work.now <= begins_at <= work.now + _PLANNED_WITHIN:
        message = "生效时间须晚于现在，且在一年以内"
        raise Invalid("assignment_time_wrong", message, begins_at=[message])
    return max(begins_at.replace(microsecond=0), _known_at(work))


async def _places(work: Work, places: Mapping[str, int]) -> Sequence[Place]:
    found = await work.table(Place).load(places)
    unseen = [id for id in places if id not in found or not _sees(work, found[id])]
    if unseen:
        raise NotFound("place_not_found", "没有找到该停车场", place_ids=unseen)
    return [*found.values()]


def _check_seen(found: Sequence[Place], seen: Mapping[str, int]) -> None:
    stale = [place.id for place in found if place.v != seen[place.id]]
    if stale:
        raise Refused("place_changed", "停车场已被他人修改，请刷新后重试", place_ids=stale)


def _sees(work: Work, place: Place) -> bool:
    own = place.organization_id == work.actor.organization_id
    return own and work.actor.scope.covers(place.division_code)


async def import_calendar(work: Work, *, calendar_id: str, name: str, text: str) -> CalendarYear:
    """Take a year from the State Council's list; a year that is there already is changed to it."""
    changes = read_list(text)
    made = year_of(calendar_id, name, changes, year=changes[0].on.year)
    rows = work.table(CalendarYear)
    before = await rows.maybe(made.id)
    if before is None:
        return rows.add(made)
    return _save_changed(work, before, replace(before, days=made.days, names=made.names, name=name))


async def change_calendar(
    work: Work, *, year_id: str, v: int, changes: Sequence[DayChange]
) -> CalendarYear:
    """Say of some dates what kind of day they are; stays that they priced are not priced anew."""
    before = await calendar_year(work, year_id=year_id)
    if before.v != v:
        raise Refused("calendar_changed", "日历已被他人修改，请刷新后重试", v=before.v)
    return _save_changed(work, before, before.change(*changes))


def _save_changed(work: Work, before: CalendarYear, after: CalendarYear) -> CalendarYear:
    if after == before:
        return before
    dates = tuple(before.differing(after))
    kept = work.table(CalendarYear).save(after)
    work.tell(
        TariffCalendarChanged(
            at=work.now, calendar_id=kept.calendar_id, year=kept.year, dates=dates
        )
    )
    return kept


async def _version(work: Work, tariff_id: str, v: int) -> Tariff:
    tariff = await tariff_in_sight(work, tariff_id=tariff_id)
    if tariff.v != v:
        raise Refused("tariff_changed", "计费标准已被他人修改，请刷新后重试", v=tariff.v)
    return tariff
