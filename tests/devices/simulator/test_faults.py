"""Faults happen as often as asked, and are the same for the same seed."""

from dataclasses import fields

import pytest

from devices.simulator.chance import chance
from devices.simulator.faults import Faults, FaultyLine, Sending, garbage

TOPIC, PAYLOAD = "devices/sensor-1/up/reading", b'{"boot":1,"seq":2}'
MESSAGES = 5000


def send_many(faults: Faults, seed: int = 1) -> tuple[FaultyLine, list[list[Sending]]]:
    line = FaultyLine(faults, seed=seed)
    return line, [line.sendings(TOPIC, PAYLOAD) for _ in range(MESSAGES)]


def test_without_faults_every_message_leaves_once_and_at_once() -> None:
    line, sent = send_many(Faults())

    assert sent == [[Sending(0.0, TOPIC, PAYLOAD)]] * MESSAGES
    assert line.seen.total() == 0


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("loss", "lost"),
        ("duplicates", "doubled"),
        ("reorder", "reordered"),
        ("late", "late"),
        ("bad", "bad"),
    ],
)
def test_a_fault_happens_to_its_share_of_messages(name: str, counted: str) -> None:
    line, sent = send_many(Faults(**{name: 0.1}))
    unusual = [sendings for sendings in sent if sendings != [Sending(0.0, TOPIC, PAYLOAD)]]

    assert len(unusual) / MESSAGES == pytest.approx(0.1, abs=0.015)
    assert line.seen[counted] == len(unusual)
    assert line.seen.total() == len(unusual)


def test_late_messages_are_later_than_reordered_ones() -> None:
    _, late = send_many(Faults(late=1.0))
    _, reordered = send_many(Faults(reorder=1.0))

    assert all(20 <= sending.delay_s <= 120 for [sending] in late)
    assert all(0.5 <= sending.delay_s <= 3 for [sending] in reordered)


@pytest.mark.parametrize("name", ["clock_skew", "silent"])
def test_a_share_of_devices_has_a_wrong_clock_or_dies(name: str) -> None:
    line = FaultyLine(Faults(**{name: 0.2}), seed=1)
    wrong = [
        line.skew(f"d{n}", 1) if name == "clock_skew" else line.dies_after(f"d{n}", 1)
        for n in range(2000)
    ]

    assert sum(bool(value) for value in wrong) / 2000 == pytest.approx(0.2, abs=0.03)


def test_faults_of_a_seed_repeat_and_do_not_move_one_another() -> None:
    everything = Faults(**{field.name: 0.1 for field in fields(Faults)})

    assert send_many(everything)[1] == send_many(everything)[1]
    assert send_many(everything)[1] != send_many(everything, seed=2)[1]
    assert send_many(Faults(loss=0.1))[0].seen["lost"] == send_many(everything)[0].seen["lost"]


def test_garbage_comes_in_many_kinds_and_never_repeats_the_true_message() -> None:
    random = chance(1, "test")
    seen = {garbage(random, TOPIC, PAYLOAD) for _ in range(300)}

    assert len(seen) > 9
    assert (TOPIC, PAYLOAD) not in seen
