"""A bill that was paid, for a car that was not there: the money goes back, and the other's bill is his own."""

from datetime import timedelta

import pytest

from server.domain.billing import (
    Bill,
    BillState,
    Coupon,
    CouponState,
    bill_running_stay,
    waive_bill,
    write_off_bill,
)
from server.domain.billing.reactions import bill_priced_stays
from server.domain.ledger.queries import balances, check_ledger
from server.domain.payment import IntentState, open_shift, pay_by_cash
from server.domain.payment.reactions import stop_overtaken
from server.domain.reconciliation.queries.books import bills_astray, check_bill
from server.domain.refund import (
    RefundAnswer,
    RefundState,
    Target,
    approve_refund,
    hear_refund,
    open_refund,
)
from server.domain.stay import StayIdentified, identify_berth
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience
from server.kernel.errors import Refused
from tests.domain.money import (
    CHIEF,
    CLERK,
    OWNER,
    PATROL,
    PLATE,
    bill_of,
    billed,
    couponed,
    paid,
    priced,
    react,
    refunds,
    rows,
    wish,
)
from tests.world import NOON, World

OTHER = Plate("粤B54321", PlateColor.BLUE)
OTHER_OWNER = Actor("motorist-9", Audience.MOTORIST)


async def corrected(
    world: World, amount: int = 400, *, owner_id: str | None = "motorist-9"
) -> None:
    """Let it turn out that the other car stood there."""
    await priced(world, "stay1", amount, plate=OTHER, owner_id=owner_id)


async def given_back(world: World) -> list[tuple[str, int]]:
    """Let all refunds that wait for a provider succeed; gives to whom how much went."""
    await react(world)
    for refund in await refunds(world):
        if refund.target is Target.ORIGIN and refund.state is not RefundState.SUCCEEDED:
            await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED))
    return [(one.payer_id, one.amount) for one in await refunds(world)]


async def books(world: World) -> dict[str, int]:
    """Give what each account holds; the ledger is whole, and bills say what was paid for their stay."""
    assert await world.run(bills_astray) == []
    assert await world.run(check_ledger) == []
    for bill in await rows(world, Bill):
        assert await world.run(check_bill, bill_id=bill.id) == []
    held = await world.run(balances)
    assert sum(held.values()) == 0
    return {name: amount for name, amount in held.items() if amount}


async def test_what_was_paid_for_another_car_goes_back_to_who_paid_it(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))

    await corrected(world)

    theirs = await bill_of(world, "stay1")
    assert (theirs.plate, theirs.owner_id) == (OTHER, OTHER_OWNER.id)
    assert (theirs.paid, theirs.surplus, theirs.open) == (0, 0, 400)
    assert await given_back(world) == [(OWNER.id, 400)]
    assert await given_back(world) == [(OWNER.id, 400)]
    assert await books(world) == {}
    [disowned] = [one for one in await rows(world, Bill) if one.id == bill.id]
    assert (disowned.state, disowned.paid, disowned.surplus) == (BillState.DISOWNED, 0, 0)


async def test_what_the_other_pays_is_never_what_goes_back(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))
    await corrected(world)
    intent = await world.run(
        _begin_as_other, actor=OTHER_OWNER, bill_id=(await bill_of(world, "stay1")).id
    )
    world.now += timedelta(minutes=1)
    await paid(world, intent, "4200002")

    assert await given_back(world) == [(OWNER.id, 400)]

    settled = await bill_of(world, "stay1")
    assert (settled.state, settled.paid, settled.surplus) == (BillState.PAID, 400, 0)
    assert await books(world) == {"collected:city": -400, "provider:wechat": 400}


async def test_a_bill_that_is_priced_anew_afterwards_carries_nothing_of_the_others(
    world: World,
) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))
    await corrected(world)

    await corrected(world, 700)

    dearer = await bill_of(world, "stay1")
    assert (dearer.paid, dearer.surplus, dearer.open) == (0, 0, 700)
    assert await given_back(world) == [(OWNER.id, 400)]
    await books(world)


async def test_a_surplus_and_what_stood_on_the_bill_both_go_back(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))
    await priced(world, "stay1", 250)
    await react(world)

    await corrected(world)

    assert sorted(await given_back(world)) == [(OWNER.id, 150), (OWNER.id, 250)]
    assert await books(world) == {}


async def test_a_surplus_of_the_same_bill_does_not_keep_the_rest_back(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))
    await priced(world, "stay1", 250)
    assert await given_back(world) == [(OWNER.id, 150)]

    await corrected(world)

    assert await given_back(world) == [(OWNER.id, 150), (OWNER.id, 250)]
    assert await books(world) == {}


async def test_a_refund_that_a_clerk_asked_for_before_is_part_of_what_goes_back(
    world: World,
) -> None:
    [bill] = await billed(world, 400)
    payment = await paid(world, await wish(world, bill))
    asked = await world.run(
        open_refund,
        actor=CLERK,
        payment_id=payment.id,
        amount=100,
        reason="误收",
        request_key="k1",
        stay_id="stay1",
    )

    await corrected(world)
    await react(world)
    await world.run(approve_refund, actor=CHIEF, refund_id=asked.id)

    assert sorted(await given_back(world)) == [(OWNER.id, 100), (OWNER.id, 300)]
    theirs = await bill_of(world, "stay1")
    assert (theirs.open, theirs.waived) == (400, 0)
    assert await books(world) == {}


async def test_two_cars_of_one_motorist_are_one_purse(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))

    await corrected(world, owner_id=OWNER.id)

    own = await bill_of(world, "stay1")
    assert (own.plate, own.state, own.paid) == (OTHER, BillState.PAID, 400)
    assert await given_back(world) == []
    await books(world)


async def test_a_car_that_nobody_has_bound_owes_its_own_stay(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))

    await corrected(world, owner_id=None)

    theirs = await bill_of(world, "stay1")
    assert (theirs.owner_id, theirs.open) == (None, 400)
    assert await given_back(world) == [(OWNER.id, 400)]


async def test_cash_goes_back_by_hand(world: World) -> None:
    [bill] = await billed(world, 400)
    await world.run(open_shift, actor=PATROL)
    await world.run(pay_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="k1")

    await corrected(world)
    await react(world)

    [refund] = await refunds(world)
    assert (refund.target, refund.state) == (Target.HAND, RefundState.APPROVED)
    assert (await bill_of(world, "stay1")).open == 400
    await books(world)


async def test_corrected_back_and_forth_nobody_pays_for_another(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))
    await corrected(world)
    await priced(world, "stay1", 400, plate=PLATE, owner_id=OWNER.id)

    again = await bill_of(world, "stay1")

    assert (again.plate, again.open) == (PLATE, 400)
    assert await given_back(world) == [(OWNER.id, 400)]
    await books(world)


async def test_who_pays_when_it_has_turned_out_already_gets_it_back(world: World) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await corrected(world)

    await paid(world, intent)

    assert (await bill_of(world, "stay1")).open == 400
    assert await given_back(world) == [(OWNER.id, 400)]
    await books(world)


async def test_who_is_about_to_pay_for_another_is_stopped(world: World) -> None:
    from server.domain.billing import BillIssued
    from server.domain.payment import Intent

    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    await corrected(world)

    await world.run(stop_overtaken, facts=await world.facts(BillIssued))

    [ended] = await rows(world, Intent)
    assert (ended.id, ended.state) == (intent.id, IntentState.CLOSED)


async def test_nothing_that_was_taken_off_one_car_is_taken_off_the_other(world: World) -> None:
    [bill] = await billed(world, 400)
    await couponed(world, bill, 100)
    await world.run(waive_bill, actor=CLERK, bill_id=bill.id, amount=50, reason="老客户")

    await corrected(world, owner_id=None)

    [held] = await rows(world, Coupon)
    assert held.state is CouponState.GRANTED
    assert (await bill_of(world, "stay1")).open == 400


async def test_a_debt_that_was_given_up_is_the_others_to_pay(world: World) -> None:
    [bill] = await billed(world, 400)
    await world.run(write_off_bill, actor=CLERK, bill_id=bill.id, reason="追缴无果", reference="w")

    await corrected(world)

    assert (await bill_of(world, "stay1")).open == 400
    assert await books(world) == {}


async def test_a_held_stay_of_another_car_is_billed_when_it_is_released(world: World) -> None:
    [bill] = await billed(world, 400)
    await paid(world, await wish(world, bill))

    await priced(world, "stay1", 400, plate=OTHER, owner_id=None, holds=("clone",))
    standing = [one for one in await rows(world, Bill) if one.standing]
    await priced(world, "stay1", 400, holds=())

    assert standing == []
    assert (await bill_of(world, "stay1")).open == 400
    assert await given_back(world) == [(OWNER.id, 400)]
    await books(world)


async def test_what_was_paid_ahead_for_another_car_goes_back_while_the_car_stands(
    world: World,
) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    bill = await world.run(bill_running_stay, stay_id=stay.id)
    await paid(world, await world.run(_begin_as_other, actor=CLERK, bill_id=bill.id))

    await world.run(identify_berth, berth_id="b1", plate=OTHER)
    await world.run(bill_priced_stays, facts=await world.facts(StayIdentified))

    assert [one.state for one in await rows(world, Bill)] == [BillState.DISOWNED]
    assert await given_back(world) == [(CLERK.id, 400)]
    fresh = await world.run(bill_running_stay, stay_id=stay.id)
    assert (fresh.plate, fresh.open) == (OTHER, 400)
    await books(world)


async def test_a_disowned_bill_can_be_neither_paid_nor_reduced(world: World) -> None:
    [bill] = await billed(world, 400)
    await corrected(world)

    with pytest.raises(Refused) as unpaid:
        await wish(world, bill)
    with pytest.raises(Refused) as unwaived:
        await world.run(waive_bill, actor=CLERK, bill_id=bill.id, amount=1, reason="减免")

    assert (unpaid.value.code, unwaived.value.code) == ("bill_not_payable",) * 2


async def _begin_as_other(work, *, bill_id: str):  # type: ignore[no-untyped-def]
    from server.domain.payment import Method, begin_payment

    return await begin_payment(work, bill_ids=[bill_id], provider=Method.WECHAT, scene="native")
