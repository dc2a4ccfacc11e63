"""A price that changes while somebody pays: he pays what is owed, or begins anew."""

from typing import Any

import pytest

from server.domain.billing import BillDiscounted, BillPaid, BillState, BillWithdrawn, waive_bill
from server.domain.billing import pay_bill as really_pay_bill
from server.domain.payment import (
    CashShift,
    Intent,
    IntentState,
    Method,
    TopUpOffer,
    begin_top_up,
    offer_top_ups,
    open_shift,
    pay_by_cash,
    pay_from_wallet,
    tell_client,
)
from server.domain.payment.reactions import stop_overtaken
from server.kernel.errors import Refused
from server.kernel.work import Work
from tests.domain.money import (
    CLERK,
    OWNER,
    PATROL,
    bill_of,
    billed,
    paid,
    priced,
    react,
    refunds,
    rows,
    sound,
    wish,
)
from tests.world import World


@pytest.fixture
def interrupted(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the bill of stay1 be priced anew between the two reads of who pays it, at each amount."""
    amounts: list[int] = []

    async def pay(work: Work, **named: Any) -> Any:
        if amounts:
            await priced(world, "stay1", amounts.pop())
        return await really_pay_bill(work, **named)

    monkeypatch.setattr("server.domain.payment.service.pay_bill", pay)
    return amounts


@pytest.mark.parametrize("fresh", [100, 700])
async def test_cash_taken_while_the_price_changes_is_the_new_price(
    world: World, interrupted: list[int], fresh: int
) -> None:
    [bill] = await billed(world, 400)
    await world.run(open_shift, actor=PATROL)
    interrupted.append(fresh)

    with pytest.raises(Refused, match="bill_not_payable"):  # the bill that he named is gone
        await world.run(pay_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="c1")
    fresh_bill = await bill_of(world, "stay1")
    await world.run(pay_by_cash, actor=PATROL, bill_ids=[fresh_bill.id], request_key="c2")
    await react(world)

    [shift] = await rows(world, CashShift)
    assert shift.expected == fresh
    settled = await bill_of(world, "stay1")
    assert (settled.state, settled.paid, settled.surplus) == (BillState.PAID, fresh, 0)
    assert await refunds(world) == []
    await sound(world)


async def test_a_wallet_pays_no_fen_of_a_price_that_is_gone(
    world: World, interrupted: list[int]
) -> None:
    await world.run(offer_top_ups, offers=[TopUpOffer(id="o1", amount=500, bonus=100)])
    named: dict[str, Any] = {"provider": Method.WECHAT, "scene": "native"}
    filled = await world.run(begin_top_up, actor=OWNER, amount=500, **named)
    await paid(world, filled, "top-up")
    [bill] = await billed(world, 400)
    interrupted.append(100)

    with pytest.raises(Refused, match="bill_not_payable"):
        await world.run(pay_from_wallet, actor=OWNER, bill_ids=[bill.id], request_key="w1")

    assert (await bill_of(world, "stay1")).paid == 0
    await sound(world)


async def after(world: World, intent: Intent) -> IntentState:
    """Let the facts about bills be reacted to; gives what became of an intent."""
    for kind in (BillWithdrawn, BillDiscounted, BillPaid):
        await world.run(stop_overtaken, facts=await world.facts(kind))
    found: Intent = await world.run(lambda work: work.table(Intent).get(intent.id))
    return found.state


async def test_who_would_pay_too_much_is_stopped_and_who_pays_too_little_is_not(
    world: World,
) -> None:
    one, two = await billed(world, 400, 400)
    whole, other = await wish(world, one), await wish(world, two)

    await priced(world, "stay1", 700)
    await world.run(waive_bill, actor=CLERK, bill_id=two.id, amount=50, reason="减免")

    assert await after(world, whole) is IntentState.CREATED
    assert await after(world, other) is IntentState.CLOSED
    await priced(world, "stay1", 100)
    assert await after(world, whole) is IntentState.CLOSED


async def test_a_part_of_a_lower_price_may_still_be_paid(world: World) -> None:
    [bill] = await billed(world, 400)
    part = await wish(world, bill, amount=60)

    await priced(world, "stay1", 100)

    assert await after(world, part) is IntentState.CREATED
    await paid(world, part)
    assert (await bill_of(world, "stay1")).paid == 60
    await sound(world)


async def test_a_wish_for_the_new_bill_ends_one_for_the_old(world: World) -> None:
    [bill] = await billed(world, 400)
    old = await wish(world, bill)
    await priced(world, "stay1", 700)

    fresh = await wish(world, await bill_of(world, "stay1"))

    assert await after(world, old) is IntentState.CLOSED
    assert await after(world, fresh) is IntentState.CREATED


async def test_what_is_paid_ends_who_still_waits_to_pay_a_bill_of_before(world: World) -> None:
    [bill] = await billed(world, 400)
    await priced(world, "stay1", 700)
    old = await wish(world, await bill_of(world, "stay1"), amount=300)
    await priced(world, "stay1", 500)
    await world.run(open_shift, actor=PATROL)
    fresh = await bill_of(world, "stay1")

    await world.run(pay_by_cash, actor=PATROL, bill_ids=[fresh.id], request_key="c1")

    [left] = [one for one in await rows(world, Intent) if one.id == old.id]
    assert left.state is IntentState.CLOSED
    assert bill.id != fresh.id


async def test_an_order_whose_bill_changed_as_the_provider_was_told_is_ended(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await world.run(waive_bill, actor=CLERK, bill_id=bill.id, amount=50, reason="减免")

    told = await world.run(tell_client, intent_id=intent.id, client={"code_url": "pay://1"})

    assert (told.state, told.client) == (IntentState.CLOSED, {})
    assert told.ask_at == world.now
