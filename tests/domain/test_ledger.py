"""The ledger: every entry sums to zero, nothing is edited, no wallet falls below zero."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.ledger import (
    AccountKind,
    Balance,
    Entry,
    EntryKind,
    Posting,
    account,
    post,
    reverse,
    verify_chain,
)
from server.domain.ledger.queries import balances, check_ledger
from server.domain.ledger.rules import CHAINS, balanced, chain_of, joined
from server.kernel.errors import Refused
from server.kernel.work import Work
from tests.world import World

WALLET = account(AccountKind.WALLET, "motorist-1")
BANK = account(AccountKind.PROVIDER, "wechat")


async def move(
    world: World, amount: int, reference: str, kind: EntryKind = EntryKind.TOP_UP
) -> Entry:
    """Put so much into the wallet."""
    postings = [Posting(BANK, amount), Posting(WALLET, -amount)]
    return await world.run(post, kind=kind, reference=reference, postings=postings)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-500, 500)), max_size=8))
def test_postings_are_joined_without_changing_what_they_say(given_: list[tuple[str, int]]) -> None:
    whole = joined(Posting(name, amount) for name, amount in given_)

    assert all(posting.amount for posting in whole)
    assert len({posting.account for posting in whole}) == len(whole)
    assert sum(posting.amount for posting in whole) == sum(amount for _, amount in given_)


@pytest.mark.parametrize(
    "postings",
    [(), (Posting("a", 0),), (Posting("a", 1), Posting("b", -2)), (Posting("a", 1.0), Posting("b", -1.0))],  # type: ignore[arg-type]
)  # fmt: skip
def test_what_does_not_sum_to_zero_in_whole_fen_is_unsound(postings: tuple[Posting, ...]) -> None:
    assert not balanced(postings)


async def test_an_entry_that_does_not_sum_to_zero_is_not_written(world: World) -> None:
    lost = [Posting(BANK, 100), Posting(WALLET, -99)]

    with pytest.raises(AssertionError):
        await world.run(post, kind=EntryKind.TOP_UP, reference="lost", postings=lost)

    assert await world.run(balances) == {}


async def test_balances_are_the_sums_of_postings_and_the_check_finds_no_fault(world: World) -> None:
    await move(world, 500, "t1")
    await move(world, -200, "t2", EntryKind.PAYMENT)

    assert await world.run(balances) == {BANK: 300, WALLET: -300}
    assert await world.run(balances, prefix="wallet:") == {WALLET: -300}
    assert await world.run(check_ledger) == []


async def test_a_wallet_is_never_overdrawn_however_many_pay_at_once(world: World) -> None:
    await move(world, 500, "t1")

    tries = [move(world, -200, f"p{number}", EntryKind.PAYMENT) for number in range(6)]
    done = await asyncio.gather(*tries, return_exceptions=True)

    refused = [one for one in done if isinstance(one, Refused)]
    assert len(done) - len(refused) == 2
    assert {one.code for one in refused} <= {"balance_too_low", "store_busy"}
    assert await world.run(balances, prefix="wallet:") == {WALLET: -100}
    assert await world.run(check_ledger) == []


async def test_one_cause_has_one_entry_of_a_kind(world: World) -> None:
    await move(world, 500, "t1")

    with pytest.raises(Refused) as refusal:
        await move(world, 500, "t1")

    assert refusal.value.code == "entry_posted"
    assert await world.run(balances, prefix="wallet:") == {WALLET: -500}


async def test_an_entry_is_undone_by_its_opposite_once(world: World) -> None:
    entry = await move(world, 500, "t1")

    undone = await world.run(reverse, entry_id=entry.id)

    assert undone.reverses == entry.id
    assert await world.run(balances) == {BANK: 0, WALLET: 0}
    with pytest.raises(Refused):
        await world.run(reverse, entry_id=entry.id)
    with pytest.raises(Refused):
        await world.run(reverse, entry_id=undone.id)


async def test_an_entry_is_never_saved_again(world: World) -> None:
    entry = await move(world, 500, "t1")

    async def edit(work: Work) -> None:
        rows = work.table(Entry)
        rows.save(replace(await rows.get(entry.id), reference="t9"))

    with pytest.raises(AssertionError):
        await world.run(edit)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"$set": {"postings.0.amount": 900, "postings.1.amount": -900}}, "altered"),
        ({"$set": {"postings.0.amount": 900}}, "sum to zero"),
        ({"$set": {"reference": "other"}}, "altered"),
        ({"$set": {"previous": "0" * 64}}, "altered"),
        ({"$set": {"number": 7}}, "stands at"),
    ],
)
async def test_an_edit_behind_our_back_is_found(
    world: World, change: dict[str, object], found: str
) -> None:
    entry = await move(world, 500, "t1")

    await world.store.database["ledger_entries"].update_one({"_id": entry.id}, change)

    assert any(found in fault.what for fault in await world.run(check_ledger))


async def test_a_missing_entry_and_a_wallet_astray_are_found(world: World) -> None:
    entry = await move(world, 500, "t1")
    await world.store.database["ledger_entries"].delete_one({"_id": entry.id})

    faults = await world.run(check_ledger)

    assert {fault.where for fault in faults} == {chain_of("t1"), WALLET}


async def test_a_balance_row_that_was_edited_is_found(world: World) -> None:
    await move(world, 500, "t1")

    async def edit(work: Work) -> None:
        rows = work.table(Balance)
        rows.save(replace(await rows.get(WALLET), amount=501))

    await world.run(edit)

    assert [fault.where for fault in await world.run(check_ledger)] == [WALLET]


def test_a_chain_is_chosen_by_the_cause_and_all_are_used() -> None:
    chosen = [chain_of(f"payment-{number}") for number in range(2_000)]

    assert chosen == [chain_of(f"payment-{number}") for number in range(2_000)]
    assert len(set(chosen)) == CHAINS


def test_an_empty_chain_that_says_so_is_sound() -> None:
    assert verify_chain("00", [], length=0, head="") == []
