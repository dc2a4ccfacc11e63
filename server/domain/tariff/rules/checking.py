"""What is wrong with a tariff's terms, found before anybody is charged by them.

Rates are laid over each class of day × minute × vehicle class × plate color, and over the day
before, whose windows may reach past midnight. Whatever is covered by no rate is a gap, by two an
overlap; each is named with its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from server.domain.tariff.model import (
    DAY_MIN,
    Car,
    DayClass,
    Rate,
    Step,
    Tariff,
    Terms,
)
from server.domain.tariff.model.terms import Penalty
from server.domain.tariff.rules.compiled import covers, priced_as
from server.domain.tariff.rules.wording import car_text, clock
from server.domain.vehicle import PlateColor
from server.kernel.errors import Invalid

COLORS: tuple[PlateColor | None, ...] = (*PlateColor, None)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, and where: the row (from 1), the day, the car, the minutes of the day.

    Empty `colors` are all of them; a None among them is a car without a plate. `before` names the
    class of the day before, where it matters.
    """

    code: str
    message: str
    row: int | None = None
    day: str | None = None
    before: str | None = None
    vehicle: str | None = None
    colors: tuple[PlateColor | None, ...] = ()
    from_min: int | None = None
    to_min: int | None = None


def check(tariff: Tariff) -> Tariff:
    """Refuse a tariff with problems; the refusal has the first one's code and names all."""
    found = problems(tariff.terms)
    if found:
        raise Invalid(found[0].code, found[0].message, problems=[one.message for one in found])
    return tariff


def problems(terms: Terms) -> list[Problem]:
    """List what is wrong, rows first."""
    found = [*_of_terms(terms), *_of_days(terms)]
    for number, rate in enumerate(terms.rates, 1):
        found += _of_rate(number, rate, terms)
    # Where rows themselves are wrong, what they cover says nothing.
    return found or [*_of_cover(terms)]


def _of_terms(terms: Terms) -> Iterator[Problem]:
    if not terms.rates:
        yield Problem("tariff_gap", "至少需要一条计费规则")
    if not terms.vehicles or len(set(terms.vehicles)) != len(terms.vehicles):
        yield Problem("tariff_vehicles_invalid", "车辆类型不能为空或重复")
    amounts = [terms.minimum, terms.maximum or 0, *(cap.amount for cap in terms.caps)]
    if min(amounts) < 0 or (terms.maximum is not None and terms.maximum < terms.minimum):
        yield Problem("tariff_amount_invalid", "金额不能为负，单笔上限不能低于下限")
    if terms.round_to < 1:
        yield Problem("tariff_amount_invalid", "取整单位必须大于零")
    free = [terms.free, terms.first_free.free if terms.first_free else None]
    if any(one and one.minutes < 0 for one in free):
        yield Problem("tariff_free_invalid", "免费时长不能为负")
    if any(not 0 <= one.percent <= 100 for one in terms.discounts):
        yield Problem("tariff_discount_invalid", "优惠后应付比例须在 0–100% 之间")
    if any(one.percent < 0 for one in terms.factors):
        yield Problem("tariff_factor_invalid", "倍率不能为负")
    longest = terms.max_stay
    if longest and (longest.minutes <= 0 or longest.unit_min <= 0):
        yield Problem("tariff_max_stay_invalid", "最长停放和购买单位必须大于零")
    if longest and longest.penalty and not _rises(longest.penalty):
        yield Problem("tariff_steps_invalid", "超时加收的阶梯必须递增，单位时长必须大于零")
    yield from _of_names(terms)


def _of_names(terms: Terms) -> Iterator[Problem]:
    """Names that mean nothing are found here: a cap for a row that is not there caps nothing."""
    days, vehicles = {one.name for one in terms.days}, {*terms.vehicles}
    rates = {rate.name for rate in terms.rates if rate.name}
    asked = [(rate.days, days) for rate in terms.rates]
    asked += [(rate.vehicles, vehicles) for rate in terms.rates]
    for cap in terms.caps:
        asked += [(cap.days, days), (cap.vehicles, vehicles), (cap.rates, rates)]
    for factor in terms.factors:
        as_vehicle = (factor.as_vehicle,) if factor.as_vehicle else ()
        asked += [(factor.vehicles, vehicles), (as_vehicle, vehicles)]
    asked += [(one.vehicles, vehicles) for one in terms.discounts]
    for name in sorted({name for names, known in asked for name in names if name not in known}):
        yield Problem("tariff_name_unknown", f"“{name}”没有定义")


def _of_days(terms: Terms) -> Iterator[Problem]:
    if terms.asks_calendar and not terms.calendar_id:
        yield Problem("tariff_calendar_missing", "按日期类型计费，须选择计费日历")
    if terms.days and not _catches_all(terms.days):
        yield Problem("tariff_days_open", "最后一个日期类型须不带条件，以覆盖其余日期")
    for one in terms.days:
        if any(not 1 <= day <= 7 for day in one.weekdays):
            yield Problem("tariff_days_invalid", "星期须在 1–7 之间", day=one.name)
        if any(not _is_day(day) for s in one.seasons for day in (s.from_day, s.to_day)):
            yield Problem("tariff_days_invalid", "季节须写作 MM-DD", day=one.name)


def _catches_all(days: Sequence[DayClass]) -> bool:
    """Say whether no date falls through: by a last class without conditions, or by all weekdays."""
    bare = [one for one in days if not (one.asks_calendar or one.seasons)]
    weekdays = {day for one in bare for day in one.weekdays or range(1, 8)}
    kinds = {
        kind
        for one in days
        if one.special is None
        for kind in one.kinds
        if not (one.weekdays or one.seasons)
    }
    return len(weekdays) == 7 or len(kinds) == 5


def _is_day(text: str) -> bool:
    month, dash, day = text.partition("-")
    digits = month.isdecimal() and day.isdecimal() and len(text) == 5 and dash == "-"
    return digits and 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _of_rate(number: int, rate: Rate, terms: Terms) -> Iterator[Problem]:
    if not (0 <= rate.from_min < DAY_MIN and 0 <= rate.to_min <= DAY_MIN):
        yield Problem("tariff_hours_invalid", f"第 {number} 行：起止时间须在一天之内", number)
    if not _rises(rate):
        message = f"第 {number} 行：阶梯必须递增，单位时长必须大于零"
        yield Problem("tariff_steps_invalid", message, number)
    if rate.free and rate.free.minutes < 0:
        yield Problem("tariff_free_invalid", f"第 {number} 行：免费时长不能为负", number)


def _rises(charging: Rate | Penalty) -> bool:
    """Say whether each step is longer than the one before it, and no time costs less than a shorter."""
    if charging.unit_min <= 0 or charging.unit_amount < 0 or charging.tail_grace_min < 0:
        return False
    minutes = [0, *(step.until_min or 0 for step in charging.steps[:-1])]
    last = charging.steps[-1:]
    minutes += [step.until_min for step in last if step.until_min is not None]
    longer = all(before < after for before, after in pairwise(minutes))
    return longer and _never_cheaper(charging.steps)


def _never_cheaper(steps: Sequence[Step]) -> bool:
    at, total = 0, 0
    for step in steps:
        if step.unit_min is not None:
            if step.unit_min <= 0 or step.amount < 0:
                return False
            units = -(-((step.until_min or at) - at) // step.unit_min)
            total += units * step.amount
        elif step.amount < total:
            return False
        else:
            total = step.amount
        at = step.until_min or at
    return True


def _of_cover(terms: Terms) -> Iterator[Problem]:
    """Find gaps and overlaps, each once: the same place of several colors is one problem."""
    names = tuple(dict.fromkeys(one.name for one in terms.days)) or ("",)
    found: dict[tuple[str, str, str, str, int, int], list[PlateColor | None]] = {}
    for vehicle in terms.vehicles:
        for color in COLORS:
            priced, _percent = priced_as(terms, Car(vehicle, color))
            rates = [rate for rate in terms.rates if covers(rate, priced, color)]
            for hole in _holes(rates, names):
                found.setdefault((*hole[:3], vehicle, *hole[3:]), []).append(color)
    for (code, before, day, vehicle, from_min, to_min), colors in found.items():
        every = len(colors) == len(COLORS)
        whom = car_text(vehicle, () if every else colors)
        where = f"{day}·{whom}" if day else whom
        what = "没有规则" if code == "tariff_gap" else "有多条规则"
        yield Problem(
            code=code,
            message=f"{where} {clock(from_min)}–{clock(to_min)} {what}",
            day=day,
            before=before or None,
            vehicle=vehicle,
            colors=() if every else tuple(colors),
            from_min=from_min,
            to_min=to_min,
        )


def _holes(rates: Sequence[Rate], names: Iterable[str]) -> Iterator[tuple[str, str, str, int, int]]:
    """Find the minutes of a day that are covered not once, after each class of day before it."""
    names = [*names]
    reaching = any(rate.to_min <= rate.from_min for rate in rates)
    seen: set[tuple[str, str, int, int]] = set()
    for day in names:
        # What yesterday leaves open matters only where a window reaches past midnight.
        for before in names if reaching else [day]:
            for code, from_min, to_min in _uncovered(_spans(rates, before, day)):
                key = (code, day, from_min, to_min)
                if key not in seen:
                    seen.add(key)
                    yield code, before if reaching else "", day, from_min, to_min


def _spans(rates: Iterable[Rate], before: str, day: str) -> Iterator[tuple[int, int]]:
    for rate in rates:
        overnight = rate.to_min <= rate.from_min
        if not rate.days or day in rate.days:
            yield rate.from_min, DAY_MIN if overnight else rate.to_min
        if overnight and (not rate.days or before in rate.days):
            yield 0, rate.to_min


def _uncovered(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[str, int, int]]:
    """Sweep over the day: between neighbouring edges it is covered once, or that is a hole."""
    edges = [(0, 0), (DAY_MIN, 0)]
    for opens, closes in spans:
        edges += [(opens, 1), (closes, -1)]
    edges.sort()
    depth, holes = 0, list[tuple[str, int, int]]()
    for (at, change), (after, _change) in pairwise(edges):
        depth += change
        if after > at and depth != 1:
            code = "tariff_gap" if depth == 0 else "tariff_overlap"
            if holes and holes[-1][0] == code and holes[-1][2] == at:
                at = holes.pop()[1]
            holes.append((code, at, after))
    yield from holes
