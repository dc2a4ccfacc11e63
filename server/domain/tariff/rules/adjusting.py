"""What stands around the rates: free time, discounts, caps, longest stays, least and most."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.tariff.model import (
    Cap,
    Car,
    Discount,
    FreeTime,
    Grant,
    Line,
    LineKind,
    MaxStay,
    Period,
    Rounding,
    Terms,
    Turn,
)
from server.domain.tariff.rules.charging import MINUTE_S, bands_of, beyond_free, cost, is_free
from server.domain.tariff.rules.compiled import Calendar, Compiled, class_of
from server.domain.tariff.rules.parts import Part, cut, take
from server.domain.tariff.rules.wording import (
    cap_text,
    discount_text,
    free_text,
    minutes_text,
    rate_text,
)
from server.kernel.money import Fen, yuan
from server.kernel.period import city_date

_DAY = timedelta(days=1)


def free_time(terms: Terms, car: Car, start: int, zone: ZoneInfo) -> FreeTime | None:
    """Give the free time of a car: the longest of all that it is given."""
    given = [terms.free] if terms.free else []
    first = terms.first_free
    if first and _earlier(car, first.period, start, zone) == 0:
        given.append(first.free)
    given += [one.free for one in terms.discounts if one.free and _is_for(one, car, start, zone)]
    return max(given, key=lambda free: free.minutes, default=None)


def _earlier(car: Car, period: Period, start: int, zone: ZoneInfo) -> int | None:
    """Count the plate's earlier stays within the period; None where they are not known."""
    if car.earlier is None:
        return None
    arrived_at = datetime.fromtimestamp(start, UTC)
    before = [at for at in car.earlier if at < arrived_at]
    if period is Period.NATURAL_DAY:
        today = city_date(arrived_at, zone)
        return sum(city_date(at, zone) == today for at in before)
    if period is Period.ROLLING_DAY:
        return sum(at > arrived_at - _DAY for at in before)
    return len(before)


def all_free(free: FreeTime, seconds: int) -> bool:
    """Say at once whether a stay is within free time that looks at nothing but its length."""
    simple = free.every is Period.STAY and not free.charged_only
    return simple and not beyond_free(free, seconds)


def free_line(free: FreeTime, seconds: int) -> Line:
    """Say that time was free."""
    minutes = -(-seconds // MINUTE_S)
    return Line(f"停车 {minutes} 分钟，{free_text(free)}", 0, LineKind.FREE, seconds=seconds)


def grant(parts: Sequence[Part], free: FreeTime, start: int) -> tuple[list[Part], int]:
    """Take free time out of the parts; gives what is left, and how many seconds were free."""
    chunks: dict[Any, list[Part]] = {}
    for part in parts:
        if not (free.charged_only and part.row.rate.costless):
            chunks.setdefault(part.capped_within(free.every, start), []).append(part)
    given_s = 0
    for chunk in chunks.values():
        whole_s = sum(part.seconds for part in chunk)
        left_s = _given(free, whole_s)
        given_s += left_s
        for part in chunk:
            taken_s = min(part.seconds, left_s)
            part.start += taken_s
            left_s -= taken_s
    return [part for part in parts if part.seconds], given_s


def _given(free: FreeTime, seconds: int) -> int:
    if free.grant is Grant.DEDUCTED:
        return min(seconds, free.minutes * MINUTE_S)
    return seconds if is_free(free, seconds) else 0


def within_max(
    longest: MaxStay, parts: Sequence[Part], start: int, end: int
) -> tuple[list[Part], int]:
    """Leave out what is beyond the longest stay, unless it is charged on; says how much it was."""
    until = start + longest.minutes * MINUTE_S
    over_s = max(0, end - until)
    if not over_s or longest.charges_on:
        return [*parts], over_s
    return [part for part in cut(parts, [until]) if part.start < until], over_s


def penalty(longest: MaxStay, over_s: int) -> Line:
    """Charge what staying too long costs."""
    minutes = -(-over_s // MINUTE_S)
    text = f"超过最长停放 {minutes_text(longest.minutes)} {minutes} 分钟"
    if longest.penalty is None:
        return Line(text, 0, LineKind.PENALTY, seconds=over_s)
    amount, units = cost(bands_of(longest.penalty), over_s)
    text = f"{text}，{rate_text(longest.penalty)}"
    return Line(text, amount, LineKind.PENALTY, seconds=over_s, units=units)


def first_minutes(terms: Terms, start: int) -> list[int]:
    """List the instants at which discounts of the first minutes end."""
    ends = {start + one.first_min * MINUTE_S for one in terms.discounts if one.first_min}
    return sorted(ends)


def discounts(
    terms: Terms, car: Car, parts: Sequence[Part], start: int, zone: ZoneInfo, *, after_caps: bool
) -> list[Line]:
    """Take what a car need not pay off the parts; what is taken off is rounded down."""
    lines: list[Line] = []
    for one in terms.discounts:
        if one.after_caps is not after_caps or not _is_for(one, car, start, zone):
            continue
        until = start + one.first_min * MINUTE_S if one.first_min else None
        meant = [part for part in parts if until is None or part.start < until]
        off = sum(part.fee for part in meant) * (100 - one.percent) // 100
        if off:
            take(meant, off)
            lines.append(Line(discount_text(one), -off, LineKind.DISCOUNT))
    return lines


def _is_for(one: Discount, car: Car, start: int, zone: ZoneInfo) -> bool:
    if one.tags and car.tags.isdisjoint(one.tags):
        return False
    if one.vehicles and car.vehicle not in one.vehicles:
        return False
    if one.colors and car.color not in one.colors:
        return False
    if one.turn is Turn.EVERY:
        return True
    earlier = _earlier(car, one.period, start, zone)
    return earlier is not None and (earlier == 0) is (one.turn is Turn.FIRST)


def caps(
    plan: Compiled, car: Car, parts: Sequence[Part], start: int, calendar: Calendar
) -> list[Line]:
    """Take what is over the caps off the parts, cap after cap in their order."""
    lines: list[Line] = []
    for cap in plan.terms.caps:
        if cap.vehicles and car.vehicle not in cap.vehicles:
            continue
        amount = cap.amount * plan.percent // 100 if cap.scaled else cap.amount
        for within in _capped(plan, cap, parts, start, calendar).values():
            over = sum(part.fee for part in within) - amount
            if over > 0:
                take(within, over)
                lines.append(Line(cap_text(cap), -over, LineKind.CAP))
    return lines


def _capped(
    plan: Compiled, cap: Cap, parts: Sequence[Part], start: int, calendar: Calendar
) -> dict[Any, list[Part]]:
    """Sort the parts that a cap is for by its periods."""
    periods: dict[Any, list[Part]] = {}
    for part in parts:
        if cap.rates and part.row.rate.name not in cap.rates:
            continue
        if cap.days:
            name = class_of(plan.terms, date.fromordinal(part.day), calendar)
            if name not in cap.days:
                continue
        periods.setdefault(part.capped_within(cap.period, start), []).append(part)
    return periods


def limits(terms: Terms, amount: Fen) -> list[Line]:
    """Round the final amount, and keep it between the least and the most of a bill."""
    lines: list[Line] = []
    if terms.round_to > 1:
        rounded = _rounded(amount, terms.round_to, terms.rounding)
        if rounded != amount:
            lines.append(Line("金额取整", rounded - amount, LineKind.ROUNDING))
            amount = rounded
    if amount < terms.minimum:
        text = f"单次最低 {yuan(terms.minimum)}"
        lines.append(Line(text, terms.minimum - amount, LineKind.MINIMUM))
    elif terms.maximum is not None and amount > terms.maximum:
        text = f"单次最高 {yuan(terms.maximum)}"
        lines.append(Line(text, terms.maximum - amount, LineKind.MAXIMUM))
    return lines


def _rounded(amount: Fen, to: Fen, how: Rounding) -> Fen:
    whole, rest = divmod(amount, to)
    up = {Rounding.UP: rest > 0, Rounding.DOWN: False, Rounding.NEAREST: 2 * rest >= to}[how]
    return (whole + up) * to
