"""A stay cut into parts that each lie under one rate, on one day, within one period."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.tariff.model import Period
from server.domain.tariff.rules.compiled import DAY_S, Calendar, Compiled, Row
from server.kernel.errors import Refused
from server.kernel.money import Fen


class Part:
    """Seconds [start, end) since 1970 under one row, whose window opened on the city's day `day`.

    `fee` is what they still cost: discounts and caps take from it. `next_midnight` ends that day.
    """

    __slots__ = ("day", "end", "fee", "next_midnight", "row", "start")

    def __init__(self, start: int, end: int, row: Row, day: int, next_midnight: int) -> None:
        self.start = start
        self.end = end
        self.row = row
        self.day = day
        self.next_midnight = next_midnight
        self.fee: Fen = 0

    @property
    def seconds(self) -> int:
        """Say how long it is."""
        return self.end - self.start

    @property
    def date(self) -> int:
        """Give the city's date that it lies on, as an ordinal."""
        return self.day + (self.start >= self.next_midnight)

    def within(self, period: Period, arrived_s: int) -> Any:
        """Name the period of that kind that a counter is in; a window stays with its first day."""
        if period is Period.ROLLING_DAY:
            return (self.start - arrived_s) // DAY_S
        if period is Period.NATURAL_DAY:
            return self.day
        return (self.day, self.row.number) if period is Period.WINDOW else 0

    def capped_within(self, period: Period, arrived_s: int) -> Any:
        """Name the period of that kind that money falls in: a natural day is the date itself."""
        return self.date if period is Period.NATURAL_DAY else self.within(period, arrived_s)


def parts_of(
    plan: Compiled, start: int, end: int, zone: ZoneInfo, calendar: Calendar
) -> list[Part]:
    """Lay the windows of the days over a stay; refuses where one is missing or two lie together."""
    on = datetime.fromtimestamp(start, zone).date()
    midnight = wall_s(on, 0, zone)
    if start < midnight + plan.overnight_s:
        on -= timedelta(days=1)
        midnight = wall_s(on, 0, zone)
    parts: list[Part] = []
    midnights: list[int] = []
    while midnight < end:
        after = on + timedelta(days=1)
        next_midnight = wall_s(after, 0, zone)
        for row in plan.rows_of(on, calendar):
            opens, closes = _hours(row, on, midnight, next_midnight, zone)
            if closes > start and opens < end:
                opens, closes = max(opens, start), min(closes, end)
                parts.append(Part(opens, closes, row, on.toordinal(), next_midnight))
        midnights.append(next_midnight)
        on, midnight = after, next_midnight
    if plan.overnight_s:
        parts.sort(key=lambda part: part.start)
    _refuse_holes(parts, start, end)
    if plan.natural_cuts:
        parts = cut(parts, midnights)
    if plan.rolling_cuts and end - start > DAY_S:
        parts = cut(parts, range(start + DAY_S, end, DAY_S))
    return parts


def wall_s(on: date, second: int, zone: ZoneInfo) -> int:
    """Give the instant at which the city's clocks show that second of a date."""
    midnight = datetime.combine(on, time(), zone)
    return int((midnight + timedelta(seconds=second)).timestamp())


def _hours(
    row: Row, on: date, midnight: int, next_midnight: int, zone: ZoneInfo
) -> tuple[int, int]:
    if row.to_s <= DAY_S and next_midnight - midnight == DAY_S:
        return midnight + row.from_s, midnight + row.to_s
    # The clocks are put forward or back on this day, or may be on the next.
    return wall_s(on, row.from_s, zone), wall_s(on, row.to_s, zone)


def _refuse_holes(parts: Iterable[Part], start: int, end: int) -> None:
    at = start
    for part in parts:
        if part.start != at:
            break
        at = part.end
    else:
        if at == end:
            return
        raise _hole("tariff_gap", "计费标准没有覆盖该时刻，无法计费", at)
    if part.start > at:
        raise _hole("tariff_gap", "计费标准没有覆盖该时刻，无法计费", at)
    raise _hole("tariff_overlap", "计费标准在该时刻有多条规则，无法计费", part.start)


def _hole(code: str, message: str, second: int) -> Refused:
    return Refused(code, message, at=datetime.fromtimestamp(second, UTC).isoformat())


def cut(parts: Sequence[Part], instants: Iterable[int]) -> list[Part]:
    """Cut parts at instants, which are in order."""
    pieces: list[Part] = []
    coming = iter(instants)
    instant = next(coming, None)
    for part in parts:
        while instant is not None and instant <= part.start:
            instant = next(coming, None)
        while instant is not None and instant < part.end:
            head = Part(part.start, instant, part.row, part.day, part.next_midnight)
            pieces.append(head)
            part = Part(instant, part.end, part.row, part.day, part.next_midnight)
            instant = next(coming, None)
        pieces.append(part)
    return pieces


def take(parts: Iterable[Part], amount: Fen) -> None:
    """Take an amount off the fees of parts, the last first."""
    for part in reversed([*parts]):
        off = min(part.fee, amount)
        part.fee -= off
        amount -= off
    assert not amount, "more was taken than there was"
