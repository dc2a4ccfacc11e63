"""What differs between a provider's lines and our books. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.domain.billing import Bill
from server.domain.ledger import Entry, EntryKind, Fault
from server.domain.payment import Payment, Purpose
from server.domain.reconciliation.model import BillLine, DiscrepancyKind
from server.domain.refund import Refund, RefundState
from server.kernel.money import Fen

CAUSED = (EntryKind.PAYMENT, EntryKind.TOP_UP, EntryKind.REFUND)
"""Entries of which a payment or a refund has one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: its number is a trade's, or a refund's."""

    kind: DiscrepancyKind
    number: str
    refund: bool
    here: Fen
    there: Fen
    trade_no: str = ""


def compare_payments(
    lines: Iterable[BillLine], ours: Mapping[str, Payment], unlisted: Iterable[Payment]
) -> list[Difference]:
    """Compare a day's payments; `ours` are by trade number, `unlisted` stand on no line."""
    found = []
    for line in lines:
        payment = ours.get(line.trade_no)
        if payment is None:
            kind, here = DiscrepancyKind.MISSING_HERE, 0
        elif payment.amount != line.amount:
            kind, here = DiscrepancyKind.AMOUNT, payment.amount
        elif payment.transaction_id != line.transaction_id:
            kind, here = DiscrepancyKind.STATUS, payment.amount
        else:
            continue
        found.append(Difference(kind, line.trade_no, False, here, line.amount, line.trade_no))
    for payment in unlisted:
        kind = DiscrepancyKind.MISSING_THERE
        number = payment.intent_id
        found.append(Difference(kind, number, False, payment.amount, 0, number))
    return found


def compare_refunds(
    lines: Iterable[BillLine], ours: Mapping[str, Refund], unlisted: Iterable[Refund]
) -> list[Difference]:
    """Compare a day's refunds. A line's state is as it was when the bill was written."""
    found = []
    for line in lines:
        refund = ours.get(line.refund_no)
        if refund is None:
            kind, here = DiscrepancyKind.MISSING_HERE, 0
        elif refund.amount != line.amount:
            kind, here = DiscrepancyKind.AMOUNT, refund.amount
        elif line.state == "SUCCESS" and refund.state is not RefundState.SUCCEEDED:
            kind, here = DiscrepancyKind.STATUS, refund.amount
        else:
            continue
        found.append(Difference(kind, line.refund_no, True, here, line.amount, line.trade_no))
    for refund in unlisted:
        kind = DiscrepancyKind.MISSING_THERE
        found.append(Difference(kind, refund.id, True, refund.amount, 0, refund.intent_id))
    return found


def faults_of_payment(
    payment: Payment, refunds: Iterable[Refund], entries: Iterable[Entry]
) -> list[Fault]:
    """List where a payment does not fit its entries, its refunds or its own parts."""
    faults = []
    done = [one for one in refunds if one.state is RefundState.SUCCEEDED]
    posted = sorted(one.reference for one in entries if one.kind in CAUSED)
    if posted != sorted([payment.id, *(one.id for one in done)]):
        faults.append(Fault(payment.id, "and its refunds have not one entry each"))
    back = sum(one.amount for one in done)
    if payment.refunded != back:
        faults.append(Fault(payment.id, f"says {payment.refunded} went back, its refunds {back}"))
    if back > payment.amount:
        faults.append(Fault(payment.id, "was given back beyond what it was"))
    split = sum(part.amount for part in payment.applied)
    if payment.purpose is Purpose.BILLS and split != payment.amount:
        faults.append(Fault(payment.id, f"is {payment.amount}, its parts {split}"))
    return faults


def faults_of_bill(
    bill: Bill, payments: Iterable[Payment], refunds: Iterable[Refund]
) -> list[Fault]:
    """List where a standing bill does not say what was paid for its stay."""
    if not bill.standing:
        return []
    paid = sum(p.amount for one in payments for p in one.applied if p.stay_id == bill.stay_id)
    back = sum(one.amount for one in refunds if one.state is RefundState.SUCCEEDED)
    if bill.paid + bill.surplus != paid - back:
        said = f"says {bill.paid + bill.surplus} was paid, the payments {paid - back}"
        return [Fault(bill.id, said)]
    return []
