"""A tariff made ready to price one kind of car: bands, windows, texts.

Compiling costs as much as forty plain quotes, so what was compiled is kept by version. A version
that was published never changes; a draft's every change has another `v`.
"""

from dataclasses import dataclass, field
from datetime import date

from server.domain.tariff.model import (
    DAY_MIN,
    CalendarYear,
    Car,
    Day,
    DayClass,
    Factor,
    Period,
    Rate,
    Season,
    Tariff,
    Terms,
)
from server.domain.tariff.model.calendar import calendar_day_missing
from server.domain.tariff.rules.charging import MINUTE_S, Band, bands_of
from server.domain.tariff.rules.wording import rate_text, window_text
from server.domain.vehicle import PlateColor
from server.kernel.errors import Refused

Calendar = dict[int, CalendarYear]
DAY_S = DAY_MIN * MINUTE_S
# 256 kinds of car and version: a city has some dozens; beyond, it is started anew.
KEPT = 256


@dataclass(frozen=True, slots=True)
class Row:
    """A rate made ready: its hours in seconds, `to_s` beyond a day where it runs past midnight."""

    number: int
    rate: Rate
    from_s: int
    to_s: int
    bands: tuple[Band, ...]
    counter: str
    restart: Period
    percent: int
    before: str
    after: str


@dataclass(slots=True)
class Compiled:
    """A tariff's terms, ready for one kind of car; `overnight_s` is how far its windows reach past midnight."""

    terms: Terms
    percent: int
    rows: tuple[Row, ...]
    overnight_s: int
    natural_cuts: bool
    rolling_cuts: bool
    by_class: dict[str, tuple[Row, ...]] = field(default_factory=dict)

    def rows_of(self, on: date, calendar: Calendar) -> tuple[Row, ...]:
        """Give the rows whose windows open on a date, by their start."""
        name = class_of(self.terms, on, calendar) if self.terms.days else ""
        rows = self.by_class.get(name)
        if rows is None:
            of_class = (row for row in self.rows if not row.rate.days or name in row.rate.days)
            rows = self.by_class[name] = tuple(sorted(of_class, key=lambda row: row.from_s))
        return rows


def compiled(tariff: Tariff, car: Car) -> Compiled:
    """Give a tariff ready for a car; refuses a vehicle class that the tariff does not know."""
    key = (tariff.id, tariff.v, car.vehicle, car.color, car.berths)
    held = _KEPT.get(key)
    if held is not None and (held[0] is tariff.terms or held[0] == tariff.terms):
        return held[1]
    made = _compile(tariff.terms, car)
    if len(_KEPT) >= KEPT:
        _KEPT.clear()
    _KEPT[key] = (tariff.terms, made)
    return made


_KEPT: dict[tuple[str, int, str, PlateColor | None, int], tuple[Terms, Compiled]] = {}


def _compile(terms: Terms, car: Car) -> Compiled:
    vehicle, percent = priced_as(terms, car)
    if terms.per_berth:
        percent *= car.berths
    rows = tuple(
        _row(number, rate, terms, percent)
        for number, rate in enumerate(terms.rates, 1)
        if covers(rate, vehicle, car.color)
    )
    overnight_s = max((row.to_s - DAY_S for row in rows), default=0)
    asked = {row.restart for row in rows} | {cap.period for cap in terms.caps}
    first = terms.first_free
    frees = [terms.free, first.free if first else None, *(one.free for one in terms.discounts)]
    asked |= {free.every for free in frees if free}
    rolling = Period.ROLLING_DAY in asked
    # Only a window that runs past midnight has a midnight to be cut at.
    natural = Period.NATURAL_DAY in asked and overnight_s > 0
    return Compiled(terms, percent, rows, overnight_s, natural, rolling)


def priced_as(terms: Terms, car: Car) -> tuple[str, int]:
    """Say by which class's rates a car pays, and how many percent of them."""
    if car.vehicle not in terms.vehicles:
        raise Refused(
            "vehicle_class_unknown", "计费标准不含该车辆类型，无法计费", vehicle=car.vehicle
        )
    for factor in terms.factors:
        if _fits(factor, car):
            return factor.as_vehicle or car.vehicle, factor.percent
    return car.vehicle, 100


def _fits(factor: Factor, car: Car) -> bool:
    vehicle = not factor.vehicles or car.vehicle in factor.vehicles
    return vehicle and (not factor.colors or car.color in factor.colors)


def covers(rate: Rate, vehicle: str, color: PlateColor | None) -> bool:
    """Say whether a rate is for such a car."""
    of_class = not rate.vehicles or vehicle in rate.vehicles
    return of_class and (not rate.colors or color in rate.colors)


def _row(number: int, rate: Rate, terms: Terms, percent: int) -> Row:
    from_s, to_s = rate.from_min * MINUTE_S, rate.to_min * MINUTE_S
    text = rate_text(rate)
    return Row(
        number=number,
        rate=rate,
        from_s=from_s,
        to_s=to_s if to_s > from_s else to_s + DAY_S,
        bands=bands_of(rate),
        counter=rate.counter or f"#{number}",
        restart=rate.restart or terms.restart,
        percent=percent,
        before=f"{window_text(rate)} 停车 ",
        after=f" 分钟，{text}" if percent == 100 else f" 分钟，{text}，×{percent / 100:g}",
    )


def class_of(terms: Terms, on: date, calendar: Calendar) -> str:
    """Name the class of a date: the first of which every condition holds.

    Refuses a date that the calendar says nothing of, and one that is of no class.
    """
    day: Day | None = None
    if terms.asks_calendar:
        year = calendar.get(on.year)
        if year is None:
            raise calendar_day_missing(terms.calendar_id or "", on)
        day = year.day(on)
    for one in terms.days:
        if is_of(one, on, day):
            return one.name
    raise Refused("day_class_missing", "计费标准没有覆盖该日期，无法计费", on=on.isoformat())


def is_of(one: DayClass, on: date, day: Day | None) -> bool:
    """Say whether every condition of a class holds for a day."""
    if one.kinds and (day is None or day.kind not in one.kinds):
        return False
    if one.special is not None and (day is None or day.special is not one.special):
        return False
    if one.weekdays and on.isoweekday() not in one.weekdays:
        return False
    return not one.seasons or any(_within(season, f"{on:%m-%d}") for season in one.seasons)


def _within(season: Season, day: str) -> bool:
    if season.from_day <= season.to_day:
        return season.from_day <= day <= season.to_day
    return day >= season.from_day or day <= season.to_day
