"""What finance finds in the lists of money, and what a stay's evidence says of its money."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest_asyncio

from server.domain.billing import waive_bill
from server.domain.payment import Payment
from server.domain.reconciliation import (
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyState,
    Reconciliation,
)
from server.domain.refund import open_refund
from server.domain.stay import change_policy
from server.kernel.work import Work
from tests.domain.money import CLERK, billed, paid, wish
from tests.handlers.conftest import Site, code, said
from tests.world import NOON

Asking = Callable[[str], Awaitable[Any]]
DAY = "2053-07-01"


@pytest_asyncio.fixture
async def finance(site: Site) -> Asking:
    """Ask as finance does."""
    token = await site.token("console", "finance")

    async def get(path: str) -> Any:
        return said(await site.ask("GET", f"/api/console{path}", token=token))

    return get


async def paid_bill(site: Site) -> Payment:
    """Let three stays be billed, and the second bill be paid."""
    bills = await billed(site.world, 400, 500, 600)
    return await paid(site.world, await wish(site.world, bills[1]), "4200007")


async def test_bills_are_found_by_state_and_a_part_of_the_plate_page_by_page(
    site: Site, finance: Asking
) -> None:
    await paid_bill(site)

    first = await finance("/bills?limit=2")
    second = await finance(f"/bills?limit=2&cursor={first['cursor']}")

    assert [one["due"] for one in first["items"] + second["items"]] == [600, 500, 400]
    assert second["cursor"] is None
    assert [one["due"] for one in (await finance("/bills?state=paid"))["items"]] == [500]
    assert len((await finance("/bills?number=B123"))["items"]) == 3
    assert (await finance("/bills?number=B999"))["items"] == []
    assert (await finance("/bills?until=2053-07-02T03:00:00Z"))["items"] == []


async def test_a_bill_is_shown_with_its_money_and_adds_up(site: Site, finance: Asking) -> None:
    payment = await paid_bill(site)
    [part] = payment.applied
    await ask_back(site, payment)

    found = await finance(f"/bills/{part.bill_id}")

    bill = found["bill"]
    assert sum(line["amount"] for line in bill["lines"]) == bill["due"] == 500
    assert bill["due"] - bill["waived"] - bill["paid"] == bill["open"] == 0
    assert [one["transaction_id"] for one in found["payments"]] == ["4200007"]
    [refund] = found["refunds"]
    assert (refund["amount"], refund["state"], refund["requested_by"]) == (
        50,
        "requested",
        CLERK.id,
    )


async def test_a_bill_of_another_organization_is_not_there(site: Site) -> None:
    payment = await paid_bill(site)
    await site.world.store.database["bills"].update_many(
        {}, {"$set": {"organization_id": "another"}}
    )
    token = await site.token("console", "finance")

    path = f"/api/console/bills/{payment.applied[0].bill_id}"

    assert code(await site.ask("GET", path, token=token)) == (404, "bill_not_found")


async def test_a_payment_is_found_by_any_of_its_numbers(site: Site, finance: Asking) -> None:
    payment = await paid_bill(site)

    for number in ("4200007", payment.intent_id, payment.id):
        [found] = (await finance(f"/payments?number={number}"))["items"]
        assert found["id"] == payment.id
        assert [part["amount"] for part in found["parts"]] == [500]
    assert (await finance("/payments?number=4200008"))["items"] == []
    assert (await finance("/payments?provider=alipay"))["items"] == []
    [of_stay] = (await finance("/payments?stay_id=stay2"))["items"]
    assert of_stay["id"] == payment.id


async def test_the_evidence_tells_what_was_paid_taken_off_and_given_back(
    site: Site, finance: Asking
) -> None:
    payment = await paid_bill(site)
    await ask_back(site, payment)
    bills = {one["stay_id"]: one["id"] for one in (await finance("/bills"))["items"]}
    await site.world.run(
        waive_bill, actor=CLERK, bill_id=bills["stay1"], amount=100, reason="地磁误判"
    )

    told = (await finance("/stays/stay2/timeline"))["entries"]
    of_first = (await finance("/stays/stay1/timeline"))["entries"]
    owner = await site.motorist()
    own = said(await site.ask("GET", "/api/motorist/stays/stay2", token=owner))["entries"]

    money = {one["kind"]: one for one in told if one["kind"] in ("payment", "refund")}
    assert money["payment"]["said"]["amount"] == 500
    assert (money["refund"]["said"]["amount"], money["refund"]["by"]) == (50, CLERK.id)
    [waiver] = [one for one in of_first if one["kind"] == "discount"]
    assert (waiver["said"]["amount"], waiver["said"]["reason"]) == (100, "地磁误判")
    assert CLERK.id not in str(own)
    assert {one["kind"] for one in own} >= {"bill", "payment", "refund"}


async def test_a_day_says_what_our_books_have_of_it(site: Site, finance: Asking) -> None:
    await site.world.run(compared)

    [day] = (await finance("/reconciliations"))["items"]

    assert (day["paid"], day["paid_here"]) == (10_000, 9_700)
    assert (day["refunded"], day["refunded_here"]) == (500, 500)
    assert len((await finance(f"/discrepancies?day={DAY}&provider=wechat"))["items"]) == 2
    assert (await finance("/discrepancies?day=2053-07-02"))["items"] == []


async def test_who_did_what_has_a_name(finance: Asking) -> None:
    found = {one["id"]: one["name"] for one in (await finance("/colleagues"))["items"]}

    assert found["staff-finance"] == "finance"
    assert "motorist-1" not in found


async def compared(work: Work) -> None:
    """Let a day be compared: one payment is missing here, another was mended."""
    day = Reconciliation(
        id=f"wechat:{DAY}",
        provider="wechat",
        day=DAY,
        digest="",
        lines=12,
        paid=10_000,
        refunded=500,
        fee=60,
        open=1,
        repaired=1,
        compared_at=NOON,
    )
    work.table(Reconciliation).add(day)
    for number, state in enumerate(("open", "repaired"), 1):
        work.table(Discrepancy).add(differing(number, state))


def differing(number: int, state: str) -> Discrepancy:
    """Make a payment that is missing here."""
    return Discrepancy(
        id=f"d{number}",
        provider="wechat",
        day=DAY,
        kind=DiscrepancyKind.MISSING_HERE,
        number=f"trade{number}",
        refund=False,
        here=0,
        there=300,
        state=DiscrepancyState(state),
    )


async def ask_back(site: Site, payment: Payment) -> None:
    """Let a clerk ask for a refund of fifty fen."""
    await site.world.run(
        open_refund,
        actor=CLERK,
        payment_id=payment.id,
        stay_id="stay2",
        amount=50,
        reason="误收",
        request_key="refund-1",
    )


async def test_an_officer_is_told_above_how_much_cash_he_confirms_twice(site: Site) -> None:
    token = await site.token("patrol", "patrol1")

    async def limit() -> int:
        answer = await site.ask("GET", "/api/patrol/cash-shifts/current", token=token)
        return int(said(answer)["confirm_above"])

    assert await limit() == 20_000
    await site.world.run(change_policy, scope="city", values={"cash_confirm_above": 5_000}, v=0)
    assert await limit() == 5_000
