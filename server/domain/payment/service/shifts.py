"""Use cases of cash: an officer's shift, and what is taken in it."""

from collections.abc import Mapping, Sequence

from server.domain.payment.model import CashShift, IntentState, Method, Payment
from server.domain.payment.service import begin_payment, own_receipt, take_payment
from server.kernel.errors import NotFound, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import Work


async def pay_by_cash(
    work: Work,
    *,
    bill_ids: Sequence[str],
    request_key: str,
    pursued: Mapping[str, int] | None = None,
) -> Payment:
    """Take cash for bills, whole, into the actor's open shift; see `begin_payment`."""
    shifts = work.table(CashShift)
    shift = await shifts.one({"patroller_id": work.actor.id, "open": True})
    if shift is None:
        raise Refused("no_open_shift", "请先开班再收现金")
    intent = await begin_payment(
        work,
        bill_ids=bill_ids,
        provider=Method.CASH,
        scene="cash",
        request_key=request_key,
        pursued=pursued,
    )
    receipt = replace(own_receipt(work, intent), shift_id=shift.id)
    payment = await take_payment(work, receipt=receipt)
    if intent.state is IntentState.CREATED:
        # What the bill turned out not to take any more is nobody's: it goes back.
        shifts.save(shift.take(payment.amount, for_others=payment.for_others))
    return payment


async def open_shift(work: Work) -> CashShift:
    """Begin to take cash."""
    return work.table(CashShift).add(
        CashShift(
            id=work.new_id(),
            patroller_id=work.actor.id,
            organization_id=work.actor.organization_id,
            opened_at=work.now,
        )
    )


async def close_shift(work: Work, *, counted: Fen, reason: str) -> CashShift:
    """Count the bag and end the actor's shift."""
    rows = work.table(CashShift)
    shift = await rows.one({"patroller_id": work.actor.id, "open": True})
    if shift is None:
        raise NotFound("no_open_shift", "没有未结班次")
    return rows.save(shift.close(at=work.now, counted=counted, reason=reason))
