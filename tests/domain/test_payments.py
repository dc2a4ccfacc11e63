"""Money in and out: once, to the right bill, and back when it found none."""

import asyncio
from datetime import timedelta

import pytest

from server.domain.billing import (
    Bill,
    BillPaid,
    BillState,
    Coupon,
    bill_running_stay,
    grant_coupons,
    redeem_coupon,
    waive_bill,
)
from server.domain.billing.reactions import bill_priced_stays
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
    pay_out_refund,
    redirect_refund,
)
from server.domain.stay import StayClosed, identify_berth
from server.domain.stay.jobs import settle_berths
from server.kernel.access import Actor, Audience
from server.kernel.errors import DomainError, Forbidden, NotFound, Refused
from tests.domain.money import (
    CHIEF,
    CLERK,
    OWNER,
    PATROL,
    PLATE,
    bill_of,
    billed,
    paid,
    priced,
    react,
    receipt,
    refunds,
    rows,
    sound,
    wish,
)
from tests.world import NOON, World


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


async def test_a_bill_priced_higher_while_it_was_paid_leaves_the_difference(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await priced(world, "stay1", 700)

    await paid(world, intent)

    now = await bill_of(world, "stay1")
    assert (now.id != bill.id, now.state, now.paid, now.open) == (
        True,
        BillState.PART_PAID,
        400,
        300,
    )
    await sound(world)


async def test_a_bill_priced_lower_while_it_was_paid_gives_the_rest_back(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await priced(world, "stay1", 100)

    await paid(world, intent)
    await react(world)

    [refund] = await refunds(world)
    assert (refund.amount, (await bill_of(world, "stay1")).paid) == (300, 100)
    await sound(world)


async def test_a_paid_stay_that_is_priced_anew_carries_what_was_paid(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))

    await priced(world, "stay1", 600)
    dearer = await bill_of(world, "stay1")
    await priced(world, "stay1", 250)
    cheaper = await bill_of(world, "stay1")
    await react(world)
    await react(world)

    assert (dearer.state, dearer.open) == (BillState.PART_PAID, 200)
    assert (cheaper.state, cheaper.paid, cheaper.surplus) == (BillState.PAID, 250, 150)
    [refund] = await refunds(world)
    assert (refund.amount, refund.stay_id) == (150, "stay1")
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED))
    assert (await bill_of(world, "stay1")).surplus == 0
    await sound(world)


async def test_a_surplus_that_goes_back_while_the_price_rises_is_owed_again(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))
    await priced(world, "stay1", 250)
    await react(world)
    [refund] = await refunds(world)

    await priced(world, "stay1", 400)
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED))

    left = await bill_of(world, "stay1")
    assert (left.state, left.paid, left.open, left.waived) == (BillState.PART_PAID, 250, 150, 0)
    await sound(world)


async def test_two_surpluses_told_at_once_go_back_whole(world: World) -> None:
    [bill] = await billed(world, 700)
    await paid(world, await wish(world, bill))
    await priced(world, "stay1", 250)
    await priced(world, "stay1", 100)

    await react(world)

    assert sorted(refund.amount for refund in await refunds(world)) == [150, 450]
    await sound(world)


async def test_one_bill_a_stay_stands(world: World) -> None:
    await billed(world, 400)
    for amount in (500, 300, 300, 600):
        await priced(world, "stay1", amount)

    bills = await rows(world, Bill)
    assert [bill.standing for bill in sorted(bills, key=lambda one: one.revision)] == [
        False,
        False,
        False,
        True,
    ]


async def test_a_waiver_and_a_coupon_leave_the_rest_to_pay(world: World) -> None:
    [bill] = await billed(world, 400)
    coupon = Coupon(
        id="c1",
        owner_id=OWNER.id,
        name="停车券",
        amount=150,
        least=200,
        valid_from=NOON,
        valid_to=NOON + timedelta(days=1),
    )
    await world.run(grant_coupons, coupons=[coupon])

    await world.run(waive_bill, actor=CLERK, bill_id=bill.id, amount=100, reason="地磁误判")
    left = await world.run(redeem_coupon, actor=OWNER, bill_id=bill.id, coupon_id="c1")

    assert (left.waived, left.open, left.due) == (250, 150, 400)
    with pytest.raises(Refused):
        await world.run(redeem_coupon, actor=OWNER, bill_id=bill.id, coupon_id="c1")
    with pytest.raises(Refused):
        await world.run(waive_bill, actor=CLERK, bill_id=bill.id, amount=151, reason="更多")
    await paid(world, await wish(world, bill))
    assert (await bill_of(world, "stay1")).state is BillState.PAID
    await sound(world)


async def test_a_coupon_of_a_bill_that_has_no_room_for_it_is_good_again(world: World) -> None:
    [bill] = await billed(world, 400)
    coupon = Coupon(
        id="c1",
        owner_id=OWNER.id,
        name="停车券",
        amount=300,
        valid_from=NOON,
        valid_to=NOON + timedelta(days=1),
    )
    await world.run(grant_coupons, coupons=[coupon])
    await world.run(redeem_coupon, actor=OWNER, bill_id=bill.id, coupon_id="c1")

    await priced(world, "stay1", 200)

    [kept] = await rows(world, Coupon)
    assert (kept.state, kept.bill_id) == ("granted", None)
    assert (await bill_of(world, "stay1")).open == 200


async def test_the_price_shown_to_a_car_that_stands_is_the_price_if_it_leaves_in_time(
    world: World,
) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    bill = await world.run(bill_running_stay, stay_id=stay.id)
    assert await world.run(bill_running_stay, stay_id=stay.id) == bill
    intent = await world.run(_begin, actor=CLERK, bill_id=bill.id)
    await paid(world, intent)

    await world.see("d1", "left", at_s=70 * 60)
    world.now = NOON + timedelta(minutes=72)
    await world.job(settle_berths)
    await world.run(bill_priced_stays, facts=await world.facts(StayClosed))

    [kept] = await rows(world, Bill)
    assert (kept.id, kept.state, kept.due) == (bill.id, BillState.PAID, 400)


async def test_who_leaves_later_owes_the_difference(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    bill = await world.run(bill_running_stay, stay_id=stay.id)
    await paid(world, await world.run(_begin, actor=CLERK, bill_id=bill.id))

    await world.see("d1", "left", at_s=130 * 60)
    world.now = NOON + timedelta(minutes=132)
    await world.job(settle_berths)
    await world.run(bill_priced_stays, facts=await world.facts(StayClosed))

    now = await bill_of(world, stay.id)
    assert (now.due, now.paid, now.open) == (600, 400, 200)
    await sound(world)


async def test_a_price_that_ran_out_cannot_be_paid(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    bill = await world.run(bill_running_stay, stay_id=stay.id)
    world.now += timedelta(minutes=16)

    with pytest.raises(Refused) as refusal:
        await world.run(_begin, actor=CLERK, bill_id=bill.id)

    assert refusal.value.code == "bill_not_payable"


async def _begin(work, *, bill_id: str) -> Intent:  # type: ignore[no-untyped-def]
    from server.domain.payment import begin_payment

    return await begin_payment(work, bill_ids=[bill_id], provider=Method.WECHAT, scene="native")


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


async def paid_bill(world: World) -> Payment:
    [bill] = await billed(world, 400)
    return await paid(world, await wish(world, bill))


async def ask_back(world: World, payment: Payment, amount: int, key: str = "r1"):  # type: ignore[no-untyped-def]
    return await world.run(
        open_refund,
        actor=CLERK,
        payment_id=payment.id,
        amount=amount,
        reason="误收",
        request_key=key,
        stay_id="stay1",
    )


async def test_a_refund_needs_a_second_person_and_is_one_however_often_asked(world: World) -> None:
    payment = await paid_bill(world)

    refund = await ask_back(world, payment, 150)
    assert (await ask_back(world, payment, 150)).id == refund.id
    with pytest.raises(Forbidden):
        await world.run(approve_refund, actor=CLERK, refund_id=refund.id)
    approved = await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)

    assert (approved.state, approved.ask_at) == (RefundState.APPROVED, world.now)
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.PROCESSING))
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED, 150))
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.PROCESSING))
    bill = await bill_of(world, "stay1")
    assert (bill.state, bill.paid, bill.waived) == (BillState.PAID, 250, 150)
    await sound(world)


async def test_refunds_never_exceed_the_payment_however_many_are_asked_at_once(
    world: World,
) -> None:
    payment = await paid_bill(world)

    tries = [ask_back(world, payment, 150, f"r{number}") for number in range(6)]
    done = await asyncio.gather(*tries, return_exceptions=True)

    assert sum(not isinstance(one, Exception) for one in done) == 2
    [kept] = await rows(world, Payment)
    assert kept.refundable == 100
    await sound(world)


async def test_a_refund_that_the_provider_closed_may_be_asked_for_again(world: World) -> None:
    payment = await paid_bill(world)
    refund = await ask_back(world, payment, 400)
    await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)

    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.CLOSED))

    assert (await ask_back(world, payment, 400, "r2")).id != refund.id
    await sound(world)


async def test_an_abnormal_refund_goes_into_the_wallet_when_somebody_says_so(world: World) -> None:
    payment = await paid_bill(world)
    refund = await ask_back(world, payment, 400)
    await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.ABNORMAL))

    await world.run(redirect_refund, actor=CHIEF, refund_id=refund.id)

    assert await world.run(balances, prefix="wallet:") == {"wallet:motorist-1": -400}
    await sound(world)


async def test_a_refund_of_cash_is_paid_out_by_hand(world: World) -> None:
    [bill] = await billed(world, 400)
    await world.run(open_shift, actor=PATROL)
    payment = await world.run(pay_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="k1")
    refund = await ask_back(world, payment, 400)
    await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)

    await world.run(pay_out_refund, actor=CHIEF, refund_id=refund.id)

    assert (await world.run(balances, prefix="cash:office")) == {"cash:office": -400}
    await sound(world)


@pytest.mark.parametrize(
    "answer", [{"amount": 399}, {"intent_id": "another"}], ids=["amount", "intent"]
)
async def test_an_answer_about_another_refund_is_refused(
    world: World, answer: dict[str, object]
) -> None:
    payment = await paid_bill(world)
    refund = await ask_back(world, payment, 400)
    await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)

    said = RefundAnswer(refund.id, RefundState.SUCCEEDED, **answer)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        await world.run(hear_refund, answer=said)

    assert sum((await world.run(balances, prefix="provider:")).values()) == 400
