"""A lane settles readings in order, holds what came too early, and sets aside what breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest

from devices import patience
from devices.batches import Parcel
from devices.dead_letters import KEPT_BYTES, Reason
from devices.lanes import FLUSH_LIMIT, Lane
from devices.mqtt import Arrival
from devices.patience import Patience
from tests.devices.fakes import FakeStore, said
from tests.eventually import eventually


class FakePost:
    """Notes what is sent back, in order: ("ack", device, numbers) and ("done", message id)."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []

    def publish(self, topic: str, payload: bytes) -> None:
        numbers = [tuple(pair) for pair in msgspec.json.decode(payload)["acks"]]
        self.sent.append(("ack", topic.split("/")[1], numbers))

    def ack(self, arrival: Arrival) -> None:
        self.sent.append(("done", arrival.mid))

    @property
    def done(self) -> list[object]:
        return [sent[1] for sent in self.sent if sent[0] == "done"]


class Bench:
    """One lane with its surroundings."""

    def __init__(self, store: FakeStore, window_s: float) -> None:
        self.post = FakePost()
        self.patience = Patience(take=store.take, bury=store.bury)
        self.lane = Lane(patience=self.patience, post=self.post, reorder_window_s=window_s)
        self._mid = 0

    def put(self, device_id: str, *numbers: int) -> None:
        for seq in numbers:
            self.put_bytes(device_id, said(seq))

    def put_bytes(self, device_id: str, payload: bytes, kind: str = "reading") -> None:
        self._mid += 1
        topic = f"devices/{device_id}/up/{kind}"
        arrival = Arrival(topic, payload, datetime.now(UTC), 1, self._mid, 1)
        self.lane.put(Parcel(arrival, device_id, kind))


@asynccontextmanager
async def running(store: FakeStore, window_s: float = 60) -> AsyncIterator[Bench]:
    bench = Bench(store, window_s)
    task = asyncio.create_task(bench.lane.run())
    yield bench
    bench.patience.stop()
    bench.lane.stop()
    await asyncio.wait_for(task, 5)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "RETRY_BROKEN_S", (0.001, 0.001))
    monkeypatch.setattr(patience, "FIRST_RETRY_S", 0.001)


async def test_a_quiet_lane_settles_one_reading_at_once(fake_store):
    async with running(fake_store) as bench:
        bench.put("a", 1)
        await eventually(lambda: bench.post.done)

    assert bench.post.sent == [("ack", "a", [(1, 1)]), ("done", 1)]
    assert fake_store.batches == [1]


async def test_a_busy_lane_takes_all_that_has_come_up_to_the_limit(fake_store):
    fake_store.open.clear()
    async with running(fake_store) as bench:
        for number in range(FLUSH_LIMIT + 100):
            bench.put(f"device-{number}", 1)
        fake_store.open.set()
        await eventually(lambda: len(bench.post.done) == FLUSH_LIMIT + 100)

    assert fake_store.batches == [FLUSH_LIMIT, 100]


async def test_readings_that_come_together_are_sorted_by_their_numbers(fake_store):
    async with running(fake_store) as bench:
        bench.put("a", 3, 1, 2)
        await eventually(lambda: len(bench.post.done) == 3)

    assert fake_store.numbers("a") == [1, 2, 3]
    assert bench.post.sent[0] == ("ack", "a", [(1, 1), (1, 2), (1, 3)])


async def test_a_reading_that_is_ahead_waits_for_the_one_before_it(fake_store):
    async with running(fake_store) as bench:
        bench.put("a", 2, 3)
        bench.put("b", 1)
        await eventually(lambda: bench.post.done == [3])
        bench.put("a", 1)
        await eventually(lambda: len(bench.post.done) == 4)

    assert fake_store.numbers("a") == [1, 2, 3]


async def test_a_reading_that_is_ahead_goes_on_when_another_process_brings_the_one_before(
    fake_store,
):
    async with running(fake_store) as mine, running(fake_store) as theirs:
        mine.put("a", 2)
        await eventually(lambda: fake_store.batches)
        theirs.put("a", 1)
        await eventually(lambda: mine.post.done)

    assert fake_store.numbers("a") == [1, 2]


async def test_a_reading_whose_predecessor_never_comes_is_forced_after_the_window(fake_store):
    async with running(fake_store, window_s=0.2) as bench:
        bench.put("a", 1, 3)
        await eventually(lambda: len(bench.post.done) == 2)

    assert fake_store.numbers("a") == [1, 3]


async def test_nothing_is_forced_while_its_device_moves_on(fake_store):
    """Two processes share a backlog: each step is quick, all of them take longer than the window."""
    async with running(fake_store, window_s=0.3) as odd, running(fake_store, window_s=0.3) as even:
        odd.put("a", *range(1, 30, 2))
        even.put("a", *range(2, 30, 2))
        await eventually(lambda: len(odd.post.done) + len(even.post.done) == 29)

    assert fake_store.numbers("a") == list(range(1, 30))


async def test_a_doubled_reading_is_acknowledged_again(fake_store):
    async with running(fake_store) as bench:
        bench.put("a", 1, 1)
        await eventually(lambda: len(bench.post.done) == 2)

    assert fake_store.numbers("a") == [1]


async def test_bad_messages_are_set_aside_and_the_good_ones_between_them_go_on(fake_store):
    fake_store.strangers = {"stranger"}
    async with running(fake_store) as bench:
        bench.put("a", 1)
        bench.put_bytes("a", b"\x00garbage")
        bench.put("stranger", 1)
        bench.put_bytes("a", said(2, battery=900))
        bench.put_bytes("a", b"x", kind="unheard_of")
        bench.put_bytes("a", b"y" * 10_000_000)
        bench.put("a", 2)
        await eventually(lambda: len(bench.post.done) == 7)

    assert fake_store.numbers("a") == [1, 2]
    assert {letter.reason for letter in fake_store.letters} == {
        Reason.WRONG_SCHEMA,
        Reason.UNKNOWN_DEVICE,
        Reason.UNKNOWN_CODEC,
        Reason.OVERSIZED,
    }
    [huge] = [letter for letter in fake_store.letters if letter.reason is Reason.OVERSIZED]
    assert (len(huge.payload), huge.size, huge.whole) == (KEPT_BYTES, 10_000_000, False)


async def test_a_refused_reading_with_a_legible_number_is_acknowledged_to_its_device(fake_store):
    async with running(fake_store) as bench:
        bench.put_bytes("a", said(7, battery=900))
        await eventually(lambda: bench.post.done)

    assert bench.post.sent == [("ack", "a", [(1, 7)]), ("done", 1)]


@pytest.mark.usefixtures("hurried")
async def test_the_one_reading_that_breaks_the_use_case_is_found_among_many(fake_store):
    fake_store.poison = {("device-13", 1, 1)}
    async with running(fake_store) as bench:
        for number in range(40):
            bench.put(f"device-{number}", 1)
        await eventually(lambda: len(bench.post.done) == 40)

    assert len(fake_store.taken) == 39
    assert [(letter.reason, letter.device_id) for letter in fake_store.letters] == [
        (Reason.FAILED, "device-13")
    ]


@pytest.mark.usefixtures("hurried")
async def test_nothing_is_acknowledged_while_the_store_is_away(fake_store):
    fake_store.away = True
    async with running(fake_store) as bench:
        bench.put("a", 1, 2)
        await eventually(lambda: fake_store.refusals > 3)
        assert bench.patience.store_is_away
        assert bench.post.sent == []

        fake_store.away = False
        await eventually(lambda: len(bench.post.done) == 2)
        assert not bench.patience.store_is_away

    assert fake_store.numbers("a") == [1, 2]


@pytest.mark.usefixtures("hurried")
async def test_a_dead_letter_is_stored_before_its_message_is_acknowledged(fake_store):
    fake_store.burial_away = True
    async with running(fake_store) as bench:
        bench.put_bytes("a", b"garbage")
        await eventually(lambda: fake_store.refusals > 3)
        assert bench.post.sent == []

        fake_store.burial_away = False
        await eventually(lambda: bench.post.done)

    assert len(fake_store.letters) == 1


async def test_a_dead_letter_that_breaks_the_store_does_not_stop_the_stream(fake_store):
    fake_store.unburiable = {"b"}
    async with running(fake_store) as bench:
        for device_id in ("a", "b", "c"):
            bench.put_bytes(device_id, b"garbage")
        bench.put("d", 1)
        await eventually(lambda: len(bench.post.done) == 4)

    assert [letter.device_id for letter in fake_store.letters] == ["a", "c"]


async def test_stopping_finishes_the_flush_at_hand_and_leaves_the_rest(fake_store):
    fake_store.open.clear()
    bench = Bench(fake_store, 60)
    task = asyncio.create_task(bench.lane.run())
    bench.put("a", 1)
    await eventually(is_taking(bench))
    bench.put("a", 2)

    bench.lane.stop()
    fake_store.open.set()
    await asyncio.wait_for(task, 5)

    assert bench.post.done == [1]


async def test_stopping_while_the_store_is_away_acknowledges_nothing(fake_store):
    fake_store.away = True
    async with running(fake_store) as bench:
        bench.put("a", 1)
        await eventually(lambda: fake_store.refusals)

    assert bench.post.sent == []


def is_taking(bench: Bench) -> Callable[[], bool]:
    return lambda: not bench.lane._queue
