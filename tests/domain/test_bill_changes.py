"""Bills whose price changes under payment: carried over, given back, owed again; waivers, coupons, prices shown."""

from datetime import timedelta

import pytest

from server.domain.billing import (
    Bill,
    BillState,
    Coupon,
    bill_running_stay,
    redeem_coupon,
    waive_bill,
)
from server.domain.billing.queries import running_fee
from server.domain.billing.reactions import bill_priced_stays
from server.domain.payment import (
    Intent,
    Method,
)
from server.domain.refund import (
    RefundAnswer,
    RefundState,
    hear_refund,
)
from server.domain.stay import StayClosed, identify_berth
from server.domain.stay.jobs import settle_berths
from server.domain.stay.reactions import show_running_stays
from server.domain.vehicle import VehicleBound, bind_vehicle
from server.kernel.errors import Refused
from tests.domain.money import (
    CLERK,
    OWNER,
    PLATE,
    bill_of,
    billed,
    couponed,
    granted,
    paid,
    priced,
    react,
    refunds,
    rows,
    sound,
    wish,
)
from tests.world import NOON, World


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
    await granted(world, 150)

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
    await couponed(world, bill, 300)

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


async def test_who_pays_at_the_last_moment_still_has_the_grace_to_leave(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    bill = await world.run(bill_running_stay, stay_id=stay.id)
    world.now = NOON + timedelta(minutes=75)
    await paid(world, await world.run(_begin, actor=CLERK, bill_id=bill.id))

    kept = await bill_of(world, stay.id)

    assert kept.valid_until == NOON + timedelta(minutes=90)
    fee = await world.run(running_fee, stay_id=stay.id)
    assert (fee.open, fee.bill, fee.forecast.quote.amount) == (0, kept, 400)


async def test_a_car_that_stands_on_after_paying_is_asked_for_the_rest_alone(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    assert (await world.run(running_fee, stay_id=stay.id)).open == 0
    world.now = NOON + timedelta(minutes=61)
    bill = await world.run(bill_running_stay, stay_id=stay.id)
    await paid(world, await world.run(_begin, actor=CLERK, bill_id=bill.id))
    world.now = NOON + timedelta(minutes=131)

    fee = await world.run(running_fee, stay_id=stay.id)
    again = await world.run(bill_running_stay, stay_id=stay.id)

    assert (fee.forecast.quote.amount, fee.open) == (600, 200)
    assert (again.due, again.paid, again.open) == (600, 400, 200)
    assert fee.forecast.changes_at == NOON + timedelta(minutes=150, seconds=1)
    assert fee.forecast.next_amount == 700
    await sound(world)


async def test_a_bill_of_a_car_that_has_another_driver_now_is_made_anew(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    before = await world.run(bill_running_stay, stay_id=stay.id)
    bound = await world.run(bind_vehicle, actor=OWNER, plate=PLATE)
    await world.run(show_running_stays, facts=await world.facts(VehicleBound))

    now = await world.run(bill_running_stay, actor=OWNER, stay_id=stay.id)

    assert (before.owner_id, now.owner_id) == (None, bound.owner_id)


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


async def test_another_driver_parks_on_nobody_elses_coupon(world: World) -> None:
    [bill] = await billed(world, 400)
    await couponed(world, bill, 200)

    await priced(world, "stay1", 400, owner_id="motorist-9")

    [held] = await rows(world, Coupon)
    assert (held.state.value, held.bill_id) == ("granted", None)
    fresh = await bill_of(world, "stay1")
    assert (fresh.owner_id, fresh.discounts, fresh.open) == ("motorist-9", (), 400)
