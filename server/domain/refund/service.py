"""Use cases of refunds."""

from collections.abc import Mapping
from typing import Any

from server.domain.billing import Bill, BillState, bills_of_car, unpay_stay
from server.domain.identity import Account, AccountKind
from server.domain.ledger import EntryKind, post
from server.domain.payment import Payment, Purpose, tell_wallet
from server.domain.refund.events import RefundFailed, RefundOpened, RefundSucceeded
from server.domain.refund.model import Refund, RefundState, Target
from server.domain.refund.rules import (
    DECLINES_MOST,
    RefundAnswer,
    check_answer,
    later,
    postings_of,
    target_of,
)
from server.kernel.access import Audience
from server.kernel.errors import Forbidden, NotFound, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import Work

UNDONE = (RefundState.REQUESTED, RefundState.APPROVED, RefundState.PROCESSING, RefundState.ABNORMAL)


async def open_refund(
    work: Work,
    *,
    payment_id: str,
    amount: Fen,
    reason: str,
    request_key: str,
    stay_id: str = "",
    of_surplus: bool = False,
) -> Refund:
    """Set part of a payment aside to be given back, and open its refund.

    What the platform owes by itself goes at once; what a person wants another has to approve. The
    same key again is the same refund. Refuses with `refund_exceeds_payment`.
    """
    rows, payments = work.table(Refund), work.table(Payment)
    if known := await rows.one({"request_key": request_key}):
        return known
    payment = await _visible(work, payment_id)
    if payment.purpose is Purpose.TOP_UP:
        raise Refused("top_up_not_refundable", "充值不支持在此退款", payment_id=payment.id)
    part = payment.part(stay_id)
    by_itself = work.actor.audience is Audience.SYSTEM
    if not by_itself and part.organization_id not in ("", work.actor.organization_id):
        raise NotFound("payment_not_found", "没有找到这条记录", id=payment_id)
    reserved = payments.save(payment.reserve(amount, stay_id=stay_id))
    refund = rows.add(
        Refund(
            id=work.new_id(),
            payment_id=payment.id,
            intent_id=payment.intent_id,
            provider=payment.provider,
            target=target_of(payment),
            payer_id=payment.payer_id,
            organization_id=part.organization_id,
            pursued_by=part.pursued_by,
            commission=reserved.part(stay_id).returning - part.returning,
            stay_id=stay_id,
            of_surplus=of_surplus,
            amount=amount,
            paid=payment.amount,
            reason=reason,
            requested_by=work.actor.id,
            state=RefundState.APPROVED if by_itself else RefundState.REQUESTED,
            requested_at=work.now,
            ask_at=work.now if by_itself else None,
            request_key=request_key,
        )
    )
    work.tell(RefundOpened(at=work.now, **_about(refund)))
    return await _finish_here(work, refund)


async def approve_refund(work: Work, *, refund_id: str) -> Refund:
    """Let a refund go that another person has asked for."""
    rows = work.table(Refund)
    refund = await _refund_in_sight(work, refund_id)
    if refund.requested_by == work.actor.id:
        raise Forbidden("second_person_needed", "须由另一人复核", refund_id=refund.id)
    approved = replace(refund.to(RefundState.APPROVED), approved_by=work.actor.id, ask_at=work.now)
    return await _finish_here(work, rows.save(approved))


async def hear_refund(work: Work, *, answer: RefundAnswer) -> Refund:
    """Take what a provider says of a refund; said again, it changes nothing."""
    rows = work.table(Refund)
    refund = await rows.get(answer.refund_id)
    check_answer(refund, answer)
    if refund.state is answer.state or refund.state in (RefundState.SUCCEEDED, RefundState.CLOSED):
        return refund
    if answer.state is RefundState.SUCCEEDED:
        return await _succeed(work, refund)
    if answer.state is RefundState.PROCESSING and refund.state is RefundState.ABNORMAL:
        return refund  # it was said before, and came late
    moved = refund.to(answer.state)
    if answer.state is RefundState.PROCESSING:
        return rows.save(replace(moved, ask_at=later(work.now, 0)))
    if answer.state is RefundState.CLOSED:
        await _release(work, refund)
    work.tell(RefundFailed(at=work.now, state=answer.state.value, **_about(refund)))
    return rows.save(replace(moved, ask_at=None))


async def ask_later(work: Work, *, refund_id: str) -> Refund:
    """Nobody knows what became of it: ask again later, under the same number."""
    rows = work.table(Refund)
    refund = await rows.get(refund_id)
    if refund.ask_at is None:
        return refund
    asked = replace(refund, asks=refund.asks + 1, ask_at=later(work.now, refund.asks))
    return rows.save(asked)


async def note_declined(work: Work, *, refund_id: str, failure: str) -> Refund:
    """Note that the provider does not do it: ask again some times, then a person has to decide."""
    rows = work.table(Refund)
    refund = await rows.get(refund_id)
    if refund.ask_at is None:
        return refund
    declined = replace(refund, declines=refund.declines + 1, failure=failure)
    if declined.declines < DECLINES_MOST:
        rows.save(declined)
        return await ask_later(work, refund_id=refund_id)
    work.tell(RefundFailed(at=work.now, state=RefundState.ABNORMAL.value, **_about(refund)))
    return rows.save(replace(declined.to(RefundState.ABNORMAL), ask_at=None))


async def retry_refund(work: Work, *, refund_id: str) -> Refund:
    """Ask the provider once more for what it could not give back, under the same number."""
    refund = await _refund_in_sight(work, refund_id)
    if refund.state is not RefundState.ABNORMAL or refund.target is not Target.ORIGIN:
        raise Refused("refund_state", "只有异常退款可重新发起", state=refund.state.value)
    # It was asked for before: whoever asks looks first whether it was done after all.
    again = replace(refund.to(RefundState.APPROVED), ask_at=work.now, asks=1)
    return work.table(Refund).save(replace(again, declines=0, failure=""))


async def redirect_refund(work: Work, *, refund_id: str) -> Refund:
    """Give into the payer's wallet what could not go back where it came from.

    Who paid must be a motorist: whoever scanned an officer's code is not known, and the officer is not
    owed it.
    """
    refund = await _refund_in_sight(work, refund_id)
    if refund.state is not RefundState.ABNORMAL:
        raise Refused("refund_state", "只有异常退款可改退至钱包", state=refund.state.value)
    payer = await work.table(Account).maybe(refund.payer_id)
    if payer is None or payer.kind is not AccountKind.MOTORIST:
        raise Refused("payer_unknown", "付款人未知，不能退至钱包", refund_id=refund.id)
    turned = work.table(Refund).save(replace(refund, target=Target.WALLET))
    return await _succeed(work, turned)


async def pay_out_refund(work: Work, *, refund_id: str) -> Refund:
    """Note that a refund was paid out by hand: of cash, or of what could go back no other way."""
    refund = await _refund_in_sight(work, refund_id)
    of_cash = refund.target is Target.HAND and refund.state is RefundState.APPROVED
    if not of_cash and refund.state is not RefundState.ABNORMAL:
        raise Refused("refund_state", "退款单状态不允许此操作", state=refund.state.value)
    paid_out = work.table(Refund).save(replace(refund, target=Target.HAND))
    return await _succeed(work, paid_out)


async def refund_surplus(work: Work, *, bill_id: str) -> None:
    """Give back what was paid beyond what a bill says now, the latest payment first.

    Of a bill that turned out to be another car's that is all; nobody else's payment is touched.
    """
    bill = await work.table(Bill).get(bill_id)
    disowned = bill.state is BillState.DISOWNED
    own = {one.id for one in await bills_of_car(work, bill)}
    found = await work.table(Payment).find({"applied.stay_id": bill.stay_id}, sort="-paid_at")
    payments = [one for one in found if one.part(bill.stay_id).bill_id in own]
    under_way = await work.table(Refund).find(
        {
            "stay_id": bill.stay_id,
            "payment_id": [one.id for one in payments],
            "state": list(UNDONE),
        }
    )
    owed = bill.surplus - sum(refund.amount for refund in under_way)
    for payment in payments:
        for part in payment.applied:
            amount = min(owed, part.amount - part.refunding)
            if part.stay_id == bill.stay_id and amount > 0:
                await open_refund(
                    work,
                    payment_id=payment.id,
                    amount=amount,
                    reason="车牌更正，原付款退回" if disowned else "停车费更正，退还多付部分",
                    request_key=f"{'disowned' if disowned else 'surplus'}:{bill.id}:{payment.id}",
                    stay_id=bill.stay_id,
                    of_surplus=True,
                )
                owed -= amount


async def _finish_here(work: Work, refund: Refund) -> Refund:
    """Finish at once what needs no provider: back into a wallet. What goes by hand waits."""
    if refund.state is not RefundState.APPROVED or refund.target is Target.ORIGIN:
        return refund
    if refund.target is Target.WALLET:
        return await _succeed(work, refund)
    return work.table(Refund).save(replace(refund, ask_at=None))


async def _succeed(work: Work, refund: Refund) -> Refund:
    """Say in ledger, payment and bill that it has gone back."""
    payments = work.table(Payment)
    payment = await payments.get(refund.payment_id)
    await post(
        work,
        kind=EntryKind.REFUND,
        reference=refund.id,
        postings=postings_of(refund, payment),
    )
    payments.save(replace(payment, refunded=payment.refunded + refund.amount))
    if refund.stay_id:
        await unpay_stay(
            work,
            bill_id=payment.part(refund.stay_id).bill_id,
            amount=refund.amount,
            reference=refund.id,
            reason=refund.reason,
            owed_again=refund.of_surplus,
        )
    if refund.target is Target.WALLET:
        await tell_wallet(work, refund.payer_id)
    done = replace(refund.to(RefundState.SUCCEEDED), ask_at=None, done_at=work.now)
    work.tell(RefundSucceeded(at=work.now, target=refund.target.value, **_about(refund)))
    return work.table(Refund).save(done)


async def _release(work: Work, refund: Refund) -> None:
    payments = work.table(Payment)
    payment = await payments.get(refund.payment_id)
    payments.save(
        payment.release(refund.amount, stay_id=refund.stay_id, commission=refund.commission)
    )


async def _visible(work: Work, payment_id: str) -> Payment:
    payment = await work.table(Payment).get(payment_id)
    everything = work.actor.audience is Audience.SYSTEM
    if not everything and work.actor.organization_id not in payment.organization_ids:
        raise NotFound("payment_not_found", "没有找到这条记录", id=payment_id)
    return payment


async def _refund_in_sight(work: Work, refund_id: str) -> Refund:
    refund = await work.table(Refund).get(refund_id)
    if refund.organization_id not in ("", work.actor.organization_id):
        raise NotFound("refund_not_found", "没有找到这条记录", id=refund_id)
    return refund


def _about(refund: Refund) -> Mapping[str, Any]:
    return {
        "refund_id": refund.id,
        "payment_id": refund.payment_id,
        "payer_id": refund.payer_id,
        "amount": refund.amount,
    }
