"""Quotes a second on one core, and how a quote's cost grows with the length of the stay.

usage: python -m bench.tariff [--seconds 2] [--profile]
A plain stay is three hours under a roadside tariff; the long one lasts ten days over a year's end,
under a tariff of a scenic area that asks two years of a calendar. Growth is the cost of a window:
at ten times the windows it must not have risen. CPU time is measured, so a busy machine disturbs
little; the best of several rounds counts.
"""

import argparse
import cProfile
import pstats
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from server.demo import shipped_calendars, shipped_tariffs
from server.domain.tariff import Car, Tariff, quote

ZONE = ZoneInfo("Asia/Shanghai")
PLAIN_MIN = 20_000
# 1.3: what the windows of a stay cost must stay within the noise of the fixed part they share.
GROWTH_MAX = 1.3
ROUNDS = 5
CAR = Car()


@dataclass(frozen=True, slots=True)
class Case:
    """A stay to be priced again and again."""

    name: str
    tariff: str
    arrived_at: datetime
    lasting: timedelta


CASES = (
    Case("plain, 3 h", "t1-ningde", datetime(2026, 7, 1, 1, tzinfo=UTC), timedelta(hours=3)),
    Case("plain, 10 d", "t1-ningde", datetime(2026, 7, 1, 1, tzinfo=UTC), timedelta(days=10)),
    Case("plain, 100 d", "t1-ningde", datetime(2026, 7, 1, 1, tzinfo=UTC), timedelta(days=100)),
    Case(
        "calendar, 10 d",
        "t5-hangzhou-scenic",
        datetime(2025, 12, 26, 1, tzinfo=UTC),
        timedelta(days=10),
    ),
)


def main() -> int:
    """Measure; fails when a plain stay is too slow, or a long one grows too fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    tariffs = {one.code: one for one in shipped_tariffs()}
    profile = cProfile.Profile()
    if asked.profile:
        profile.enable()
    rates = {}
    for case in CASES:
        rates[case.name] = rate(tariffs[case.tariff], case, asked.seconds)
        print(f"{case.name:16} {rates[case.name]:9,.0f} quotes/s", flush=True)
    if asked.profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(15)
    growth = rates["plain, 10 d"] / rates["plain, 100 d"] / 10
    print(f"ten times the windows cost {growth * 10:.1f} times as much: {growth:.2f} a window")
    return int(rates["plain, 3 h"] < PLAIN_MIN or growth > GROWTH_MAX)


def rate(tariff: Tariff, case: Case, seconds: float) -> float:
    """Price one stay for a while, in rounds; gives quotes a second of CPU in the best round."""
    calendar = {year.year: year for year in shipped_calendars()}
    arrived_at, left_at = case.arrived_at, case.arrived_at + case.lasting
    best = 0.0
    for _ in range(ROUNDS):
        done, began = 0, time.process_time()
        while (spent := time.process_time() - began) < seconds / ROUNDS:
            for _ in range(20):
                quote(
                    tariff,
                    arrived_at=arrived_at,
                    left_at=left_at,
                    zone=ZONE,
                    car=CAR,
                    calendar=calendar,
                )
            done += 20
        best = max(best, done / spent)
    return best


if __name__ == "__main__":
    sys.exit(main())
