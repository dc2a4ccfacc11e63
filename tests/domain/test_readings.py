"""Which readings are news, in which order, and when they really were."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.equipment import Cursor, Numbering, Reading, ReadingKind, Verdict
from server.domain.equipment.rules import MARKS, judge, judge_time
from tests.world import NOON

APPLIED, DUPLICATE, LATE, AHEAD = Verdict.APPLIED, Verdict.DUPLICATE, Verdict.LATE, Verdict.AHEAD
DENSE, WRAPPING, CLOCK = Numbering.DENSE, Numbering.WRAPPING, Numbering.CLOCK


def numbered(seq: int, *, boot: int = 1, numbering: Numbering = DENSE) -> Reading:
    """Make a reading with a number, received at once."""
    return Reading(
        device_id="d1",
        boot=boot,
        seq=seq,
        at=NOON,
        kind=ReadingKind.HEARTBEAT,
        received_at=NOON,
        numbering=numbering,
    )


def deliver(
    readings: Sequence[Reading], cursor: Cursor | None = None, *, force: bool = False
) -> tuple[list[Verdict], Cursor]:
    """Deliver readings one after the other."""
    verdicts = []
    for reading in readings:
        judged = judge(cursor, reading, force=force)
        verdicts.append(judged.verdict)
        cursor = cursor if judged.verdict is AHEAD else judged.cursor
    return verdicts, cursor or Cursor(0, 0)


@pytest.mark.parametrize("numbering", Numbering)
def test_the_first_reading_of_a_device_is_news(numbering: Numbering) -> None:
    verdicts, cursor = deliver([numbered(0, numbering=numbering)])

    assert verdicts == [APPLIED]
    assert cursor.seq == 0


def test_a_device_that_we_meet_late_is_waited_for_and_then_taken() -> None:
    assert judge(None, numbered(7), force=False).verdict is AHEAD

    taken = judge(None, numbered(7), force=True)

    assert (taken.verdict, taken.gap) == (APPLIED, True)


@pytest.mark.parametrize(
    ("seqs", "force", "expected"),
    [
        ([0, 1, 2], False, [APPLIED, APPLIED, APPLIED]),
        ([0, 0, 1, 1, 0], False, [APPLIED, DUPLICATE, APPLIED, DUPLICATE, DUPLICATE]),
        ([0, 2, 1, 2], False, [APPLIED, AHEAD, APPLIED, APPLIED]),
        ([0, 3, 1, 1, 2], True, [APPLIED, APPLIED, LATE, DUPLICATE, LATE]),
    ],
)
def test_counted_readings_are_taken_in_their_order(
    seqs: list[int], force: bool, expected: list[Verdict]
) -> None:
    verdicts, _ = deliver([numbered(seq) for seq in seqs], force=force)

    assert verdicts == expected


def test_a_boot_begins_the_count_anew_and_ends_what_was_before() -> None:
    readings = [numbered(5), numbered(0, boot=2), numbered(6), numbered(1, boot=2)]

    verdicts, cursor = deliver(readings, Cursor(1, 4))

    assert verdicts == [APPLIED, APPLIED, LATE, APPLIED]
    assert (cursor.boot, cursor.seq) == (2, 1)


def test_a_boot_whose_first_reading_is_missing_is_waited_for() -> None:
    first = judge(Cursor(1, 4), numbered(2, boot=2), force=False)
    forced = judge(Cursor(1, 4), numbered(2, boot=2), force=True)

    assert first.verdict is AHEAD
    assert (forced.verdict, forced.gap, forced.cursor.marks) == (APPLIED, True, (0, 1))


@pytest.mark.parametrize(
    ("cursor", "seq", "expected"),
    [
        (Cursor(1, 254), 255, APPLIED),
        (Cursor(1, 255), 1, APPLIED),
        (Cursor(1, 255), 2, AHEAD),
        (Cursor(1, 1), 255, DUPLICATE),
        (Cursor(1, 9), 0, APPLIED),
        (Cursor(2, 0), 0, DUPLICATE),
        (Cursor(2, 0), 1, APPLIED),
    ],
)
def test_a_counter_that_wraps_goes_from_255_to_1_and_0_is_a_boot(
    cursor: Cursor, seq: int, expected: Verdict
) -> None:
    assert judge(cursor, numbered(seq, numbering=WRAPPING), force=False).verdict is expected


def test_what_is_missing_over_the_wrap_is_late_when_it_comes() -> None:
    readings = [numbered(seq, numbering=WRAPPING) for seq in (2, 255, 1, 1)]

    verdicts, cursor = deliver(readings, Cursor(1, 254), force=True)

    assert verdicts == [APPLIED, LATE, LATE, DUPLICATE]
    assert (cursor.seq, cursor.marks) == (2, ())


def test_a_first_reading_that_lay_in_the_network_is_no_new_boot() -> None:
    old = replace(numbered(0, numbering=WRAPPING), at=NOON - timedelta(minutes=5))

    judged = judge(Cursor(2, 9), old, force=False, last_at=NOON)

    assert judged.verdict is DUPLICATE


def test_a_clock_rises_with_holes_and_is_never_waited_for() -> None:
    readings = [numbered(seq, numbering=CLOCK) for seq in (100, 250, 250, 180, 180, 100, 300)]

    verdicts, cursor = deliver(readings)

    assert verdicts == [APPLIED, APPLIED, DUPLICATE, LATE, DUPLICATE, DUPLICATE, APPLIED]
    assert cursor.seq == 300


def test_a_cursor_remembers_no_more_than_it_can_hold() -> None:
    for numbering in (DENSE, CLOCK):
        readings = [numbered(seq, numbering=numbering) for seq in range(0, 5_000, 50)]
        _, cursor = deliver(readings, force=True)
        assert len(cursor.marks) <= MARKS


SEQS = st.lists(st.integers(0, 80), min_size=1, max_size=60)


@given(SEQS, st.sampled_from([DENSE, CLOCK]), st.booleans())
def test_no_reading_is_applied_twice(seqs: list[int], numbering: Numbering, force: bool) -> None:
    verdicts, _ = deliver([numbered(seq, numbering=numbering) for seq in seqs], force=force)

    applied = [seq for seq, verdict in zip(seqs, verdicts, strict=True) if verdict is APPLIED]
    assert applied == sorted(set(applied))


@given(SEQS, st.sampled_from([DENSE, CLOCK]))
def test_no_reading_is_taken_twice_in_any_way(seqs: list[int], numbering: Numbering) -> None:
    window = [seq % MARKS for seq in seqs]
    readings = [numbered(seq, numbering=numbering) for seq in window]

    verdicts, _ = deliver(readings, force=True)

    taken = [s for s, verdict in zip(window, verdicts, strict=True) if verdict in (APPLIED, LATE)]
    assert len(taken) == len(set(taken))
    assert set(taken) == set(window), "and none is dropped that the cursor can remember"


@given(st.permutations(range(40)), st.sampled_from(Numbering))
def test_whatever_the_order_the_cursor_ends_at_the_newest(
    order: list[int], numbering: Numbering
) -> None:
    readings = [numbered(seq + 1, numbering=numbering) for seq in order]

    _, cursor = deliver(readings, force=True)

    assert cursor.seq == 40
    if numbering is DENSE:
        # 0 was never sent: it is the only one that is still missing.
        assert set(cursor.marks) <= {0}


@given(st.permutations(range(1, 13)))
def test_who_waits_for_predecessors_ends_with_all_of_them_applied_in_order(
    order: list[int],
) -> None:
    waiting, cursor, applied = list(order), Cursor(1, 0), []
    for _ in order:
        for seq in list(waiting):
            judged = judge(cursor, numbered(seq), force=False)
            if judged.verdict is APPLIED:
                cursor = judged.cursor
                applied.append(seq)
                waiting.remove(seq)

    assert applied == sorted(order)
    assert cursor == Cursor(1, 12)


def timed(
    at_s: float, *, received_s: float = 0, sent_s: float | None = None, base: datetime = NOON
) -> Reading:
    """Make a reading by its three clocks, in seconds from noon."""
    sent_at = None if sent_s is None else base + timedelta(seconds=sent_s)
    received_at = base + timedelta(seconds=received_s)
    at = base + timedelta(seconds=at_s)
    return replace(numbered(1), at=at, received_at=received_at, sent_at=sent_at)


@pytest.mark.parametrize(
    ("reading", "at_s", "skewed"),
    [
        (timed(-30), -30, False),
        (timed(119), 0, False),
        (timed(121), 0, True),
        (timed(-86_400), -86_400, False),
        (timed(-86_401), 0, True),
        (timed(3_500, sent_s=3_600), -100, True),
        (timed(-3_700, sent_s=-3_600), -100, True),
        (timed(-100, sent_s=-60), -100, False),
    ],
    ids=["late", "a little fast", "fast", "a day", "over a day", "skew+", "skew-", "in the tube"],
)
def test_a_clock_is_believed_as_far_as_it_can_be(
    reading: Reading, at_s: float, skewed: bool
) -> None:
    assert judge_time(reading, None, None) == (NOON + timedelta(seconds=at_s), skewed)


def test_a_clock_that_went_back_is_not_believed() -> None:
    last_at = NOON - timedelta(seconds=60)

    assert judge_time(timed(-200), last_at, None) == (NOON, True)
    assert judge_time(timed(-150), last_at, None) == (NOON - timedelta(seconds=150), False)


def test_a_skewed_clock_bills_no_time_before_the_device_was_last_heard() -> None:
    heard_at = NOON - timedelta(seconds=50)

    at, skewed = judge_time(timed(3_500, sent_s=3_600), None, heard_at)

    assert (at, skewed) == (heard_at, True)


OFFSETS = st.floats(-1e6, 1e6, allow_nan=False)


@given(OFFSETS, st.one_of(st.none(), OFFSETS), st.one_of(st.none(), OFFSETS))
def test_nothing_was_seen_after_we_heard_of_it_or_more_than_a_day_before(
    at_s: float, sent_s: float | None, last_s: float | None
) -> None:
    last_at = None if last_s is None else NOON + timedelta(seconds=last_s)

    at, _ = judge_time(timed(at_s, sent_s=sent_s), last_at, None)

    assert NOON - timedelta(hours=24) <= at <= NOON
