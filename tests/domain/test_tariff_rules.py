"""What holds for any tariff, against a walk tick by tick, and each knob at its boundary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.domain.tariff import (
    Bound,
    Cap,
    Car,
    DayClass,
    DayKind,
    Discount,
    Factor,
    FirstFree,
    FreeTime,
    Grant,
    LineKind,
    MaxStay,
    Mixing,
    OnChange,
    Penalty,
    Period,
    Pricing,
    Rate,
    Rounding,
    Step,
    Tariff,
    TariffState,
    Terms,
    Turn,
    explain,
    quote,
    summary,
)
from server.domain.tariff.rules.calendars import year_of
from server.domain.tariff.rules.checking import problems
from server.domain.vehicle import PlateColor
from server.kernel.errors import Refused
from tests.world import DAY_TARIFF

ZONE = ZoneInfo("Asia/Shanghai")
SMALL = Car()
GREEN = Car("small", PlateColor.GREEN, tags=frozenset({"new_energy"}), earlier=())
ALWAYS = Rate(0, 1440, (), 60, 100)


def tariff(*rates: Rate, **terms: Any) -> Tariff:
    """Make a tariff that is in force for ever."""
    return replace(DAY_TARIFF, id="x@1", v=0, terms=Terms(rates=rates or (ALWAYS,), **terms))


def at(clock: str, day: int = 1) -> datetime:
    """Give a local time in July 2026; the 1st is a Wednesday."""
    hours, minutes = (int(part) for part in clock.split(":"))
    return datetime(2026, 7, day, hours, minutes, tzinfo=ZONE)


def fee(
    of: Tariff,
    minutes: float = 0,
    *,
    start: str = "08:00",
    seconds: int = 0,
    car: Car = SMALL,
) -> int:
    """Price a stay that begins on the 1st."""
    left_at = at(start) + timedelta(minutes=minutes, seconds=seconds)
    priced = quote(of, arrived_at=at(start), left_at=left_at, zone=ZONE, car=car)
    assert priced.amount == sum(line.amount for line in priced.lines)
    return priced.amount


# Each knob, one second before its limit, at it, and one after.


def around(of: Tariff, minutes: int, **more: Any) -> list[int]:
    """Price N − 1, N and N + 1 seconds around so many minutes."""
    return [fee(of, minutes, seconds=by, **more) for by in (-1, 0, 1)]


@pytest.mark.parametrize(
    ("rounding", "grace_min", "limit_min", "fees"),
    [
        (Rounding.UP, 0, 60, [100, 100, 200]),
        (Rounding.DOWN, 0, 60, [0, 100, 100]),
        (Rounding.NEAREST, 0, 90, [100, 200, 200]),
        (Rounding.UP, 10, 70, [100, 100, 200]),
    ],
)
def test_a_unit_is_rounded_as_declared(
    rounding: Rounding, grace_min: int, limit_min: int, fees: list[int]
) -> None:
    of = tariff(replace(ALWAYS, rounding=rounding, tail_grace_min=grace_min))

    assert around(of, limit_min) == fees


@pytest.mark.parametrize(
    ("free", "fees"),
    [
        (FreeTime(30), [0, 0, 100]),
        (FreeTime(30, bound=Bound.BELOW), [0, 100, 100]),
        (FreeTime(30, Grant.DEDUCTED), [0, 0, 100]),
    ],
)
def test_free_time_ends_where_it_says(free: FreeTime, fees: list[int]) -> None:
    assert around(tariff(free=free), 30) == fees


def test_deducted_free_time_shifts_the_charge_and_judged_free_time_does_not() -> None:
    assert around(tariff(free=FreeTime(30, Grant.DEDUCTED)), 90) == [100, 100, 200]
    assert around(tariff(free=FreeTime(30)), 60) == [100, 100, 200]


def test_the_first_step_is_flat_or_counted_in_units() -> None:
    flat = tariff(Rate(0, 1440, (Step(60, 300),), 30, 100))
    units = tariff(Rate(0, 1440, (Step(60, 100, 15),), 30, 100))

    assert around(flat, 60) == [300, 300, 400]
    assert [fee(units, minutes) for minutes in (1, 15, 16, 60, 61)] == [100, 100, 200, 400, 500]


def test_a_counter_goes_on_over_windows_or_begins_anew_as_declared() -> None:
    day = Rate(480, 1200, (Step(60, 300),), 30, 100, counter="all")
    night = Rate(1200, 480, (Step(60, 300),), 30, 50, counter="all")
    on, anew = tariff(day, night), tariff(day, night, restart=Period.WINDOW)

    assert fee(on, 60, start="19:30") == 300
    assert fee(anew, 60, start="19:30") == 600
    assert fee(on, 90, start="19:30") == 350


@pytest.mark.parametrize(
    ("restart", "fees"),
    [
        (Period.STAY, [2500, 2500, 2700]),
        (Period.NATURAL_DAY, [2600, 2600, 2800]),
        (Period.ROLLING_DAY, [2500, 2500, 2800]),
    ],
)
def test_steps_begin_anew_with_the_day_that_is_declared(restart: Period, fees: list[int]) -> None:
    day = Rate(480, 1200, (Step(60, 300),), 60, 200)
    of = tariff(day, Rate(1200, 480), restart=restart)

    assert around(of, 1440, start="12:00") == fees


@pytest.mark.parametrize(
    ("period", "fees"),
    [
        (Period.NATURAL_DAY, [1000, 1000, 1000]),
        (Period.ROLLING_DAY, [500, 500, 600]),
        (Period.STAY, [500, 500, 500]),
    ],
)
def test_a_cap_holds_over_the_period_that_is_declared(period: Period, fees: list[int]) -> None:
    assert around(tariff(caps=(Cap(500, period),)), 1440, start="12:00") == fees


def test_what_is_outside_a_cap_comes_on_top() -> None:
    day, night = Rate(480, 1200, (), 60, 100, name="day"), Rate(1200, 480, (), 60, 10)
    of = tariff(day, night, caps=(Cap(500, Period.NATURAL_DAY, rates=("day",)),))

    assert fee(of, 24 * 60) == 500 + 120


def test_a_cap_of_a_window_holds_for_each_passage_and_a_cap_of_the_day_over_them() -> None:
    day, night = (
        Rate(480, 1200, (), 60, 100, name="day"),
        Rate(1200, 480, (), 60, 100, name="night"),
    )
    windows = Cap(300, Period.WINDOW)

    assert fee(tariff(day, night, caps=(windows,)), 48 * 60) == 1200
    assert fee(tariff(day, night, caps=(windows, Cap(500))), 48 * 60) == 1000


def test_the_start_decides_where_that_is_declared() -> None:
    day, night = Rate(480, 1200, (), 60, 100), Rate(1200, 480, (), 60, 10)
    of = tariff(day, night, mixing=Mixing.START_DECIDES)

    assert fee(of, 120, start="19:00") == 200
    assert fee(of, 120, start="20:00") == 20
    assert fee(tariff(day, night), 120, start="19:00") == 110


def test_a_class_of_cars_has_rates_of_its_own_or_a_factor() -> None:
    of = tariff(
        replace(ALWAYS, vehicles=("small",)),
        Rate(0, 1440, (), 60, 500, vehicles=("bus",)),
        vehicles=("small", "bus", "truck", "motorcycle"),
        factors=(
            Factor(50, vehicles=("motorcycle",), as_vehicle="small"),
            Factor(200, vehicles=("truck",), as_vehicle="small"),
            Factor(300, colors=(PlateColor.YELLOW,)),
        ),
    )

    fees = [fee(of, 60, car=Car(name)) for name in ("small", "bus", "truck", "motorcycle")]
    assert fees == [100, 500, 200, 50]
    assert fee(of, 60, car=Car("small", PlateColor.YELLOW)) == 300
    assert problems(of.terms) == []


def test_berths_that_are_stood_on_multiply_and_a_scaled_cap_with_them() -> None:
    two = Car("large", berths=2)

    assert fee(tariff(per_berth=True, caps=(Cap(500, scaled=True),)), 600, car=two) == 1000
    assert fee(tariff(per_berth=True, caps=(Cap(500),)), 600, car=two) == 500
    assert fee(tariff(), 600, car=two) == 1000


@pytest.mark.parametrize("class_name", ["bus", "", "LARGE"])
def test_a_class_of_cars_that_is_not_known_is_refused(class_name: str) -> None:
    with pytest.raises(Refused) as refused:
        fee(tariff(), 60, car=Car(class_name))

    assert refused.value.code == "vehicle_class_unknown"


def test_new_energy_pays_less_for_its_first_hours_and_once_a_day() -> None:
    first = Discount("新能源", 0, 120, tags=("new_energy",), turn=Turn.FIRST)
    later = Discount("新能源", 50, tags=("new_energy",), turn=Turn.LATER)
    of = tariff(discounts=(first, later))
    again = replace(GREEN, earlier=(at("06:00"),))
    yesterday = replace(GREEN, earlier=(at("08:00") - timedelta(hours=10),))

    assert around(of, 120, car=GREEN) == [0, 0, 100]
    assert fee(of, 180, car=GREEN) == 100
    assert fee(of, 180, car=again) == 150
    assert fee(of, 180, car=yesterday) == 100
    assert fee(of, 180, car=replace(GREEN, earlier=None)) == 300
    assert fee(of, 180) == 300


def test_a_discount_before_a_cap_and_one_after_it_differ() -> None:
    half = Discount("新能源", 50, tags=("new_energy",))
    before = tariff(discounts=(half,), caps=(Cap(500),))
    after = tariff(discounts=(replace(half, after_caps=True),), caps=(Cap(500),))

    assert (fee(before, 600, car=GREEN), fee(after, 600, car=GREEN)) == (500, 250)


def test_free_time_of_its_own_begins_the_steps_after_it() -> None:
    own = FreeTime(60, Grant.DEDUCTED)
    of = tariff(
        Rate(0, 1440, (Step(60, 500),), 60, 100),
        discounts=(Discount("新能源", tags=("new_energy",), free=own),),
    )

    assert (fee(of, 90), fee(of, 90, car=GREEN)) == (600, 500)


@pytest.mark.parametrize(
    ("period", "came", "fees"),
    [
        (Period.NATURAL_DAY, [], [0, 0, 100]),
        (Period.NATURAL_DAY, ["00:00"], [100, 100, 100]),
        (Period.ROLLING_DAY, ["00:00"], [100, 100, 100]),
    ],
)
def test_the_first_stay_is_free_once_a_day(
    period: Period, came: list[str], fees: list[int]
) -> None:
    of = tariff(free=FreeTime(0), first_free=FirstFree(FreeTime(30), period))
    car = replace(GREEN, earlier=tuple(at(clock) for clock in came))

    assert around(of, 30, car=car) == fees


@pytest.mark.parametrize(("period", "amount"), [(Period.NATURAL_DAY, 0), (Period.ROLLING_DAY, 100)])
def test_yesterday_counts_for_24_hours_and_not_for_the_day(period: Period, amount: int) -> None:
    of = tariff(first_free=FirstFree(FreeTime(30), period))
    almost = replace(GREEN, earlier=(at("08:00") - timedelta(days=1) + timedelta(seconds=1),))
    gone = replace(GREEN, earlier=(at("08:00") - timedelta(days=1),))

    assert fee(of, 30, car=almost) == amount
    assert fee(of, 30, car=gone) == 0


def test_one_price_a_use_and_what_it_costs_to_extend_it() -> None:
    of = tariff(Rate(0, 1440, (Step(240, 1000),), 120, 500))
    forever = tariff(Rate(0, 1440, (Step(None, 1000),)), restart=Period.STAY)

    assert around(of, 240) == [1000, 1000, 1500]
    assert fee(forever, 60 * 24 * 9) == 1000


def test_hours_may_cost_more_and_more() -> None:
    steps = (Step(60, 100), Step(120, 300), Step(None, 400, 60))

    assert [fee(tariff(Rate(0, 1440, steps)), 60 * hours) for hours in (1, 2, 3, 4)] == [
        100,
        300,
        700,
        1100,
    ]


@pytest.mark.parametrize(
    ("longest", "fees"),
    [
        (MaxStay(120), [200, 200, 200]),
        (MaxStay(120, charges_on=True), [200, 200, 300]),
        (MaxStay(120, penalty=Penalty((Step(None, 5000),))), [200, 200, 5200]),
        (MaxStay(120, penalty=Penalty(unit_amount=700), charges_on=True), [200, 200, 1000]),
    ],
)
def test_staying_too_long_costs_what_is_declared(longest: MaxStay, fees: list[int]) -> None:
    assert around(tariff(max_stay=longest, caps=(Cap(10_000),)), 120) == fees


@pytest.mark.parametrize(
    ("round_to", "rounding", "amount"),
    [
        (1, Rounding.DOWN, 125),
        (10, Rounding.DOWN, 120),
        (10, Rounding.UP, 130),
        (10, Rounding.NEAREST, 130),
        (100, Rounding.DOWN, 100),
        (100, Rounding.NEAREST, 100),
    ],
)
def test_the_final_amount_is_rounded_as_declared(
    round_to: int, rounding: Rounding, amount: int
) -> None:
    of = tariff(Rate(0, 1440, (), 60, 125), round_to=round_to, rounding=rounding)

    assert fee(of, 60) == amount


def test_a_bill_has_a_least_and_a_most() -> None:
    of = tariff(minimum=150, maximum=400)

    assert [fee(of, minutes) for minutes in (0, 60, 120, 240, 600)] == [150, 150, 200, 400, 400]
    assert fee(tariff(minimum=150, free=FreeTime(15)), 15) == 0


def test_coming_and_going_in_one_second_costs_nothing() -> None:
    assert fee(tariff()) == 0
    assert fee(DAY_TARIFF) == 0


# Days of every kind.


def test_the_first_class_of_days_whose_conditions_hold_is_taken() -> None:
    days = (DayClass("rest", weekdays=(6, 7)), DayClass("work"))
    of = tariff(
        replace(ALWAYS, days=("work",)), Rate(0, 1440, (), 60, 300, days=("rest",)), days=days
    )

    assert fee(of, 60, start="08:00") == 100
    friday = at("23:00", day=3)
    over = quote(of, arrived_at=friday, left_at=friday + timedelta(hours=2), zone=ZONE)
    assert over.amount == 400


def test_a_date_that_the_calendar_says_nothing_of_is_refused() -> None:
    days = (DayClass("rest", kinds=(DayKind.HOLIDAY,)), DayClass("work"))
    of = tariff(days=days, calendar_id="china")
    known = {2026: year_of("china", "", (), year=2026)}
    new_year = datetime(2026, 12, 31, 23, tzinfo=ZONE)

    def priced(hours: int) -> int:
        left_at = new_year + timedelta(hours=hours)
        return quote(of, arrived_at=new_year, left_at=left_at, zone=ZONE, calendar=known).amount

    assert priced(1) == 100
    with pytest.raises(Refused) as refused:
        priced(2)
    assert refused.value.code == "calendar_day_missing"
    assert refused.value.fields["on"] == "2027-01-01"


@pytest.mark.parametrize(
    ("rates", "code"),
    [((Rate(480, 1200),), "tariff_gap"), ((ALWAYS, Rate(1200, 1300)), "tariff_overlap")],
)
def test_a_hole_is_refused_and_never_free(rates: tuple[Rate, ...], code: str) -> None:
    with pytest.raises(Refused) as refused:
        fee(tariff(*rates), 120, start="19:00")

    assert refused.value.code == code
    assert refused.value.fields["at"] == "2026-07-01T12:00:00+00:00"


def test_a_day_on_which_clocks_change_has_its_windows_by_the_clock() -> None:
    new_york = ZoneInfo("America/New_York")
    of = tariff(Rate(0, 480), Rate(480, 1200, (), 60, 100), Rate(1200, 1440))
    for month, day in ((3, 8), (11, 1)):
        start = datetime(2026, month, day, 7, tzinfo=new_york)
        end = datetime(2026, month, day, 21, tzinfo=new_york)
        midnight = datetime(2026, month, day, tzinfo=new_york)

        assert quote(of, arrived_at=start, left_at=end, zone=new_york).amount == 1200
        assert quote(of, arrived_at=midnight, left_at=end, zone=new_york).amount == 1200


# A stay over a change of the tariff.


def versions(on_change: OnChange) -> Pricing:
    """Make an old version and a dearer one that follows at noon."""
    free = FreeTime(30)
    old = replace(
        tariff(free=free),
        v=1,
        state=TariffState.SUPERSEDED,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        valid_to=at("12:00"),
        on_change=on_change,
    )
    dear = Terms(rates=(Rate(0, 1440, (), 60, 300),), free=free)
    new = replace(old, id="x@2", state=TariffState.PUBLISHED, valid_from=at("12:00"), valid_to=None, terms=dear)  # fmt: skip
    return Pricing("x", (new, old), {})


@pytest.mark.parametrize(
    ("on_change", "start", "end", "amount"),
    [
        (OnChange.KEEP, "11:00", "13:00", 200),
        (OnChange.SPLIT, "11:00", "13:00", 400),
        (OnChange.SPLIT, "11:50", "12:20", 0),
        (OnChange.SPLIT, "11:50", "12:21", 400),
        (OnChange.SPLIT, "11:00", "12:00", 100),
        (OnChange.SPLIT, "12:00", "13:00", 300),
    ],
)
def test_a_stay_keeps_its_version_or_is_split(
    on_change: OnChange, start: str, end: str, amount: int
) -> None:
    priced = versions(on_change).quote(arrived_at=at(start), left_at=at(end), zone=ZONE)

    assert priced.amount == amount == sum(line.amount for line in priced.lines)


def test_a_stay_from_before_the_first_version_is_refused() -> None:
    start = datetime(2019, 1, 1, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        versions(OnChange.KEEP).quote(arrived_at=start, left_at=at("08:00"), zone=ZONE)

    assert refused.value.code == "tariff_not_in_force"


# What holds for any tariff.


def test_a_tariff_says_what_it_costs() -> None:
    assert summary(DAY_TARIFF.terms) == "15 分钟内免费，首小时 ¥3，之后 ¥1/30 分钟，24 小时封顶 ¥25"
    assert explain(DAY_TARIFF.terms) == [
        "停车不超过 15 分钟免费",
        "00:00–07:30：免费",
        "07:30–21:00：首小时 ¥3，之后 ¥1/30 分钟",
        "21:00–24:00：免费",
        "每 24 小时最高 ¥25",
    ]


def test_a_quote_names_row_time_and_units_of_each_line() -> None:
    priced = quote(DAY_TARIFF, arrived_at=at("20:00"), left_at=at("22:00"), zone=ZONE)

    rows = [(line.kind, line.row, line.seconds, line.units, line.amount) for line in priced.lines]
    assert rows == [(LineKind.RATE, 2, 3600, 1, 300), (LineKind.RATE, 3, 3600, 1, 0)]


@pytest.mark.parametrize("grant", Grant)
@pytest.mark.parametrize("every", Period)
def test_a_stay_of_no_seconds_costs_no_more_than_one_of_a_second(
    grant: Grant, every: Period
) -> None:
    free = FreeTime(15, grant, every=every, charged_only=True)

    assert [fee(tariff(free=free, minimum=200), seconds=by) for by in (0, 1)] == [0, 0]
    assert [fee(tariff(minimum=200), seconds=by) for by in (0, 1)] == [200, 200]
    assert [fee(tariff(Rate(0, 1440), minimum=200), seconds=by) for by in (0, 1)] == [0, 0]


@pytest.mark.parametrize("free", [None, FreeTime(1, Grant.DEDUCTED), FreeTime(1)])
def test_hours_that_are_free_are_free_whatever_the_least_is(free: FreeTime | None) -> None:
    day, night = Rate(480, 1260, (), 60, 100), Rate(1260, 480)
    of = tariff(day, night, free=free, minimum=500)

    def amount(hours: int) -> int:
        left_at = at("22:00") + timedelta(hours=hours)
        return quote(of, arrived_at=at("22:00"), left_at=left_at, zone=ZONE).amount

    assert [amount(hours) for hours in (1, 10, 11, 20)] == [0, 0, 500, 1000]


def test_who_stays_too_long_in_free_hours_pays_for_that() -> None:
    longest = MaxStay(60, penalty=Penalty((), 60, 1000))
    of = tariff(Rate(0, 1440), free=FreeTime(15, Grant.DEDUCTED), max_stay=longest)

    assert [fee(of, minutes) for minutes in (60, 61)] == [0, 1000]
