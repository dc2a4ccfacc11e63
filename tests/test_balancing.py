"""Each day against the provider's bill: what differs is named, and what can be mended is mended."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.balancing import Balancer
from server.domain.ledger.queries import balances
from server.domain.payment import Payment
from server.domain.reconciliation import (
    Discrepancy,
    Reconciliation,
    approve_cause,
    explain_discrepancy,
)
from server.domain.reconciliation.queries import reconciliations
from server.domain.refund import RefundAnswer, RefundState, hear_refund, pay_out_refund
from server.kernel.errors import Forbidden, Refused, Unavailable
from server.paying import Desk
from server.providers.payment import BadBill, BillFile, BillRow, RefundStanding
from tests.domain.money import CHIEF, CLERK, billed, priced, react, refunds, rows, sound, wish
from tests.paying import FakeProvider
from tests.world import NOON, World

DAY = date(2053, 7, 2)


class Books:
    """A desk, a balancer and a provider whose bill can be spoilt."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.provider = FakeProvider()
        self.desk = Desk(world.store, [self.provider], public_url="http://city")
        self.balancer = Balancer(world.store, self.desk)

    async def pay(self, *amounts: int, told: bool = True) -> list[str]:
        """Let bills be paid; gives the trade numbers."""
        numbers = []
        for bill in await billed(self.world, *amounts):
            intent = await self.desk.start(await wish(self.world, bill))
            self.provider.pay(intent.id, at=NOON)
            numbers.append(intent.id)
            if told:
                await self.desk.hear("wechat", *self.provider.notice(intent.id))
            self.provider.bill_rows.append(self.row(intent.id))
        return numbers

    def row(self, number: str, **changes: Any) -> BillRow:
        """Make the line of a trade."""
        trade = self.provider.trades[number]
        row = BillRow(
            trade_no=number,
            transaction_id=trade.transaction_id,
            amount=trade.amount,
            fee=2,
            at=NOON,
            state="SUCCESS",
        )
        return replace(row, **changes)

    async def compare(self) -> list[tuple[str, str, str]]:
        """Compare the day; gives kind, number and state of what differed."""
        await self.balancer.reconcile("wechat", DAY)
        found = await rows(self.world, Discrepancy)
        return [(one.kind.value, one.number, one.state.value) for one in found]


@pytest.fixture
def books(world: World) -> Books:
    return Books(world)


async def test_a_day_that_fits_has_no_difference_and_its_fee_in_the_books(books: Books) -> None:
    await books.pay(400, 300)

    assert await books.compare() == []
    assert await books.compare() == []

    [day] = await rows(books.world, Reconciliation)
    assert (day.lines, day.paid, day.fee, day.open) == (2, 700, 4, 0)
    assert await books.world.run(balances, prefix="fees:") == {"fees:wechat": 4}
    await sound(books.world)


async def test_a_payment_whose_notice_was_lost_is_found_and_taken(books: Books) -> None:
    [number] = await books.pay(400, told=False)

    assert await books.compare() == [("missing_here", number, "repaired")]
    assert await books.compare() == [("missing_here", number, "repaired")]

    assert len(await rows(books.world, Payment)) == 1
    await sound(books.world)


async def test_a_payment_that_nobody_here_knows_stays_open(books: Books) -> None:
    [number] = await books.pay(400)
    books.provider.bill_rows.append(books.row(number, trade_no="foreign", transaction_id="t9"))

    assert await books.compare() == [("missing_here", "foreign", "open")]


async def test_a_payment_that_is_not_on_the_bill_is_missing_there(books: Books) -> None:
    [number] = await books.pay(400)
    books.provider.bill_rows.clear()

    assert await books.compare() == [("missing_there", number, "open")]


async def test_a_payment_on_the_neighbours_bill_is_no_difference(books: Books) -> None:
    await books.pay(400)
    await books.balancer.reconcile("wechat", DAY + timedelta(days=1))
    books.provider.bill_rows.clear()

    assert [one for one in await books.compare() if one[2] == "open"] == []


@pytest.mark.parametrize(
    ("changes", "kind"), [({"amount": 399}, "amount"), ({"transaction_id": "other"}, "status")]
)
async def test_another_amount_or_number_on_the_bill_is_named(
    books: Books, changes: dict[str, Any], kind: str
) -> None:
    [number] = await books.pay(400)
    books.provider.bill_rows = [books.row(number, **changes)]

    assert await books.compare() == [(kind, number, "open")]


async def given_back(books: Books, *, told: bool) -> tuple[str, str]:
    """Let four yuan be paid for what costs one, and three go back."""
    [number] = await books.pay(400)
    await priced(books.world, "stay1", 100)
    await react(books.world)
    await books.desk.ask()
    [refund] = await refunds(books.world)
    if told:
        answer = RefundAnswer(refund.id, RefundState.SUCCEEDED)
        await books.world.run(hear_refund, answer=answer)
    return number, refund.id


async def test_a_refund_that_fits_is_no_difference(books: Books) -> None:
    number, refund_no = await given_back(books, told=True)
    books.provider.bill_rows.append(books.row(number, refund_no=refund_no, amount=300))

    assert await books.compare() == []
    await sound(books.world)


async def test_a_refund_whose_result_was_lost_is_mended(books: Books) -> None:
    number, refund_no = await given_back(books, told=False)
    books.provider.bill_rows.append(books.row(number, refund_no=refund_no, amount=300))

    assert await books.compare() == [("status", refund_no, "repaired")]
    assert (await refunds(books.world))[0].state is RefundState.SUCCEEDED
    await sound(books.world)


@pytest.mark.parametrize(
    ("changes", "kind"), [({"amount": 299}, "amount"), ({"refund_no": "foreign"}, "missing_here")]
)
async def test_a_refund_that_differs_is_named(
    books: Books, changes: dict[str, Any], kind: str
) -> None:
    number, refund_no = await given_back(books, told=True)
    line = {"refund_no": refund_no, "amount": 300, **changes}
    books.provider.bill_rows.append(books.row(number, **line))

    kinds = [one[0] for one in await books.compare()]

    assert kind in kinds


async def test_a_refund_that_is_not_on_the_bill_is_missing_there(books: Books) -> None:
    _, refund_no = await given_back(books, told=True)
    assert books.provider.refunds_end is RefundStanding.SUCCEEDED

    assert await books.compare() == [("missing_there", refund_no, "open")]


async def test_a_difference_is_explained_by_one_and_agreed_to_by_another(books: Books) -> None:
    await books.pay(400)
    books.provider.bill_rows.clear()
    [(_, _, _)] = await books.compare()
    [found] = await rows(books.world, Discrepancy)

    with pytest.raises(Refused):
        await books.world.run(approve_cause, actor=CHIEF, discrepancy_id=found.id)
    named = {"discrepancy_id": found.id, "cause": "渠道漏单，已补"}
    await books.world.run(explain_discrepancy, actor=CLERK, **named)
    with pytest.raises(Forbidden):
        await books.world.run(approve_cause, actor=CLERK, discrepancy_id=found.id)
    closed = await books.world.run(approve_cause, actor=CHIEF, discrepancy_id=found.id)

    assert closed.state == "closed"
    with pytest.raises(Refused):
        await books.world.run(explain_discrepancy, actor=CLERK, **named)
    assert (await books.compare())[0][2] == "closed"


async def test_another_fee_than_was_agreed_is_named_and_a_rounded_one_is_not(books: Books) -> None:
    one, two = await books.pay(400, 1_000)
    books.provider.fee_bp = 60
    books.provider.bill_rows = [books.row(one, fee=3), books.row(two, fee=8)]

    assert await books.compare() == [("fee", two, "open")]

    [found] = await rows(books.world, Discrepancy)
    assert (found.here, found.there, found.adjustment) == (6, 8, 0)
    assert await books.world.run(balances, prefix="fees:") == {"fees:wechat": 11}
    [day] = await books.world.run(reconciliations)
    assert day.paid_here == day.day.paid == 1_400


async def test_the_last_minutes_of_a_day_wait_for_the_next_bill(books: Books) -> None:
    [number] = await books.pay(400)
    late = datetime(2053, 7, 2, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
    await books.world.store.database["payments"].update_one({}, {"$set": {"paid_at": late}})
    books.provider.bill_rows.clear()

    assert await books.compare() == [("day_cut", number, "open")]

    await books.balancer.reconcile("wechat", DAY + timedelta(days=1))
    found = sorted(
        (one.kind.value, one.state.value) for one in await rows(books.world, Discrepancy)
    )
    # It is not there either: now it is missing, and nobody waits any more.
    assert found == [("day_cut", "repaired"), ("missing_there", "open")]


@pytest.mark.parametrize(
    ("spoil", "provider"),
    [
        (lambda books, number: [], 0),
        (lambda books, number: [books.row(number, amount=390)], 390),
        (lambda books, number: [books.row(number), books.row(number, trade_no="x", fee=0)], 800),
    ],
    ids=["missing there", "amount", "missing here"],
)
async def test_what_two_people_agree_to_is_booked_once(
    books: Books, spoil: Any, provider: int
) -> None:
    [number] = await books.pay(400)
    books.provider.bill_rows = [replace(one, fee=0) for one in spoil(books, number)]
    await books.compare()
    [found] = await rows(books.world, Discrepancy)
    named = {"discrepancy_id": found.id}

    await books.world.run(explain_discrepancy, actor=CLERK, cause="渠道已确认", **named)
    await books.world.run(approve_cause, actor=CHIEF, **named)
    with pytest.raises(Refused):
        await books.world.run(approve_cause, actor=CHIEF, **named)

    sums = await books.world.run(balances)
    assert sums["provider:wechat"] == provider
    assert sums["discrepancy:wechat"] == 400 - provider
    await books.compare()
    assert await books.world.run(balances) == sums
    await sound(books.world)


async def test_what_was_explained_and_then_found_is_mended_and_not_booked(books: Books) -> None:
    [number] = await books.pay(400)
    kept = list(books.provider.bill_rows)
    books.provider.bill_rows.clear()
    await books.compare()
    [found] = await rows(books.world, Discrepancy)
    named = {"discrepancy_id": found.id}
    await books.world.run(explain_discrepancy, actor=CLERK, cause="渠道漏单", **named)

    books.provider.bill_rows = kept
    assert await books.compare() == [("missing_there", number, "repaired")]

    with pytest.raises(Refused):
        await books.world.run(approve_cause, actor=CHIEF, **named)


async def test_a_refund_that_the_provider_made_after_we_paid_it_out_is_named(books: Books) -> None:
    number, refund_no = await given_back(books, told=False)
    await books.world.run(hear_refund, answer=RefundAnswer(refund_no, RefundState.ABNORMAL))
    await books.world.run(pay_out_refund, actor=CHIEF, refund_id=refund_no)
    line = {"refund_no": refund_no, "amount": 300, "fee": 0}
    books.provider.bill_rows.append(books.row(number, **line))

    assert await books.compare() == [("status", refund_no, "open")]

    [found] = await rows(books.world, Discrepancy)
    assert found.adjustment == -300


async def test_days_that_were_missed_are_compared_when_somebody_is_back(books: Books) -> None:
    await books.pay(400)
    back = datetime(2053, 7, 5, 10, 31, tzinfo=ZoneInfo("Asia/Shanghai"))

    await books.balancer.catch_up(back)

    days = [one.day for one in await rows(books.world, Reconciliation)]
    assert days == ["2053-07-02", "2053-07-03", "2053-07-04"]


async def test_a_bill_that_is_not_there_yet_is_not_asked_for_each_second(books: Books) -> None:
    await books.pay(400)
    asked = []

    async def absent(day: date) -> BillFile:
        asked.append(day)
        raise Unavailable("bill_not_there", "账单还未生成")

    books.provider.bill = absent  # type: ignore[method-assign]
    at = datetime(2053, 7, 3, 10, 31, tzinfo=ZoneInfo("Asia/Shanghai"))

    for second in range(0, 1_200, 10):
        await books.balancer.catch_up(at + timedelta(seconds=second))

    assert len(asked) == 2


async def test_a_bill_that_cannot_be_read_closes_no_day(books: Books) -> None:
    async def spoilt(day: date) -> BillFile:
        raise BadBill("half a file")

    books.provider.bill = spoilt  # type: ignore[method-assign]

    with pytest.raises(Refused) as refusal:
        await books.balancer.reconcile("wechat", DAY)

    assert refusal.value.code == "bill_unreadable"
    assert await rows(books.world, Reconciliation) == []


async def test_yesterday_is_compared_once_its_bill_is_there(books: Books) -> None:
    await books.pay(400)
    early = datetime(2053, 7, 3, 10, 29, tzinfo=ZoneInfo("Asia/Shanghai"))

    await books.balancer.catch_up(early)
    assert await rows(books.world, Reconciliation) == []
    await books.balancer.catch_up(early + timedelta(minutes=1))
    await books.balancer.catch_up(early + timedelta(minutes=2))

    [day] = await rows(books.world, Reconciliation)
    assert (day.id, day.lines, day.v) == ("wechat:2053-07-02", 1, 1)
