"""From a tariff and two instants to an amount with its reasons. Pure."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from server.domain.tariff.model import DAY_MIN, CapPeriod, Line, Quote, Rate, Tariff
from server.kernel.errors import Invalid
from server.kernel.money import Fen, yuan
from server.kernel.period import day_start

_DAY = timedelta(days=1)


def check(tariff: Tariff) -> Tariff:
    """Refuse a tariff whose rates leave a gap in the day, overlap, or whose steps go down."""
    at = 0
    for rate in sorted(tariff.rates, key=lambda rate: rate.from_min):
        if rate.from_min != at or rate.to_min <= rate.from_min:
            code = "tariff_gap" if rate.from_min > at else "tariff_overlap"
            raise Invalid(code, "计费时段必须连续覆盖全天", minute=at)
        at = rate.to_min
        if not _rises(rate) or rate.unit_min <= 0 or rate.unit_amount < 0:
            raise Invalid("tariff_steps_invalid", "阶梯必须递增，单位时长必须大于零")
    if at != DAY_MIN:
        raise Invalid("tariff_gap", "计费时段必须连续覆盖全天", minute=at)
    return tariff


def _rises(rate: Rate) -> bool:
    """Say whether each step is longer than the one before it, and no cheaper."""
    minutes = [0, *(step.until_min for step in rate.steps)]
    amounts = [0, *(step.amount for step in rate.steps)]
    longer = all(before < after for before, after in pairwise(minutes))
    return longer and all(before <= after for before, after in pairwise(amounts))


def quote(tariff: Tariff, *, arrived_at: datetime, left_at: datetime, zone: ZoneInfo) -> Quote:
    """Price a stay; the lines sum to the amount to the fen.

    The charged minutes of one rate are counted on within each 24 hours of the stay, across
    midnight too, and start anew with the next 24 hours. Seconds are added up first; a begun
    minute counts as a whole one.
    """
    assert arrived_at <= left_at
    if left_at - arrived_at <= timedelta(minutes=tariff.free_min):
        return Quote(0, (Line(f"停车不超过 {tariff.free_min} 分钟，免费", 0),))
    lines: list[Line] = []
    start = arrived_at
    while start < left_at:
        end = min(start + _DAY, left_at)
        lines += _priced_day(tariff, start, end, zone)
        start = end
    if tariff.cap is not None and tariff.cap_period is CapPeriod.STAY:
        lines += _capped(tariff.cap, lines, "单次停车封顶")
    return Quote(sum(line.amount for line in lines), tuple(lines))


def _priced_day(tariff: Tariff, start: datetime, end: datetime, zone: ZoneInfo) -> list[Line]:
    lines = [
        Line(_reason(rate, minutes), _price(rate, minutes))
        for rate, seconds in _seconds_by_rate(tariff, start, end, zone)
        if (minutes := -(-seconds // 60))
    ]
    if tariff.cap is not None and tariff.cap_period is CapPeriod.ROLLING_DAY:
        lines += _capped(tariff.cap, lines, "24 小时封顶")
    return lines


def _capped(cap: Fen, lines: list[Line], reason: str) -> list[Line]:
    over = sum(line.amount for line in lines) - cap
    return [Line(f"{reason} {yuan(cap)}", -over)] if over > 0 else []


def _seconds_by_rate(
    tariff: Tariff, start: datetime, end: datetime, zone: ZoneInfo
) -> list[tuple[Rate, int]]:
    """Say how many seconds of [start, end) fall under each rate, in the order of first use."""
    seconds: dict[Rate, int] = {}
    day = start.astimezone(zone).date()
    while day_start(day, zone) < end:
        midnight = day_start(day, zone)
        for rate in tariff.rates:
            opens = max(start, midnight + timedelta(minutes=rate.from_min))
            closes = min(end, midnight + timedelta(minutes=rate.to_min))
            if opens < closes:
                whole = int((closes - opens).total_seconds())
                seconds[rate] = seconds.get(rate, 0) + whole
        day += timedelta(days=1)
    return list(seconds.items())


def _price(rate: Rate, minutes: int) -> Fen:
    for step in rate.steps:
        if minutes <= step.until_min:
            return step.amount
    stepped = rate.steps[-1] if rate.steps else None
    over = minutes - (stepped.until_min if stepped else 0)
    units = -(-over // rate.unit_min)
    return (stepped.amount if stepped else 0) + units * rate.unit_amount


def _reason(rate: Rate, minutes: int) -> str:
    window = f"{_clock(rate.from_min)}–{_clock(rate.to_min)} 停车 {minutes} 分钟"
    return f"{window}，免费" if rate.free else f"{window}，{_rate_text(rate)}"


def _rate_text(rate: Rate) -> str:
    parts = [f"{_first(step.until_min)} {yuan(step.amount)}" for step in rate.steps]
    if rate.unit_amount:
        unit = f"{yuan(rate.unit_amount)}/{_unit(rate.unit_min)}"
        parts.append(f"之后 {unit}" if parts else unit)
    return "，".join(parts)


def summary(tariff: Tariff) -> str:
    """Say in one line what a driver wants to know first."""
    charged = next((rate for rate in tariff.rates if not rate.free), None)
    if charged is None:
        return "免费停车"
    parts = [f"{tariff.free_min} 分钟内免费"] if tariff.free_min else []
    parts.append(_rate_text(charged))
    if tariff.cap is not None:
        day = tariff.cap_period is CapPeriod.ROLLING_DAY
        parts.append(f"{'24 小时' if day else '单次'}封顶 {yuan(tariff.cap)}")
    return "，".join(parts)


def explain(tariff: Tariff) -> list[str]:
    """Say line by line how a stay is charged."""
    lines = [f"停车不超过 {tariff.free_min} 分钟免费"] if tariff.free_min else []
    for rate in tariff.rates:
        text = "免费" if rate.free else _rate_text(rate)
        lines.append(f"{_clock(rate.from_min)}–{_clock(rate.to_min)}：{text}")
    if tariff.cap is not None:
        day = tariff.cap_period is CapPeriod.ROLLING_DAY
        lines.append(f"{'每 24 小时' if day else '单次停车'}最高 {yuan(tariff.cap)}")
    return lines


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _first(minutes: int) -> str:
    if minutes % 60:
        return f"前 {minutes} 分钟"
    return "首小时" if minutes == 60 else f"前 {minutes // 60} 小时"


def _unit(minutes: int) -> str:
    if minutes % 60:
        return f"{minutes} 分钟"
    return "小时" if minutes == 60 else f"{minutes // 60} 小时"
