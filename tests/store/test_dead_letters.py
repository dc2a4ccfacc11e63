"""Dead letters: found by what is asked, and played again oldest first, each once."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.dead_letters import DeadLetter, Reason
from devices.replay import can_be_replayed
from server.dead_letters import Sought, batches, bury, mark_replayed, newest, prepare
from server.store.mongo import Store
from tests.world import NOON


def letter(device_id: str, minute: int, reason: Reason = Reason.UNSIGNED) -> DeadLetter:
    payload = f"{device_id} at {minute}".encode()
    return DeadLetter(
        topic=f"devices/{device_id}/up/reading",
        payload=payload,
        size=len(payload),
        reason=reason,
        detail="",
        received_at=NOON + timedelta(minutes=minute),
        device_id=device_id,
    )


@pytest.fixture
async def kept(store: Store) -> AsyncIterator[Store]:
    """Four letters of two devices, as they came."""
    await prepare(store.database)
    letters = [
        letter("d1", 0),
        letter("d2", 1),
        letter("d1", 2, Reason.TRUNCATED),
        letter("d1", 3),
    ]
    await bury(store.database, letters)
    return store


async def payloads(store: Store, sought: Sought, *, limit: int = 10) -> Sequence[str]:
    found = await newest(store.database, sought, limit=limit)
    return [one.letter.payload.decode() for one in found]


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        (Sought(), ["d1 at 3", "d1 at 2", "d2 at 1", "d1 at 0"]),
        (Sought(reason=Reason.TRUNCATED), ["d1 at 2"]),
        (Sought(device_id="d2"), ["d2 at 1"]),
        (Sought(since=NOON + timedelta(minutes=2)), ["d1 at 3", "d1 at 2"]),
        (Sought(reason=Reason.UNSIGNED, device_id="d1"), ["d1 at 3", "d1 at 0"]),
        (Sought(device_id="nobody"), []),
    ],
)
async def test_letters_are_found_by_what_is_asked_the_newest_first(
    kept: Store, sought: Sought, found: list[str]
) -> None:
    assert await payloads(kept, sought) == found
    assert await payloads(kept, sought, limit=1) == found[:1]


async def test_a_letter_comes_back_as_it_was_buried(kept: Store) -> None:
    [found] = await newest(kept.database, Sought(device_id="d2"), limit=1)

    assert (found.letter, found.replayed_at) == (letter("d2", 1), None)


async def test_what_was_replayed_is_marked_and_is_fresh_no_more(kept: Store) -> None:
    [found] = await newest(kept.database, Sought(device_id="d2"), limit=1)

    await mark_replayed(kept.database, [found.id], at=NOON)

    [again] = await newest(kept.database, Sought(device_id="d2"), limit=1)
    assert again.replayed_at == NOON
    assert await payloads(kept, Sought().not_replayed()) == ["d1 at 3", "d1 at 2", "d1 at 0"]


async def test_batches_go_in_the_order_of_arrival_and_end_before_the_run(kept: Store) -> None:
    before = NOON + timedelta(minutes=3)

    found = [
        [one.letter.payload.decode() for one in batch]
        async for batch in batches(kept.database, Sought(), before=before, size=2)
    ]

    assert found == [["d1 at 0", "d2 at 1"], ["d1 at 2"]]


def test_only_a_whole_letter_with_a_topic_of_the_contract_can_be_replayed() -> None:
    whole = letter("d1", 0)
    part = replace(whole, size=whole.size + 1)
    lost = replace(whole, topic="devices/d 1/up/reading")

    assert [can_be_replayed(one) for one in (whole, part, lost)] == [True, False, False]
