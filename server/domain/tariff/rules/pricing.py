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

    def quote(
        self, *, arrived_at: datetime, left_at: datetime, zone: ZoneInfo, car: Car = CASUAL
    ) -> Quote:
        """Price a stay by the version in force at its arrival, or by each in turn if it splits.

        Each part of a split stay is priced as a stay of its own, but for what is given once a
        stay: free time is judged by its whole length, and only the first part has it.
        """
        version = self.at(arrived_at)
        parts: list[Quote] = []
        at, whole_s = arrived_at, int((left_at - arrived_at).total_seconds())
        while _splits(version, left_at):
            assert version.valid_to is not None
            one = _part(version, first=not parts, whole_s=whole_s)
            parts.append(self._one(one, at, version.valid_to, zone, car))
            at = version.valid_to
            version = self.at(at)
        if not parts:
            return self._one(version, arrived_at, left_at, zone, car)
        last = _part(version, first=False, whole_s=whole_s)
        parts.append(self._one(last, at, left_at, zone, car))
        lines = tuple(line for part in parts for line in part.lines)
        return Quote(sum(part.amount for part in parts), lines, parts[-1].over_s)

    def _one(
        self, version: Tariff, start: datetime, end: datetime, zone: ZoneInfo, car: Car
    ) -> Quote:
        calendar = self.calendars.get(version.terms.calendar_id or "", {})
        return quote(version, arrived_at=start, left_at=end, zone=zone, car=car, calendar=calendar)


def _splits(version: Tariff, left_at: datetime) -> bool:
    ends = version.valid_to is not None and version.valid_to < left_at
    return ends and version.on_change is OnChange.SPLIT


def _part(version: Tariff, *, first: bool, whole_s: int) -> Tariff:
    """Take from the terms what a part of a stay does not get."""
    terms = version.terms
    free = terms.free
    if free and free.every is Period.STAY:
        deducted = free.grant is Grant.DEDUCTED
        free = free if (first if deducted else is_free(free, whole_s)) else None
    once = terms.first_free if first else None
    return replace(version, v=0, terms=replace(terms, free=free, first_free=once))
