"""The tariffs that are shipped as files: each worked example of the published tables."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.domain.tariff import Car, Tariff, may_buy, quote
from server.domain.tariff.rules.calendars import read_list, year_of
from server.domain.tariff.rules.checking import problems
from server.domain.tariff.rules.exchange import to_file
from server.domain.tariff.schema import TariffFile
from server.domain.vehicle import PlateColor

ZONE = ZoneInfo("Asia/Shanghai")
FOLDER = Path(__file__).parents[2] / "server" / "tariffs"
FILES = sorted(path.stem for path in FOLDER.glob("*.json"))
CALENDAR = {
    year: year_of(
        "china", "国务院", read_list((FOLDER / f"china-{year}.csv").read_text()), year=year
    )
    for year in (2024, 2025, 2026)
}
SMALL = Car()
LARGE = Car("large")
TWO_BERTHS = Car("large", PlateColor.YELLOW, berths=2)


def shipped(code: str) -> Tariff:
    """Read a shipped tariff as an import does."""
    given: dict[str, Any] = TariffFile().load(json.loads((FOLDER / f"{code}.json").read_text()))
    del given["format"]
    return Tariff(id=f"{code}@1", number=1, valid_from=datetime(2020, 1, 1, tzinfo=UTC), **given)


@dataclass(frozen=True)
class Example:
    """So many yuan for a stay of so many minutes from a local time on."""

    code: str
    start: str
    minutes: float
    fee: float
    car: Car = SMALL


def on_day(
    code: str, fees: dict[float, float], car: Car = SMALL, start: str = "08:00"
) -> list[Example]:
    """List examples that begin at one time of a plain Wednesday."""
    return [Example(code, start, minutes, fee, car) for minutes, fee in fees.items()]


EXAMPLES = [
    # T1
    *on_day("t1-ningde", {20: 3, 60: 3, 61: 4, 150: 6}),
    *on_day("t1-ningde", {810: 25}, start="07:30"),
    *on_day("t1-ningde", {61: 12, 150: 18, 180: 21, 240: 25}, LARGE),
    *on_day("t1-ningde", {90: 3}, start="06:30"),
    *on_day("t1-ningde", {690: 3}, start="20:30"),
    *on_day("t1-ningde-by-window", {690: 6}, start="20:30"),
    *on_day("t1-ningde-by-window", {20: 3, 60: 3, 61: 4, 150: 6}),
    # T2
    *on_day("t2-beijing-1", {14: 0, 60: 10, 130: 25}, start="10:00"),
    *on_day("t2-beijing-1", {180: 6}, start="18:30"),
    *on_day("t2-beijing-1", {1440: 181}, start="07:00"),
    *on_day("t2-beijing-1", {60: 20, 1440: 362}, LARGE, start="07:00"),
    *on_day("t2-beijing-1-2011", {14: 2.5, 60: 10, 130: 28.75}, start="10:00"),
    *on_day("t2-beijing-1-2011", {180: 33.5}, start="18:30"),
    *on_day("t2-beijing-2", {180: 24}, start="10:00"),
    *on_day("t2-beijing-3", {120: 5}, start="10:00"),
    # T5
    *on_day("t5-hangzhou-core", {40: 10, 60: 10, 80: 16, 180: 34}),
    *on_day("t5-hangzhou-core", {180: 68}, LARGE),
    *on_day("t5-hangzhou-core", {180: 68}, Car("small", PlateColor.YELLOW)),
    *on_day("t5-hangzhou-core", {180: 17}, Car("motorcycle", PlateColor.YELLOW)),
    *on_day("t5-hangzhou-core", {720: 5}, start="20:00"),
    *on_day("t5-hangzhou-1", {180: 22}),
    *on_day("t5-hangzhou-2", {180: 16}),
    Example("t5-hangzhou-scenic", "2026-10-01 10:00", 120, 60),
    Example("t5-hangzhou-scenic", "2026-04-18 10:00", 120, 40),
    Example("t5-hangzhou-scenic", "2026-04-21 10:00", 120, 20),
    Example("t5-hangzhou-scenic", "2026-06-20 10:00", 120, 40),  # 端午
    Example("t5-hangzhou-scenic", "2026-07-18 10:00", 120, 20),  # a Saturday out of season
    Example("t5-hangzhou-scenic", "2026-09-20 10:00", 120, 20),  # a Sunday that is worked
    # T7
    *on_day("t7-yichang-core", {30: 0, 31: 4, 130: 10}),
    *on_day("t7-yichang-core", {240: 6}, start="19:00"),
    *on_day("t7-yichang-core", {780: 30}, start="07:00"),
    *on_day("t7-yichang-core", {130: 20}, TWO_BERTHS),
    *on_day("t7-yichang-outer", {30: 0, 31: 3, 130: 6}),
    *on_day("t7-yichang-outer", {780: 25}, start="07:00"),
    # T8
    *on_day("t8-zhumadian-1", {30: 0, 45: 5, 61: 6.5, 180: 8, 1440 + 20: 25}),
    *on_day("t8-zhumadian-1", {720: 20}, start="07:30"),
    *on_day("t8-zhumadian-2", {45: 4, 61: 5.3}),
    *on_day("t8-zhumadian-3", {45: 3, 61: 4}),
    *on_day("t8-zhumadian-3", {720: 10}, start="07:30"),
    # T11
    *on_day("t11-new-york", {60: 5.5, 61: 14.5, 120: 14.5, 180: 14.5}),
    *on_day("t11-taipei", {30: 25, 31: 50, 60: 50}),
    *on_day("t11-taipei", {60: 20, 60 * 17: 40}, Car("motorcycle")),
    Example("t11-taipei", "2026-07-05 10:00", 120, 0),  # Sunday
    *on_day("t11-hong-kong", {15: 4, 60: 16}),
]  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_published_example_costs_what_is_published(example: Example) -> None:
    day = example.start if " " in example.start else f"2026-07-01 {example.start}"
    arrived_at = datetime.strptime(day, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)

    priced = quote(
        shipped(example.code),
        arrived_at=arrived_at,
        left_at=arrived_at + timedelta(minutes=example.minutes),
        zone=ZONE,
        car=example.car,
        calendar=CALENDAR,
    )

    assert priced.amount == round(example.fee * 100)
    assert priced.amount == sum(line.amount for line in priced.lines)


@pytest.mark.parametrize("code", FILES)
def test_a_shipped_tariff_has_no_gap_and_reads_back_as_it_was_written(code: str) -> None:
    tariff = shipped(code)
    written = to_file(tariff)

    assert problems(tariff.terms) == []
    assert TariffFile().load(json.loads(json.dumps(written)))["terms"] == tariff.terms


def test_no_more_is_sold_than_may_be_parked() -> None:
    meter = shipped("t11-hong-kong").terms.max_stay
    assert meter is not None

    assert [may_buy(meter, left_min=left) for left in (0, 20, 45, 46, 60)] == [60, 30, 15, 0, 0]
