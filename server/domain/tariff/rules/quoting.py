"""From a tariff, a car and two instants to an amount with its reasons. Pure."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.tariff.model import (
    Car,
    FreeTime,
    Line,
    LineKind,
    Mixing,
    Period,
    Quote,
    Tariff,
)
from server.domain.tariff.rules.adjusting import (
    all_free,
    caps,
    discounts,
    first_minutes,
    free_line,
    free_time,
    grant,
    limits,
    penalty,
    within_max,
)
from server.domain.tariff.rules.charging import MINUTE_S, beyond_free, cost, scaled
from server.domain.tariff.rules.compiled import Calendar, Compiled, compiled
from server.domain.tariff.rules.parts import Part, cut, parts_of

CASUAL = Car()
NO_CALENDAR: Calendar = {}


def quote(
    tariff: Tariff,
    *,
    arrived_at: datetime,
    left_at: datetime,
    zone: ZoneInfo,
    car: Car = CASUAL,
    calendar: Calendar = NO_CALENDAR,
) -> Quote:
    """Price a stay; the lines sum to the amount to the fen.

    Both instants are cut to whole seconds, which is what a driver is shown. Refuses with
    `tariff_gap`, `tariff_overlap`, `vehicle_class_unknown`, `day_class_missing` and
    `calendar_day_missing`: what has no price does not cost nothing.
    """
    assert arrived_at <= left_at
    start, end = int(arrived_at.timestamp()), int(left_at.timestamp())
    plan = compiled(tariff, car)
    free = free_time(plan.terms, car, start, zone)
    if free and (all_free(free, end - start) or (start == end and free.minutes)):
        return Quote(0, (free_line(free, end - start),))
    # Of no time at all it is asked too whether the hour is a free one: then the least is not due.
    parts = parts_of(plan, start, max(end, start + 1), zone, calendar)
    parts[-1].end = end
    over_s = 0
    if plan.terms.max_stay:
        parts, over_s = within_max(plan.terms.max_stay, parts, start, end)
    lines: list[Line] = []
    if free:
        parts, lines = _granted(parts, free, start)
        if lines and not over_s and all(part.row.rate.costless for part in parts):
            return Quote(0, tuple(lines))
    lines += _charged(plan, parts, start)
    if plan.terms.discounts:
        lines += discounts(plan.terms, car, parts, start, zone, after_caps=False)
    lines += caps(plan, car, parts, start, calendar)
    if plan.terms.discounts:
        lines += discounts(plan.terms, car, parts, start, zone, after_caps=True)
    if over_s and plan.terms.max_stay:
        lines.append(penalty(plan.terms.max_stay, over_s))
    amount = sum(line.amount for line in lines)
    # Hours that are free are free, whatever the least of a bill is.
    if amount or not all(part.row.rate.costless for part in parts):
        lines += limits(plan.terms, amount)
    return Quote(sum(line.amount for line in lines), tuple(lines), over_s)


def _granted(parts: list[Part], free: FreeTime, start: int) -> tuple[list[Part], list[Line]]:
    parts, given_s = grant(parts, free, start)
    return parts, [free_line(free, given_s)] if given_s else []


class _Counted:
    """What one line of a quote counts: a row within one period of its counter."""

    __slots__ = ("fee", "seconds", "units")

    def __init__(self) -> None:
        self.seconds = 0
        self.units = 0
        self.fee = 0


def _charged(plan: Compiled, parts: list[Part], start: int) -> list[Line]:
    """Give each part the fee by which it moves its counter on, and put the rows into lines."""
    if plan.terms.discounts:
        parts[:] = cut(parts, first_minutes(plan.terms, start))
    if plan.terms.mixing is Mixing.START_DECIDES:
        _let_start_decide(parts, plan.terms.restart, start)
    counters: dict[Any, int] = {}
    counted: dict[Any, tuple[Part, _Counted]] = {}
    for part in parts:
        row = part.row
        period = part.within(row.restart, start)
        counter = (row.counter, period)
        before_s = counters.get(counter, 0)
        after_s = counters[counter] = before_s + part.end - part.start
        free = row.rate.free
        amount, units = cost(row.bands, beyond_free(free, after_s))
        if before_s:
            paid, paid_units = cost(row.bands, beyond_free(free, before_s))
            part.fee = scaled(amount, row.percent) - scaled(paid, row.percent)
            units -= paid_units
        else:
            part.fee = scaled(amount, row.percent)
        line = counted.setdefault((row.number, period), (part, _Counted()))[1]
        line.seconds += part.end - part.start
        line.units += units
        line.fee += part.fee
    return [
        Line(
            f"{part.row.before}{-(-one.seconds // MINUTE_S)}{part.row.after}",
            one.fee,
            LineKind.RATE,
            part.row.number,
            one.seconds,
            one.units,
        )
        for part, one in counted.values()
    ]


def _let_start_decide(parts: list[Part], restart: Period, start: int) -> None:
    """Put all of a period under the row in which it begins."""
    chunk = Period.STAY if restart is Period.WINDOW else restart
    deciding: dict[Any, Part] = {}
    for part in parts:
        first = deciding.setdefault(part.within(chunk, start), part)
        part.row = first.row
