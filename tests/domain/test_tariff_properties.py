"""What holds for any tariff, by examples that Hypothesis makes and a walk that shares no code with the engine."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.tariff import (
    Bound,
    CalendarYear,
    Cap,
    DayClass,
    DayKind,
    FreeTime,
    Grant,
    Period,
    Rate,
    Rounding,
    Season,
    Step,
    Tariff,
    Terms,
    quote,
    year_of,
)
from server.domain.tariff.model.calendar import days_in
from server.domain.tariff.rules.checking import problems
from server.kernel.errors import Refused
from tests.domain.tariff_walker import Walk
from tests.domain.test_tariff_rules import ZONE, tariff


@st.composite
def rates(draw: st.DrawFn) -> tuple[Rate, ...]:
    """Cut the day into windows, the last one perhaps running past midnight."""
    cuts = sorted(draw(st.sets(st.integers(1, 95), min_size=1, max_size=4)))
    overnight = draw(st.booleans())
    edges = [*cuts, cuts[0] + 96] if overnight else [0, *cuts, 96]
    made = []
    for opens, closes in pairwise(edges):
        first = draw(st.integers(0, 1_000))
        step_unit = draw(st.sampled_from([None, 15, 20]))
        steps = (Step(60, first, step_unit),) if draw(st.booleans()) else ()
        made.append(
            Rate(
                opens * 15,
                closes * 15 if closes <= 96 else (closes - 96) * 15,
                steps,
                draw(st.sampled_from([15, 30, 60, 120])),
                draw(st.integers(0, 500)),
                name=f"row {len(made) + 1}",  # the walk tells counters apart by it
                rounding=draw(st.sampled_from(Rounding)),
                tail_grace_min=draw(st.sampled_from([0, 0, 5])),
                restart=draw(st.sampled_from([None, *Period])),
            )
        )
    return tuple(made)


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    """Draw a tariff with one cap at most: what several do to each other is the order's matter."""
    rows = draw(rates())
    grant = draw(st.sampled_from(Grant))
    free = FreeTime(draw(st.integers(1, 60)), grant, draw(st.sampled_from(Bound)))
    over = draw(st.sampled_from([(), (rows[0].name,)]))
    cap = Cap(draw(st.integers(100, 5_000)), draw(st.sampled_from(Period)), over)
    return tariff(
        *rows,
        restart=draw(st.sampled_from(Period)),
        free=draw(st.sampled_from([None, free])),
        caps=draw(st.sampled_from([(), (cap,)])),
        minimum=draw(st.sampled_from([0, 0, 100])),
        maximum=draw(st.sampled_from([None, None, 9_000])),
        round_to=draw(st.sampled_from([1, 1, 10, 100])),
    )


# From before a leap day to after a year's end; Hypothesis wants the bounds naive.
INSTANTS = st.datetimes(
    datetime(2024, 2, 27),  # noqa: DTZ001
    datetime(2026, 1, 3),  # noqa: DTZ001
    timezones=st.just(ZONE),
).map(lambda instant: instant.replace(second=0, microsecond=0))


MINUTES = st.integers(0, 2 * 1440)


# 60 walks a run keep the suite quick; 600 took 26 s when this was written.
WALKS = settings(max_examples=60, deadline=None)


@WALKS
@given(tariffs(), INSTANTS, MINUTES)
def test_a_walk_minute_by_minute_finds_the_same_fee(
    of: Tariff, arrived_at: datetime, minutes: int
) -> None:
    left_at = arrived_at + timedelta(minutes=minutes)
    priced = quote(of, arrived_at=arrived_at, left_at=left_at, zone=ZONE)

    assert problems(of.terms) == []
    assert priced.amount == sum(line.amount for line in priced.lines)
    assert priced.amount == Walk(of, ZONE).fee(arrived_at, minutes * 60)


@WALKS
@given(tariffs(), INSTANTS, st.integers(0, 1_500))
def test_a_walk_in_steps_of_five_seconds_finds_the_same_fee(
    of: Tariff, arrived_at: datetime, ticks: int
) -> None:
    left_at = arrived_at + timedelta(seconds=5 * ticks)
    priced = quote(of, arrived_at=arrived_at, left_at=left_at, zone=ZONE)

    assert priced.amount == Walk(of, ZONE, tick_s=5).fee(arrived_at, 5 * ticks)


# Working days at a weekend, a long holiday over the new year, and special days of any kind.
CLASSES = (
    DayClass("特殊日", special=True),
    DayClass("节", kinds=(DayKind.HOLIDAY, DayKind.LONG_HOLIDAY)),
    DayClass("调休", kinds=(DayKind.MAKE_UP_WORKDAY,)),
    DayClass("冬天的周末", kinds=(DayKind.WEEKEND,), seasons=(Season("12-15", "01-15"),)),
    DayClass("其他"),
)
KINDS = {"w": "其他", "m": "调休", "r": "其他", "h": "节", "l": "节"}
YEARS = (2023, 2024, 2025, 2026)


@st.composite
def calendars(draw: st.DrawFn) -> dict[int, CalendarYear]:
    """Draw years whose days are of any kind, one after the other."""
    letters = Random(draw(st.integers(0, 2**32)))  # 1,461 days one by one are too many to draw
    return {
        year: CalendarYear(
            id=f"odd:{year}",
            calendar_id="odd",
            name="odd",
            year=year,
            days="".join(letters.choices("wmrhlWH", k=days_in(year))),
            names={},
        )
        for year in YEARS
    }


def class_in(years: dict[int, CalendarYear], on: date) -> str:
    """Say of what class a date is, in words of the table above."""
    letter = years[on.year].days[(on - date(on.year, 1, 1)).days]
    if letter.isupper():
        return "特殊日"
    winter = (on.month == 12 and on.day >= 15) or (on.month == 1 and on.day <= 15)
    return "冬天的周末" if letter == "r" and winter else KINDS[letter]


@WALKS
@given(tariffs(), calendars(), st.lists(st.integers(0, 3), min_size=5, max_size=5), INSTANTS, MINUTES)  # fmt: skip
def test_a_walk_over_days_of_any_kind_finds_the_same_fee(
    plain: Tariff,
    years: dict[int, CalendarYear],
    factors: list[int],
    arrived_at: datetime,
    minutes: int,
) -> None:
    rows = [
        replace(
            rate,
            days=(one.name,),
            name=f"{rate.name} {one.name}",
            unit_amount=rate.unit_amount * factor,
        )
        for one, factor in zip(CLASSES, factors, strict=True)
        for rate in plain.terms.rates
    ]
    terms = replace(plain.terms, rates=tuple(rows), days=CLASSES, calendar_id="odd", caps=())
    of = replace(plain, terms=terms)
    left_at = arrived_at + timedelta(minutes=minutes)

    priced = quote(of, arrived_at=arrived_at, left_at=left_at, zone=ZONE, calendar=years)

    assert problems(terms) == []
    walk = Walk(of, ZONE, of=lambda on: class_in(years, on))
    assert priced.amount == walk.fee(arrived_at, minutes * 60)
    assert priced.amount == sum(line.amount for line in priced.lines)


@given(INSTANTS, st.integers(1, 3 * 1440))
def test_a_date_of_a_year_that_nobody_imported_is_never_guessed(
    arrived_at: datetime, minutes: int
) -> None:
    left_at = arrived_at + timedelta(minutes=minutes)
    of = tariff(Rate(0, 1440, (), 60, 100), days=(DayClass("休", (DayKind.WEEKEND,)), DayClass("工")), calendar_id="odd")  # fmt: skip
    of = replace(
        of, terms=replace(of.terms, rates=(replace(of.terms.rates[0], days=("休", "工")),))
    )
    known = {2025: year_of("odd", "odd", (), year=2025)}
    last = (left_at - timedelta(seconds=1)).astimezone(ZONE).year
    years = {arrived_at.year, last}

    if years <= known.keys():
        assert quote(of, arrived_at=arrived_at, left_at=left_at, zone=ZONE, calendar=known).amount
        return
    with pytest.raises(Refused, match="calendar_day_missing"):
        quote(of, arrived_at=arrived_at, left_at=left_at, zone=ZONE, calendar=known)


@given(tariffs(), INSTANTS, MINUTES, st.integers(0, 86_400))
def test_a_longer_stay_never_costs_less(
    of: Tariff, arrived_at: datetime, minutes: int, more_s: int
) -> None:
    shorter = arrived_at + timedelta(minutes=minutes)
    fees = [
        quote(of, arrived_at=arrived_at, left_at=left_at, zone=ZONE).amount
        for left_at in (shorter, shorter + timedelta(seconds=more_s))
    ]

    assert fees[0] <= fees[1]


@given(rates(), INSTANTS, MINUTES, st.integers(0, 5_000))
def test_no_stay_costs_more_than_its_caps(
    rows: tuple[Rate, ...], arrived_at: datetime, minutes: int, amount: int
) -> None:
    left_at = arrived_at + timedelta(minutes=minutes)
    rolling = tariff(*rows, caps=(Cap(amount, Period.ROLLING_DAY),))
    natural = tariff(*rows, caps=(Cap(amount, Period.NATURAL_DAY),))
    dates = (left_at - timedelta(seconds=1)).date() - arrived_at.date()

    assert quote(rolling, arrived_at=arrived_at, left_at=left_at, zone=ZONE).amount <= amount * -(
        -minutes // 1440
    )
    assert quote(natural, arrived_at=arrived_at, left_at=left_at, zone=ZONE).amount <= amount * (
        dates.days + 1
    )


@given(INSTANTS, st.integers(1, 1440), st.integers(1, 1440))
def test_a_window_may_be_cut_where_the_counter_goes_on(
    arrived_at: datetime, minutes: int, at_min: int
) -> None:
    whole = Rate(0, 1440, (Step(60, 300),), 30, 100, counter="one")
    parts = (replace(whole, to_min=at_min), replace(whole, from_min=at_min))
    rows = parts if at_min < 1440 else (whole,)
    left_at = arrived_at + timedelta(minutes=minutes)

    fees = {
        quote(tariff(*each), arrived_at=arrived_at, left_at=left_at, zone=ZONE).amount
        for each in ((whole,), rows)
    }
    assert len(fees) == 1


@given(rates(), st.integers(0, 95), st.integers(1, 96))
def test_a_hole_in_the_day_is_found_exactly_where_it_is(
    rows: tuple[Rate, ...], opens: int, length: int
) -> None:
    extra = Rate(opens * 15, (opens + length) * 15 % 1440, (), 60, 1, name="extra")
    found = problems(Terms(rates=(*rows, extra), vehicles=("small",)))

    minutes = sum(one.to_min - one.from_min for one in found if one.to_min and one.from_min is not None)  # fmt: skip
    assert {one.code for one in found} == {"tariff_overlap"}
    assert minutes == length * 15
