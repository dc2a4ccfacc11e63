"""The books checked while they are in use: whoever edits a row behind our back is found, nobody else."""

import asyncio
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.auditing import Auditor
from server.domain.payment import Method, begin_top_up, open_shift, pay_by_cash, pay_from_wallet
from server.domain.reconciliation import BooksCheck
from server.domain.refund import RefundAnswer, RefundState, hear_refund
from tests.domain.money import OWNER, PATROL, billed, paid, priced, react, refunds, rows, wish
from tests.world import World

BEIJING = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def books(world: World) -> World:
    """Let there be a payment by a provider with a refund, cash, and a wallet that was spent from."""
    one, two, three = await billed(world, 400, 300, 200)
    await paid(world, await wish(world, one))
    await priced(world, "stay1", 150)
    await react(world)
    [refund] = await refunds(world)
    answer = RefundAnswer(refund.id, RefundState.SUCCEEDED)
    await world.run(hear_refund, answer=answer)
    await world.run(open_shift, actor=PATROL)
    await world.run(pay_by_cash, actor=PATROL, bill_ids=[two.id], request_key="c1")
    named: dict[str, Any] = {"amount": 500, "provider": Method.WECHAT, "scene": "native"}
    await paid(world, await world.run(begin_top_up, actor=OWNER, **named), "top-up")
    await world.run(pay_from_wallet, actor=OWNER, bill_ids=[three.id], request_key="w1")
    return world


async def found(world: World) -> list[str]:
    return [f"{one.where} {one.what}" for one in await Auditor(world.store).check()]


async def test_sound_books_have_no_fault(books: World) -> None:
    assert await found(books) == []


@pytest.mark.parametrize(
    ("table", "where", "change", "said"),
    [
        ("payments", {"provider": "wechat"}, {"refunded": 0}, "went back"),
        ("payments", {"provider": "cash"}, {"amount": 3}, "its parts"),
        ("payments", {"provider": "cash"}, {"applied.0.amount": 299}, "its parts"),
        ("bills", {"stay_id": "stay2", "standing": True}, {"paid": 299}, "was paid"),
        ("bills", {"stay_id": "stay1", "standing": True}, {"surplus": 1}, "was paid"),
        ("refunds", {}, {"amount": 249}, "went back"),
        ("refunds", {}, {"state": "abnormal"}, "one entry each"),
        ("ledger_entries", {"kind": "refund"}, {"postings.0.amount": 1}, "sum to zero"),
        ("ledger_entries", {"kind": "payment"}, {"reference": "x"}, "one entry each"),
        ("ledger_balances", {"_id": "wallet:motorist-1"}, {"amount": 1_000_000}, "its postings"),
        ("ledger_balances", {"_id": "wallet:motorist-1"}, {"amount": -1}, "below zero"),
        ("ledger_chains", {"length": 1}, {"length": 2}, "end where it says"),
    ],
)
async def test_a_row_that_was_edited_by_hand_is_found(
    books: World, table: str, where: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    done = await books.store.database[table].update_one(where, {"$set": change})
    assert done.modified_count == 1

    assert any(said in fault for fault in await found(books))


@pytest.mark.parametrize("kind", ["payment", "top_up", "refund"])
async def test_an_entry_that_was_taken_out_with_its_place_in_the_chain_is_found(
    books: World, kind: str
) -> None:
    """Whoever deletes an entry and the end of its chain still has not deleted the payment."""
    database = books.store.database
    entry = await database["ledger_entries"].find_one_and_delete({"kind": kind})
    later = await database["ledger_entries"].find_one({"chain": entry["chain"]})
    if later is None:
        await database["ledger_chains"].delete_one({"_id": entry["chain"]})

    assert any("one entry each" in fault for fault in await found(books))


async def test_an_entry_that_was_put_in_behind_the_end_is_found(books: World) -> None:
    database = books.store.database
    chain = (await database["ledger_entries"].find_one({"kind": "payment"}))["chain"]
    entry = await database["ledger_entries"].find_one({"chain": chain}, sort=[("number", -1)])
    entry |= {"_id": "forged", "number": entry["number"] + 1, "reference": "forged"}
    await database["ledger_entries"].insert_one(entry)

    assert any(fault.startswith("forged") for fault in await found(books))


async def test_what_is_written_meanwhile_is_no_fault(books: World) -> None:
    bills = await billed(books, *[100 + number for number in range(24)])
    intents = [await wish(books, bill) for bill in bills if bill.open]

    checks, *_ = await asyncio.gather(
        asyncio.gather(*(found(books) for _ in range(6))),
        *(paid(books, intent, f"t{number}") for number, intent in enumerate(intents)),
        return_exceptions=True,
    )

    assert checks == [[]] * 6


async def test_they_are_checked_once_a_day_after_half_past_three(books: World) -> None:
    auditor = Auditor(books.store)
    early = datetime(2053, 7, 3, 3, 29, tzinfo=BEIJING)

    await auditor.catch_up(early)
    assert await rows(books, BooksCheck) == []
    await books.store.database["bills"].update_one({"stay_id": "stay2"}, {"$set": {"paid": 1}})
    await auditor.catch_up(early.replace(minute=30))
    await auditor.catch_up(early.replace(minute=31))

    [check] = await rows(books, BooksCheck)
    assert (check.id, check.found, check.v) == ("2053-07-03", 1, 1)
    assert "was paid" in check.faults[0].what
