"""Money in and out: once, to the right bill, and back when it found none."""

import asyncio

import pytest

from server.domain.billing import (
    BillPaid,
    BillState,
)
from server.domain.ledger.queries import balances
from server.domain.payment import (
    CashShift,
    Intent,
    IntentState,
    Method,
    Payment,
    PaymentSucceeded,
    TopUpOffer,
    begin_top_up,
    close_intent,
    close_shift,
    end_intent,
    offer_top_ups,
    open_shift,
    pay_by_cash,
    pay_from_wallet,
    take_payment,
)
from server.domain.refund import (
    RefundAnswer,
    RefundState,
    approve_refund,
    hear_refund,
    open_refund,
)
from server.kernel.access import Actor, Audience
from server.kernel.errors import DomainError, NotFound, Refused
from tests.domain.money import (
    CHIEF,
    CLERK,
    OWNER,
    PATROL,
    bill_of,
    billed,
    paid,
    react,
    receipt,
    refunds,
    rows,
    sound,
    wish,
)
from tests.world import World


async def test_a_payment_settles_its_bill_once_however_often_it_is_told(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)

    first, second = await paid(world, intent), await paid(world, intent)

    assert first.id == second.id
    assert (await bill_of(world, "stay1")).state is BillState.PAID
    assert len(await world.facts(PaymentSucceeded)) == len(await world.facts(BillPaid)) == 1
    assert await world.run(balances) == {"provider:wechat": 400, "collected:city": -400}
    await sound(world)


async def test_fifty_identical_notices_at_once_are_one_payment(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)

    await asyncio.gather(*(paid(world, intent) for _ in range(50)), return_exceptions=True)
    await paid(world, intent)

    assert len(await rows(world, Payment)) == 1
    assert await world.run(balances, prefix="provider:") == {"provider:wechat": 400}
    await sound(world)


async def test_two_providers_that_pay_one_bill_at_once_settle_it_once(world: World) -> None:
    [bill] = await billed(world, 400)
    by_wechat = await wish(world, bill)
    by_alipay = await wish(world, bill, provider="alipay")

    await asyncio.gather(
        *(paid(world, by_wechat, "w1") for _ in range(25)),
        *(paid(world, by_alipay, "a1") for _ in range(25)),
        return_exceptions=True,
    )
    await paid(world, by_wechat, "w1")
    await paid(world, by_alipay, "a1")
    await react(world)
    await react(world)

    [refund] = await refunds(world)
    assert (refund.amount, refund.stay_id, refund.state) == (400, "", RefundState.APPROVED)
    assert (await bill_of(world, "stay1")).paid == 400
    await sound(world)
    answer = RefundAnswer(refund.id, RefundState.SUCCEEDED, 400)
    await world.run(hear_refund, answer=answer)
    await world.run(hear_refund, answer=answer)
    assert sum((await world.run(balances, prefix="provider:")).values()) == 400
    assert (await world.run(balances, prefix="unapplied:")).popitem()[1] == 0
    await sound(world)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 399}, "payment_amount_differs"),
        ({"amount": 401}, "payment_amount_differs"),
        ({"provider": Method.ALIPAY}, "payment_of_another"),
        ({"intent_id": "nothing"}, "intent_not_found"),
    ],
)
async def test_a_notice_that_does_not_fit_moves_nothing(
    world: World, changes: dict[str, object], code: str
) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)

    with pytest.raises(DomainError) as refusal:
        await world.run(take_payment, receipt=receipt(intent, **changes))

    assert refusal.value.code == code
    assert (await bill_of(world, "stay1")).paid == 0
    assert await world.run(balances) == {}


async def test_a_transaction_of_another_intent_is_refused(world: World) -> None:
    one, two = await billed(world, 400, 400)
    await paid(world, await wish(world, one), "same")

    with pytest.raises(Refused) as refusal:
        await paid(world, await wish(world, two), "same")

    assert refusal.value.code == "payment_of_another"


async def test_several_bills_are_paid_as_one_and_a_part_goes_to_the_oldest(world: World) -> None:
    one, two = await billed(world, 400, 300)

    whole = await wish(world, one, two, amount=500)
    await paid(world, whole)

    first, second = await bill_of(world, "stay1"), await bill_of(world, "stay2")
    assert (first.state, first.paid) == (BillState.PAID, 400)
    assert (second.state, second.paid, second.open) == (BillState.PART_PAID, 100, 200)
    await paid(world, await wish(world, second), "4200002")
    assert (await bill_of(world, "stay2")).state is BillState.PAID
    await sound(world)


@pytest.mark.parametrize("amount", [0, -1, 401])
async def test_a_part_is_more_than_nothing_and_at_most_what_is_open(
    world: World, amount: int
) -> None:
    [bill] = await billed(world, 400)

    with pytest.raises(Refused) as refusal:
        await wish(world, bill, amount=amount)

    assert refusal.value.code == "amount_not_open"


async def test_the_same_wish_is_the_same_intent_and_another_ends_the_old_one(world: World) -> None:
    [bill] = await billed(world, 400)

    first, again = await wish(world, bill), await wish(world, bill)
    other = await wish(world, bill, provider="alipay")

    assert first.id == again.id != other.id
    states = {one.id: (one.state, one.live) for one in await rows(world, Intent)}
    assert states == {
        first.id: (IntentState.CLOSED, False),
        other.id: (IntentState.CREATED, True),
    }


async def test_of_many_wishes_at_once_one_lives(world: World) -> None:
    [bill] = await billed(world, 400)

    wishes = [wish(world, bill, provider=p) for p in ("wechat", "alipay") * 4]
    await asyncio.gather(*wishes, return_exceptions=True)

    assert sum(one.live for one in await rows(world, Intent)) == 1


async def test_nobody_pays_or_closes_what_is_anothers(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    stranger = Actor("motorist-2", Audience.MOTORIST)

    for attempt in (
        world.run(close_intent, actor=stranger, intent_id=intent.id),
        world.run(pay_from_wallet, actor=stranger, bill_ids=[bill.id], request_key="k"),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_what_was_paid_a_moment_before_it_was_closed_is_taken(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await world.run(close_intent, actor=OWNER, intent_id=intent.id)

    await paid(world, intent)

    assert (await bill_of(world, "stay1")).state is BillState.PAID
    await sound(world)


async def test_what_expired_may_not_be_paid_again_but_its_money_is_never_lost(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await world.run(end_intent, intent_id=intent.id)
    [expired] = await rows(world, Intent)
    assert (expired.state, expired.ask_at) == (IntentState.EXPIRED, None)

    await paid(world, await wish(world, bill), "new")
    await paid(world, intent, "late")
    await react(world)

    [refund] = await refunds(world)
    assert refund.amount == 400
    await sound(world)


async def top_up(world: World, amount: int) -> None:
    intent = await world.run(
        begin_top_up, actor=OWNER, amount=amount, provider=Method.WECHAT, scene="native"
    )
    await paid(world, intent, f"top-{intent.id}")


async def test_a_wallet_pays_with_its_money_first_and_keeps_the_bonus_apart(world: World) -> None:
    await world.run(offer_top_ups, offers=[TopUpOffer(id="o1", amount=500, bonus=100)])
    await top_up(world, 500)
    assert await world.run(balances, prefix="wallet:") == {"wallet:motorist-1": -500}
    assert await world.run(balances, prefix="bonus:") == {"bonus:motorist-1": -100}
    [bill] = await billed(world, 550)

    payment = await world.run(pay_from_wallet, actor=OWNER, bill_ids=[bill.id], request_key="k1")
    again = await world.run(pay_from_wallet, actor=OWNER, bill_ids=[bill.id], request_key="k1")

    assert (payment.id, payment.bonus) == (again.id, 50)
    assert sum((await world.run(balances, prefix="wallet:")).values()) == 0
    assert await world.run(balances, prefix="bonus:") == {"bonus:motorist-1": -50}
    await sound(world)


async def test_a_refund_of_a_wallets_payment_gives_money_back_before_the_bonus(
    world: World,
) -> None:
    await world.run(offer_top_ups, offers=[TopUpOffer(id="o1", amount=500, bonus=100)])
    await top_up(world, 500)
    [bill] = await billed(world, 550)
    payment = await world.run(pay_from_wallet, actor=OWNER, bill_ids=[bill.id], request_key="k1")

    for number, amount in enumerate((480, 70)):
        refund = await world.run(
            open_refund,
            actor=CLERK,
            payment_id=payment.id,
            amount=amount,
            reason="误收",
            request_key=f"r{number}",
            stay_id="stay1",
        )
        await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)

    assert await world.run(balances, prefix="wallet:") == {"wallet:motorist-1": -500}
    assert await world.run(balances, prefix="bonus:") == {"bonus:motorist-1": -100}
    assert (await bill_of(world, "stay1")).open == 0
    await sound(world)


async def test_an_empty_wallet_pays_nothing(world: World) -> None:
    [bill] = await billed(world, 400)

    with pytest.raises(Refused) as refusal:
        await world.run(pay_from_wallet, actor=OWNER, bill_ids=[bill.id], request_key="k1")

    assert refusal.value.code == "balance_too_low"
    assert await rows(world, Intent) == []


async def test_cash_needs_a_shift_and_is_counted_at_its_end(world: World) -> None:
    [bill] = await billed(world, 400)
    with pytest.raises(Refused) as refusal:
        await world.run(pay_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="k1")
    assert refusal.value.code == "no_open_shift"

    await world.run(open_shift, actor=PATROL)
    with pytest.raises(Refused):
        await world.run(open_shift, actor=PATROL)
    payment = await world.run(pay_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="k1")
    again = await world.run(pay_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="k1")

    assert payment.id == again.id
    [shift] = await rows(world, CashShift)
    assert shift.expected == 400
    with pytest.raises(Refused):
        await world.run(close_shift, actor=PATROL, counted=390, reason="")
    closed = await world.run(close_shift, actor=PATROL, counted=390, reason="找零差错")
    assert (closed.open, closed.expected - (closed.counted or 0)) == (False, 10)
    await sound(world)
