"""The checkpoint: who is believed, in which order, and how soon a changed key is out of use."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from devices.batches import Parcel
from devices.checkpoint import Checkpoint
from devices.dead_letters import Reason
from devices.keys import LOOK_BACK, Keys
from devices.mqtt import Arrival
from devices.signatures import sign
from devices.topics import up_topic
from server.kernel.errors import Unavailable
from tests.devices.fakes import said
from tests.eventually import eventually
from tests.world import NOON

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


class FakeKeys:
    """Keys by device, with the instants of their changes."""

    def __init__(self) -> None:
        self.by_device = {"d1": KEY, "d2": OTHER_KEY}
        self.changes: dict[str, datetime] = {}
        self.asked: list[list[str]] = []
        self.away = False
        self.open = asyncio.Event()
        self.open.set()

    async def keys(self, device_ids: Collection[str]) -> Mapping[str, bytes]:
        self.asked.append(list(device_ids))
        await self.open.wait()
        if self.away:
            raise Unavailable("store_away", "数据服务暂时不可用")
        return {id: self.by_device[id] for id in device_ids if id in self.by_device}

    async def changed(self, since: datetime) -> Collection[str]:
        return [id for id, at in self.changes.items() if at >= since]


def parcel(device_id: str, payload: bytes) -> Parcel:
    """Make a message as it comes from the broker."""
    arrival = Arrival(up_topic(device_id, "reading"), payload, NOON, 1, 1, 1)
    return Parcel(arrival, device_id, "reading")


def signed(device_id: str, seq: int, key: bytes = KEY) -> Parcel:
    """Make a signed one."""
    return parcel(device_id, sign(key, up_topic(device_id, "reading"), said(seq)))


class Passed:
    """What came through the checkpoint."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    def reasons(self) -> list[Reason | None]:
        return [one.refusal.reason if one.refusal else None for one in self.parcels]

    def numbers(self) -> list[object]:
        return [one.refusal.number if one.refusal else None for one in self.parcels]


@asynccontextmanager
async def checking(
    keys: FakeKeys, *, signed_only: bool = True
) -> AsyncIterator[tuple[Checkpoint, Passed]]:
    passed = Passed()
    checkpoint = Checkpoint(keys, signed_only=signed_only, admit=passed.parcels.append)
    running = asyncio.create_task(checkpoint.run())
    yield checkpoint, passed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_signed_reading_passes_as_its_body() -> None:
    async with checking(FakeKeys()) as (checkpoint, passed):
        checkpoint.put(signed("d1", 0))
        await eventually(lambda: passed.parcels)

    [one] = passed.parcels
    assert (one.refusal, one.signed_body) == (None, said(0))


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (parcel("d1", said(0)), Reason.UNSIGNED),
        (parcel("d1", b""), Reason.UNSIGNED),
        (parcel("d1", b"S1"), Reason.BAD_SIGNATURE),
        (signed("d1", 0, OTHER_KEY), Reason.BAD_SIGNATURE),
        (parcel("d1", signed("d2", 0, OTHER_KEY).arrival.payload), Reason.BAD_SIGNATURE),
        (signed("stranger", 0), Reason.BAD_SIGNATURE),
    ],
)
async def test_what_nobody_proves_is_refused_without_a_number(
    refused: Parcel, reason: Reason
) -> None:
    async with checking(FakeKeys()) as (checkpoint, passed):
        checkpoint.put(refused)
        await eventually(lambda: passed.parcels)

    assert passed.reasons() == [reason]
    assert passed.numbers() == [None]


async def test_where_the_broker_is_believed_a_wrong_signature_is_refused_all_the_same() -> None:
    async with checking(FakeKeys(), signed_only=False) as (checkpoint, passed):
        checkpoint.put(parcel("d1", said(0)))
        checkpoint.put(signed("d1", 1, OTHER_KEY))
        await eventually(lambda: len(passed.parcels) == 2)

    assert passed.reasons() == [None, Reason.BAD_SIGNATURE]


async def test_messages_that_wait_for_a_key_keep_their_order_and_cost_one_question() -> None:
    keys = FakeKeys()
    keys.open.clear()
    async with checking(keys, signed_only=False) as (checkpoint, passed):
        for seq in range(3):
            checkpoint.put(signed("d1", seq))
        await eventually(lambda: keys.asked)
        checkpoint.put(parcel("d1", said(3)))  # unsigned, but behind those that wait
        keys.open.set()
        await eventually(lambda: len(passed.parcels) == 4)
        checkpoint.put(signed("d1", 4))

    bodies = [one.signed_body or one.arrival.payload for one in passed.parcels]
    assert bodies == [said(seq) for seq in range(5)]
    assert keys.asked == [["d1"]]


async def test_while_the_store_is_away_messages_wait_and_none_is_lost() -> None:
    keys = FakeKeys()
    keys.away = True
    async with checking(keys) as (checkpoint, passed):
        checkpoint.put(signed("d1", 0))
        await eventually(lambda: checkpoint.store_is_away)
        assert not passed.parcels
        keys.away = False
        await eventually(lambda: passed.parcels)
        assert not checkpoint.store_is_away

    assert passed.reasons() == [None]


async def test_a_changed_key_is_fetched_anew_after_the_next_look() -> None:
    keys = FakeKeys()
    held = Keys(keys, clock=lambda: NOON)
    await held.fetch(["d1", "d2"])
    keys.by_device["d1"], keys.changes["d1"] = OTHER_KEY, NOON + timedelta(seconds=1)

    await held.look()

    assert held.held("d1") == (False, None)
    assert held.held("d2") == (True, OTHER_KEY)


async def test_a_change_is_noticed_that_was_committed_after_the_look_at_its_instant() -> None:
    keys, now = FakeKeys(), [NOON]
    held = Keys(keys, clock=lambda: now[0])
    await held.look()
    await held.fetch(["d1"])
    now[0] += timedelta(seconds=2)

    keys.changes["d1"] = NOON - LOOK_BACK + timedelta(seconds=1)
    await held.look()

    assert held.held("d1") == (False, None)


async def test_a_device_without_a_key_is_remembered_until_it_gets_one() -> None:
    keys = FakeKeys()
    held = Keys(keys, clock=lambda: NOON)
    await held.fetch(["stranger"])
    assert held.held("stranger") == (True, None)

    keys.changes["stranger"] = NOON
    await held.look()

    assert held.held("stranger") == (False, None)


async def test_no_more_keys_are_held_than_the_bound() -> None:
    held = Keys(FakeKeys(), held_at_most=2, clock=lambda: NOON)

    await held.fetch(["d1"])
    await held.fetch(["d2", "stranger"])

    assert held.held("d1") == (False, None)
    assert held.held("d2") == (True, OTHER_KEY)
