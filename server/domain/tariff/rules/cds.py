"""Tariffs as the Curb Data Specification says them: policies with time spans, rules and `Rate`s.

A `Rate` is an integer per unit of time, with a smallest duration or a smallest amount to be paid.
What it cannot say (caps, free time, factors, one price a use) is named in `lost`, not dropped.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from server.domain.tariff.model import DAY_MIN, Rate, Rounding, Step, Terms
from server.domain.tariff.rules.wording import clock
from server.kernel.errors import Invalid

_UNITS = {"minute": 1, "hour": 60, "day": DAY_MIN}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def to_cds(terms: Terms) -> dict[str, Any]:
    """Write terms as policies, and list what is lost."""
    lost = [
        name
        for name in ("free", "first_free", "discounts", "caps", "factors", "minimum", "maximum")
        if getattr(terms, name)
    ]
    policies = []
    for number, rate in enumerate(terms.rates, 1):
        rates = _rates(rate)
        exact = rate.rounding is Rounding.UP and not (rate.tail_grace_min or rate.free)
        if rates is None or not exact:
            lost.append(f"rates[{number}]")
        rule: dict[str, Any] = {"activity": "parking", "rate": rates or []}
        if rate.vehicles:
            rule["user_classes"] = [*rate.vehicles]
        if terms.max_stay:
            rule |= {"max_stay": terms.max_stay.minutes, "max_stay_unit": "minute"}
        policies.append({"time_spans": [*_time_spans(terms, rate)], "rules": [rule]})
    return {"policies": policies, "lost": lost}


def _time_spans(terms: Terms, rate: Rate) -> Iterator[dict[str, Any]]:
    hours = {"time_of_day_start": clock(rate.from_min), "time_of_day_end": clock(rate.to_min)}
    if not rate.days:
        yield hours
    for one in terms.days:
        if one.name not in rate.days:
            continue
        if one.weekdays:
            yield {**hours, "days_of_week": [_WEEKDAYS[day - 1] for day in one.weekdays]}
        else:
            yield {**hours, "designated_period": one.name}


def _rates(rate: Rate) -> list[dict[str, Any]] | None:
    rates: list[dict[str, Any]] = []
    at, total = 0, 0
    for step in rate.steps:
        if step.until_min is None and step.unit_min is None:
            return None
        unit = step.unit_min or (step.until_min or 0) - at
        amount = step.amount if step.unit_min else step.amount - total
        one = _rate(amount, unit, at, step.until_min)
        if one is None or step.until_min is None:
            return None if one is None else [*rates, one]
        rates.append(one)
        total += amount * -(-(step.until_min - at) // unit)
        at = step.until_min
    last = _rate(rate.unit_amount, rate.unit_min, at, None)
    return None if last is None else [*rates, last]


def _rate(amount: int, unit_min: int, start_min: int, end_min: int | None) -> dict[str, Any] | None:
    """Find the unit of time in which all of it is whole, if there is one."""
    for name, minutes in _UNITS.items():
        whole = not (start_min % minutes or (end_min or 0) % minutes)
        if not whole or amount * minutes % unit_min:
            continue
        rate: dict[str, Any] = {
            "rate": amount * minutes // unit_min,
            "rate_unit": name,
            "rate_unit_period": "rolling",
        }
        if unit_min % minutes:
            rate["increment_amount"] = amount
        else:
            rate["increment_duration"] = unit_min // minutes
        if start_min:
            rate["start_duration"] = start_min // minutes
        if end_min is not None:
            rate["end_duration"] = end_min // minutes
        return rate
    return None


def from_cds(policies: Sequence[Mapping[str, Any]]) -> Terms:
    """Read policies as rows; days of the week and named periods are set by hand afterwards."""
    rows: list[Rate] = []
    try:
        for policy in policies:
            for span in policy.get("time_spans") or [{}]:
                from_min = _minute(span.get("time_of_day_start", "00:00"))
                to_min = _minute(span.get("time_of_day_end", "24:00"))
                for rule in policy["rules"]:
                    vehicles = tuple(str(one) for one in rule.get("user_classes", ()))
                    rows.append(_row(from_min, to_min, vehicles, rule["rate"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Invalid("cds_invalid", "不是有效的 CDS 费率") from error
    known = tuple(dict.fromkeys(name for row in rows for name in row.vehicles))
    return Terms(rates=tuple(rows), vehicles=known) if known else Terms(rates=tuple(rows))


def _row(
    from_min: int, to_min: int, vehicles: tuple[str, ...], rates: Sequence[Mapping[str, Any]]
) -> Rate:
    steps: list[Step] = []
    unit_min, unit_amount = 60, 0
    for rate in sorted(rates, key=lambda one: int(one.get("start_duration", 0))):
        minutes = _UNITS[str(rate["rate_unit"])]
        unit = int(rate.get("increment_duration", 1)) * minutes
        price = int(rate["rate"])
        if "increment_amount" in rate:
            unit = int(rate["increment_amount"]) * minutes // price
        amount = price * unit // minutes
        if rate.get("end_duration") is None:
            unit_min, unit_amount = unit, amount
        else:
            steps.append(Step(int(rate["end_duration"]) * minutes, amount, unit))
    return Rate(from_min, to_min, tuple(steps), unit_min, unit_amount, vehicles=vehicles)


def _minute(text: str) -> int:
    hours, minutes = str(text).split(":")
    return int(hours) * 60 + int(minutes)
