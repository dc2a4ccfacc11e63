"""Which versions of a tariff price a stay, and how it is split where they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from server.domain.tariff.model import CalendarYear, Car, OnChange, Period, Quote, Tariff
from server.domain.tariff.model.terms import Grant
from server.domain.tariff.rules.charging import is_free
from server.domain.tariff.rules.quoting import CASUAL, quote
from server.kernel.errors import Refused
from server.kernel.nouns import replace


@dataclass(frozen=True, slots=True)
class Pricing:
    """The versions of one tariff that were ever published, and the calendars that they ask."""

    code: str
    versions: Sequence[Tariff]
    calendars: Mapping[str, dict[int, CalendarYear]]

    @property
    def asks_history(self) -> bool:
        """Say whether a plate's earlier stays may matter."""
        return any(version.terms.asks_history for version in self.versions)

    def at(self, instant: datetime) -> Tariff:
        """Give the version in force; refuses with `tariff_not_in_force` where there is none."""
        for version in self.versions:
            if version.in_force_at(instant):
                return version
        raise Refused("tariff_not_in_force", "该时刻没有生效的计费标准", code=self.code)

    def keeps(self, arrived_at: datetime, until: datetime) -> bool:
        """Say whether a stay that began then is priced by one version alone, whatever comes then."""
        version = self.at(arrived_at)
        while version.on_change is OnChange.SPLIT:
            if version.valid_to is None or version.valid_to >= until:
                return False
            version = self.at(version.valid_to)
        return True

    def quote(
        self,
        *,
        arrived_at: datetime,
        left_at: datetime,
        zone: ZoneInfo,
        car: Car = CASUAL,
        later: Sequence[tuple[datetime, "Pricing"]] = (),
    ) -> Quote:
        """Price a stay by the version in force at its arrival, or by each in turn if it splits.

        Each part of a split stay is priced as a stay of its own, but for what is given once a
        stay: free time is judged by its whole length, and only the first part has it. `later` are
        the tariffs that its place has changed to since, and when: a version that splits a stay
        for its successor does so for them too.
        """
        pricing, version = self, self.at(arrived_at)
        parts: list[Quote] = []
        at, whole_s = arrived_at, int((left_at - arrived_at).total_seconds())
        while version.on_change is OnChange.SPLIT:
            end, heir = _succession(pricing, version, at, later)
            if end is None or end >= left_at:
                break
            one = _part(version, first=not parts, whole_s=whole_s)
            parts.append(_price(pricing, one, at, end, zone, car))
            at, pricing = end, heir
            version = heir.at(at)
        if not parts:
            return _price(self, version, arrived_at, left_at, zone, car)
        last = _part(version, first=False, whole_s=whole_s)
        parts.append(_price(pricing, last, at, left_at, zone, car))
        lines = tuple(line for part in parts for line in part.lines)
        return Quote(sum(part.amount for part in parts), lines, parts[-1].over_s)


def _succession(
    pricing: Pricing, version: Tariff, at: datetime, later: Sequence[tuple[datetime, Pricing]]
) -> tuple[datetime | None, Pricing]:
    """Say until when a version prices a stay that it splits, and which tariff does from then on."""
    ends = version.valid_to
    for changed_at, heir in later:
        if changed_at > at and (ends is None or changed_at <= ends):
            return changed_at, heir
    return ends, pricing


def _price(
    pricing: Pricing, version: Tariff, start: datetime, end: datetime, zone: ZoneInfo, car: Car
) -> Quote:
    calendar = pricing.calendars.get(version.terms.calendar_id or "", {})
    return quote(version, arrived_at=start, left_at=end, zone=zone, car=car, calendar=calendar)


def _part(version: Tariff, *, first: bool, whole_s: int) -> Tariff:
    """Take from the terms what a part of a stay does not get."""
    terms = version.terms
    free = terms.free
    if free and free.every is Period.STAY:
        deducted = free.grant is Grant.DEDUCTED
        free = free if (first if deducted else is_free(free, whole_s)) else None
    once = terms.first_free if first else None
    return replace(version, v=0, terms=replace(terms, free=free, first_free=once))
