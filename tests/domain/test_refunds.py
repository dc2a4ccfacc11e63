"""Refunds: asked for by one, approved by another, never more than was paid, whatever the provider says."""

import asyncio
from datetime import timedelta

import pytest

from server.domain.billing import (
    BillState,
)
from server.domain.identity import Account, AccountKind
from server.domain.ledger.queries import balances
from server.domain.payment import (
    Method,
    Payment,
    begin_payment,
    open_shift,
    pay_by_cash,
)
from server.domain.refund import (
    Refund,
    RefundAnswer,
    RefundFailed,
    RefundState,
    approve_refund,
    hear_refund,
    note_declined,
    open_refund,
    pay_out_refund,
    redirect_refund,
    retry_refund,
)
from server.kernel.errors import Forbidden, Refused
from server.kernel.work import Work
from tests.domain.money import (
    CHIEF,
    CLERK,
    OWNER,
    PATROL,
    bill_of,
    billed,
    paid,
    rows,
    sound,
    wish,
)
from tests.world import World


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


async def known(world: World, account_id: str, kind: AccountKind) -> None:
    """Let somebody have an account."""

    async def enrol(work: Work) -> None:
        work.table(Account).add(Account(id=account_id, kind=kind, name="某人"))

    await world.run(enrol)


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
    await known(world, OWNER.id, AccountKind.MOTORIST)

    await world.run(redirect_refund, actor=CHIEF, refund_id=refund.id)

    assert await world.run(balances, prefix="wallet:") == {"wallet:motorist-1": -400}
    await sound(world)


async def declined(world: World, refund: Refund) -> Refund:
    """Let the provider decline a refund until nobody is asked any more."""
    while refund.ask_at is not None:
        world.now = refund.ask_at
        named = {"refund_id": refund.id, "failure": "NOT_ENOUGH"}
        refund = await world.run(note_declined, **named)
    return refund


async def test_a_refund_that_is_declined_time_and_again_waits_for_a_person(world: World) -> None:
    payment, began = await paid_bill(world), world.now
    refund = await ask_back(world, payment, 400)
    refund = await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)

    left = await declined(world, refund)

    assert (left.state, left.declines, left.failure) == (RefundState.ABNORMAL, 6, "NOT_ENOUGH")
    assert timedelta(minutes=30) < world.now - began < timedelta(hours=2)
    [told] = await world.facts(RefundFailed)
    assert (told.refund_id, told.state) == (refund.id, "abnormal")
    again = await world.run(retry_refund, actor=CHIEF, refund_id=refund.id)
    assert (again.state, again.ask_at, again.declines) == (RefundState.APPROVED, world.now, 0)
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED, 400))
    with pytest.raises(Refused):
        await world.run(retry_refund, actor=CHIEF, refund_id=refund.id)
    assert sum((await world.run(balances, prefix="provider:")).values()) == 0
    await sound(world)


async def test_what_went_back_no_other_way_is_paid_out_by_hand_once(world: World) -> None:
    payment = await paid_bill(world)
    refund = await ask_back(world, payment, 400)
    refund = await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)
    await declined(world, refund)

    await world.run(pay_out_refund, actor=CHIEF, refund_id=refund.id)

    for use_case in (pay_out_refund, redirect_refund, retry_refund):
        with pytest.raises(Refused):
            await world.run(use_case, actor=CHIEF, refund_id=refund.id)
    # A word of the provider that comes late moves nothing; the day's comparing names it.
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED, 400))
    assert await world.run(balances, prefix="cash:") == {"cash:office": -400}
    assert await world.run(balances, prefix="provider:") == {"provider:wechat": 400}
    await sound(world)


async def test_no_officer_gets_into_his_wallet_what_a_driver_paid_by_his_code(
    world: World,
) -> None:
    [bill] = await billed(world, 400)
    wished = {"provider": Method.WECHAT, "scene": "native", "bill_ids": [bill.id]}
    await known(world, PATROL.id, AccountKind.STAFF)
    payment = await paid(world, await world.run(begin_payment, actor=PATROL, **wished))
    refund = await ask_back(world, payment, 400)
    await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.ABNORMAL))

    with pytest.raises(Refused, match="payer_unknown"):
        await world.run(redirect_refund, actor=CHIEF, refund_id=refund.id)

    assert await world.run(balances, prefix="wallet:") == {}


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
