"""What looks on in the chaos run finds each way to break the promise; otherwise the run proves nothing."""

import subprocess
import sys
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.simulation.planted import PLANTS
from tests.simulation.records import Records, Row
from tests.simulation.screen import Followed, Screen

CHANNEL = "section:p1"


def row(code: str, version: int) -> Row:
    return [code, "free", 100, 0, version]


def snapshot(offset: int, *rows: Row, epoch: str = "e") -> dict[str, Any]:
    return {"channel": CHANNEL, "epoch": epoch, "offset": offset, "data": {"berths": [*rows]}}


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def screen(records: Records) -> Screen:
    def nothing(_: str) -> Awaitable[dict[str, Any]]:
        raise OSError

    made = Screen("s", [CHANNEL], url=str, load=nothing, token=nothing, records=records)
    made._take_snapshot(made.followed[CHANNEL], snapshot(3, row("A", 1), row("B", 1)))
    followed(made).loading, followed(made).came, followed(made).stream = False, 3, "e"
    return made


def followed(screen: Screen) -> Followed:
    return screen.followed[CHANNEL]


def publish(screen: Screen, offset: int, *rows: Row) -> None:
    screen._hear({"channel": CHANNEL, "pub": {"offset": offset, "data": {"berths": [*rows]}}})


def test_what_comes_in_order_is_folded_and_nothing_is_wrong(screen: Screen) -> None:
    publish(screen, 4, row("A", 2))
    publish(screen, 5, row("A", 3), row("B", 2))

    assert screen.wrong == []
    assert [one[4] for one in followed(screen).rows.values()] == [3, 2]


@pytest.mark.parametrize("offsets", [[4, 4], [5], [4, 6], [4, 5, 3]])
def test_twice_missing_and_swapped_are_found(screen: Screen, offsets: list[int]) -> None:
    for offset in offsets:
        publish(screen, offset, row("A", offset))

    assert screen.wrong


def test_one_publication_of_several_is_no_hole_and_a_hole_before_it_is(screen: Screen) -> None:
    def merged(first: int, offset: int) -> None:
        pub = {"offset": offset, "data": {"berths": [row("A", offset)]}, "tags": {"first": first}}
        screen._hear({"channel": CHANNEL, "pub": pub})

    merged(4, 6)
    assert screen.wrong == []
    assert followed(screen).held == 6

    merged(8, 9)
    assert screen.wrong


def test_an_end_for_good_is_found(screen: Screen) -> None:
    screen._note_close(3011)
    assert screen.wrong == []

    screen._note_close(3500)
    assert screen.wrong


def test_a_snapshot_that_lacks_what_its_position_claims_is_found(records: Records) -> None:
    whole, lacking = snapshot(5, row("A", 7)), snapshot(5, row("A", 6))
    records.heard(CHANNEL, "e", 5, [row("A", 7)])
    records.loaded(CHANNEL, whole, whole["data"]["berths"])
    # newer than its position is as it should be; of another epoch it says nothing
    records.loaded(CHANNEL, snapshot(4), [row("A", 9)])
    records.loaded(CHANNEL, snapshot(5, epoch="f"), [row("A", 1)])
    records.check()
    assert records.wrong == []

    records.loaded(CHANNEL, lacking, lacking["data"]["berths"])
    records.check()
    assert records.wrong == [f"{CHANNEL}: a snapshot at 5 lacks A of 5"]


def test_two_stories_of_one_offset_are_found(records: Records) -> None:
    records.heard(CHANNEL, "e", 5, [row("A", 7)])
    records.heard(CHANNEL, "e", 5, [row("A", 7)])
    records.heard(CHANNEL, "f", 5, [row("A", 8)])
    assert records.wrong == []

    records.heard(CHANNEL, "e", 5, [row("A", 8)])
    assert records.wrong


@pytest.mark.parametrize("plant", PLANTS)
def test_each_planted_bug_still_fits_the_code(plant: str) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.simulation.planted",
        "--plant",
        plant,
        "serve",
        "--help",
    ]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout
