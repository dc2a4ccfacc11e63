"""The money of a stay as entries of its evidence: bills, what was taken off, paid, and given back."""

from collections.abc import Iterable

from handlers.shows import show_bill
from server.domain.billing import Bill
from server.domain.payment import Method, Payment
from server.domain.refund import Refund
from server.domain.refund.queries import StayMoney
from server.domain.stay.queries.timeline import Entry, EntryKind


def money_entries(money: StayMoney, *, stay_id: str) -> Iterable[Entry]:
    """Tell what happened with the money of a stay."""
    for bill in money.bills:
        yield Entry(at=bill.issued_at, kind=EntryKind.BILL, id=bill.id, said=show_bill(bill))
        yield from _discounts(bill)
    for payment in money.payments:
        yield _payment(payment, stay_id)
    for refund in money.refunds:
        yield from _refund(refund)


def _discounts(bill: Bill) -> Iterable[Entry]:
    for number, one in enumerate(bill.discounts, 1):
        yield Entry(
            at=one.at,
            kind=EntryKind.DISCOUNT,
            id=f"{bill.id}:{number}",
            said={
                "kind": one.kind.value,
                "amount": one.amount,
                "reason": one.reason,
                "bill_id": bill.id,
            },
        )


def _payment(payment: Payment, stay_id: str) -> Entry:
    said = {
        "provider": payment.provider.value,
        "transaction_id": payment.transaction_id,
        "amount": sum(part.amount for part in payment.applied if part.stay_id == stay_id),
    }
    # Who paid is the payer's own affair; who took cash is not.
    taken_by = payment.payer_id if payment.provider is Method.CASH else None
    return Entry(
        at=payment.paid_at, kind=EntryKind.PAYMENT, id=payment.id, actor_id=taken_by, said=said
    )


def _refund(refund: Refund) -> Iterable[Entry]:
    said = {
        "amount": refund.amount,
        "reason": refund.reason,
        "target": refund.target.value,
        "payment_id": refund.payment_id,
    }
    yield Entry(
        at=refund.requested_at,
        kind=EntryKind.REFUND,
        id=refund.id,
        actor_id=refund.requested_by,
        said={**said, "state": "requested"},
    )
    if refund.done_at is not None:
        yield Entry(
            at=refund.done_at,
            kind=EntryKind.REFUND,
            id=f"{refund.id}:done",
            actor_id=refund.approved_by,
            said={**said, "state": refund.state.value},
        )
