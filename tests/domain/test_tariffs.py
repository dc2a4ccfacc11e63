"""What parking costs: published shapes as examples, and what holds for any tariff."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.tariff import CapPeriod, Rate, Step, Tariff, explain, quote, summary
from server.domain.tariff.rules import check
from server.kernel.errors import Invalid
from tests.world import DAY_TARIFF

ZONE = ZoneInfo("Asia/Shanghai")


def tariff(*rates: Rate, free_min: int = 0, cap: int | None = None) -> Tariff:
    return replace(DAY_TARIFF, rates=rates, free_min=free_min, cap=cap)


def at(clock: str, day: int = 1) -> datetime:
    hours, minutes = (int(part) for part in clock.split(":"))
    return datetime(2026, 7, day, hours, minutes, tzinfo=ZONE)


def fee(of: Tariff, arrived_at: datetime, lasting: timedelta) -> int:
    return quote(of, arrived_at=arrived_at, left_at=arrived_at + lasting, zone=ZONE).amount


SMALL = tariff(
    Rate(0, 450),
    Rate(450, 1260, (Step(60, 300),), 30, 100),
    Rate(1260, 1440),
    cap=2500,
)
LARGE = tariff(
    Rate(0, 450),
    Rate(450, 1260, (Step(60, 900),), 30, 300),
    Rate(1260, 1440),
    cap=2500,
)
YICHANG = tariff(
    Rate(0, 420, unit_min=120, unit_amount=100),
    Rate(420, 1200, (Step(60, 400),), 30, 200),
    Rate(1200, 1440, unit_min=120, unit_amount=100),
    free_min=30,
    cap=3000,
)
ZHUMADIAN = tariff(
    Rate(0, 450),
    Rate(450, 1170, (Step(60, 500),), 60, 150),
    Rate(1170, 1440),
    free_min=30,
    cap=2000,
)


@pytest.mark.parametrize(
    ("of", "minutes", "fen"),
    [
        (SMALL, 20, 300),
        (SMALL, 60, 300),
        (SMALL, 61, 400),
        (SMALL, 150, 600),
        (LARGE, 61, 1200),
        (LARGE, 150, 1800),
        (LARGE, 180, 2100),
        (LARGE, 240, 2500),
        (ZHUMADIAN, 30, 0),
        (ZHUMADIAN, 45, 500),
        (ZHUMADIAN, 61, 650),
        (ZHUMADIAN, 180, 800),
    ],
)
def test_a_stay_in_the_day_costs_what_the_published_table_says(
    of: Tariff, minutes: int, fen: int
) -> None:
    assert fee(of, at("08:00"), timedelta(minutes=minutes)) == fen


@pytest.mark.parametrize(
    ("of", "clock", "hours", "fen"),
    [
        (SMALL, "07:30", 13.5, 2500),
        (ZHUMADIAN, "07:30", 12, 2000),
        (YICHANG, "07:00", 13, 3000),
        (YICHANG, "19:00", 4, 600),
        (YICHANG, "08:00", 0.5, 0),
        (YICHANG, "08:00", 31 / 60, 400),
        (YICHANG, "08:00", 130 / 60, 1000),
    ],
)
def test_windows_and_caps_are_as_the_published_table_says(
    of: Tariff, clock: str, hours: float, fen: int
) -> None:
    assert fee(of, at(clock), timedelta(hours=hours)) == fen


def test_every_day_of_a_stay_has_its_own_cap_and_its_own_steps() -> None:
    assert fee(SMALL, at("07:30"), timedelta(days=2)) == 5000
    assert fee(SMALL, at("07:30"), timedelta(days=2, seconds=1)) == 5300


def test_free_time_is_given_once_a_stay() -> None:
    assert fee(ZHUMADIAN, at("08:00"), timedelta(days=1, minutes=20)) == 2500


def test_only_the_minutes_inside_a_window_are_charged() -> None:
    assert fee(SMALL, at("06:30"), timedelta(minutes=90)) == 300


def test_the_step_counter_goes_on_across_the_night() -> None:
    assert fee(SMALL, at("20:30"), timedelta(hours=11, minutes=30)) == 300


@pytest.mark.parametrize(("seconds", "fen"), [(-1, 300), (0, 300), (1, 400)])
def test_a_second_over_the_step_begins_a_unit(seconds: int, fen: int) -> None:
    assert fee(SMALL, at("08:00"), timedelta(minutes=60, seconds=seconds)) == fen


@pytest.mark.parametrize(("seconds", "fen"), [(-1, 0), (0, 0), (1, 300)])
def test_a_second_over_the_free_time_charges_from_the_start(seconds: int, fen: int) -> None:
    assert fee(DAY_TARIFF, at("08:00"), timedelta(minutes=15, seconds=seconds)) == fen


def test_coming_and_going_in_one_second_costs_nothing() -> None:
    assert fee(SMALL, at("08:00"), timedelta()) == 0


def test_a_cap_of_a_stay_holds_over_all_its_days() -> None:
    of = replace(SMALL, cap_period=CapPeriod.STAY)

    assert fee(of, at("07:30"), timedelta(days=3)) == 2500


@pytest.mark.parametrize(
    ("rates", "code"),
    [
        ((Rate(0, 600), Rate(660, 1440)), "tariff_gap"),
        ((Rate(0, 700), Rate(660, 1440)), "tariff_overlap"),
        ((Rate(0, 1400),), "tariff_gap"),
        ((Rate(0, 1440, (Step(60, 300), Step(30, 200))),), "tariff_steps_invalid"),
        ((Rate(0, 1440, (Step(30, 300), Step(60, 200))),), "tariff_steps_invalid"),
        ((Rate(0, 1440, (Step(60, 300), Step(60, 400))),), "tariff_steps_invalid"),
        ((Rate(0, 1440, (Step(0, 300),)),), "tariff_steps_invalid"),
        ((Rate(0, 1440, (Step(60, -1),)),), "tariff_steps_invalid"),
        ((Rate(0, 1440, unit_min=0),), "tariff_steps_invalid"),
        ((Rate(0, 1440, unit_amount=-1),), "tariff_steps_invalid"),
    ],
)
def test_a_tariff_with_a_hole_is_refused(rates: tuple[Rate, ...], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(tariff(*rates))

    assert refused.value.code == code


def test_a_tariff_says_what_it_costs() -> None:
    assert summary(SMALL) == "首小时 ¥3，之后 ¥1/30 分钟，24 小时封顶 ¥25"
    assert explain(SMALL) == [
        "00:00–07:30：免费",
        "07:30–21:00：首小时 ¥3，之后 ¥1/30 分钟",
        "21:00–24:00：免费",
        "每 24 小时最高 ¥25",
    ]


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    cuts = sorted(draw(st.sets(st.integers(1, 1439), max_size=3)))
    edges = [0, *cuts, 1440]
    rates = []
    for opens, closes in pairwise(edges):
        first = draw(st.integers(0, 1_000))
        steps = (Step(draw(st.integers(1, 120)), first),) if draw(st.booleans()) else ()
        unit = draw(st.sampled_from([15, 30, 60]))
        rates.append(Rate(opens, closes, steps, unit, draw(st.integers(0, 500))))
    cap = draw(st.one_of(st.none(), st.integers(100, 5_000)))
    return check(tariff(*rates, free_min=draw(st.integers(0, 60)), cap=cap))


# From before a leap day to after a year's end; Hypothesis wants the bounds naive.
INSTANTS = st.datetimes(
    datetime(2024, 2, 27),  # noqa: DTZ001
    datetime(2026, 1, 3),  # noqa: DTZ001
    timezones=st.just(ZONE),
)
SPANS = st.timedeltas(timedelta(), timedelta(days=4))


@given(tariffs(), INSTANTS, SPANS)
def test_the_lines_of_a_quote_sum_to_its_amount(
    of: Tariff, arrived_at: datetime, lasting: timedelta
) -> None:
    priced = quote(of, arrived_at=arrived_at, left_at=arrived_at + lasting, zone=ZONE)

    assert priced.amount == sum(line.amount for line in priced.lines)
    assert priced.amount >= 0
    assert all(line.text for line in priced.lines)


@given(tariffs(), INSTANTS, SPANS, st.timedeltas(timedelta(), timedelta(days=1)))
def test_a_longer_stay_never_costs_less(
    of: Tariff, arrived_at: datetime, lasting: timedelta, more: timedelta
) -> None:
    # given steps that do not drop below the units that follow them, as published tariffs have it
    assert fee(of, arrived_at, lasting) <= fee(of, arrived_at, lasting + more)


@given(tariffs(), INSTANTS, SPANS)
def test_no_stay_costs_more_than_its_caps(
    of: Tariff, arrived_at: datetime, lasting: timedelta
) -> None:
    days = -(-lasting // timedelta(days=1))

    if of.cap is not None:
        assert fee(of, arrived_at, lasting) <= of.cap * days


@given(INSTANTS, st.integers(1, 3 * 1440))
def test_a_walk_minute_by_minute_finds_the_same_fee(arrived_at: datetime, minutes: int) -> None:
    walked = 0
    for first in range(0, minutes, 1440):
        charged = sum(
            450 <= (now := arrived_at + timedelta(minutes=minute)).hour * 60 + now.minute < 1260
            for minute in range(first, min(first + 1440, minutes))
        )
        if charged:
            walked += min(2500, 300 + 100 * -(-max(0, charged - 60) // 30))

    arrived_at = arrived_at.replace(second=0, microsecond=0)
    assert fee(SMALL, arrived_at, timedelta(minutes=minutes)) == walked
