"""What differs between a provider's lines and our books. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from server.domain.billing import Bill, BillState
from server.domain.ledger import Entry, EntryKind, Fault
from server.domain.payment import Payment, Purpose
from server.domain.reconciliation.model import BillLine, DiscrepancyKind
from server.domain.refund import Refund, RefundState, Target
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


@dataclass(frozen=True, slots=True)
class Terms:
    """How a day is compared: what a provider takes, in ten-thousandths where it is agreed; until when
    what is missing there may stand on the next bill."""

    fee_bp: int | None = None
    cut_from: datetime | None = None

    def missing(self, at: datetime | None) -> DiscrepancyKind:
        """Name what is missing there, by when it was."""
        late = self.cut_from is not None and at is not None and at >= self.cut_from
        return DiscrepancyKind.DAY_CUT if late else DiscrepancyKind.MISSING_THERE

    def fee_of(self, amount: Fen) -> Fen | None:
        """Tell what fee is expected of an amount, rounded to the fen."""
        if self.fee_bp is None:
            return None
        return (amount * self.fee_bp + 5_000) // 10_000

    def fee_differs(self, line: BillLine) -> bool:
        """Say whether a fee is another than was agreed; each provider rounds in its own way."""
        expected = self.fee_of(line.amount)
        return expected is not None and abs(line.fee - expected) > 1


def compare_payments(
    lines: Iterable[BillLine],
    ours: Mapping[str, Payment],
    unlisted: Iterable[Payment],
    terms: Terms,
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
        elif terms.fee_differs(line):
            fee = terms.fee_of(line.amount) or 0
            number = line.trade_no
            found.append(Difference(DiscrepancyKind.FEE, number, False, fee, line.fee, number))
            continue
        else:
            continue
        found.append(Difference(kind, line.trade_no, False, here, line.amount, line.trade_no))
    for payment in unlisted:
        kind = terms.missing(payment.paid_at)
        number = payment.intent_id
        found.append(Difference(kind, number, False, payment.amount, 0, number))
    return found


def compare_refunds(
    lines: Iterable[BillLine],
    ours: Mapping[str, Refund],
    unlisted: Iterable[Refund],
    terms: Terms,
) -> list[Difference]:
    """Compare a day's refunds. A line's state is as it was when the bill was written.

    What the provider has given back after we gave it back by another way has gone twice.
    """
    found = []
    for line in lines:
        refund = ours.get(line.refund_no)
        if refund is None:
            kind, here = DiscrepancyKind.MISSING_HERE, 0
        elif refund.amount != line.amount:
            kind, here = DiscrepancyKind.AMOUNT, refund.amount
        elif line.state == "SUCCESS" and not _gone_there(refund):
            kind, here = DiscrepancyKind.STATUS, 0
        else:
            continue
        found.append(Difference(kind, line.refund_no, True, here, line.amount, line.trade_no))
    for refund in unlisted:
        kind = terms.missing(refund.done_at)
        found.append(Difference(kind, refund.id, True, refund.amount, 0, refund.intent_id))
    return found


def _gone_there(refund: Refund) -> bool:
    return refund.state is RefundState.SUCCEEDED and refund.target is Target.ORIGIN


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
    bill: Bill, bills: Iterable[Bill], payments: Iterable[Payment], refunds: Iterable[Refund]
) -> list[Fault]:
    """List where a bill, with those of its stay that were another car's, does not say what was paid."""
    says = sum(
        one.paid + one.surplus for one in bills if one.standing or one.state is BillState.DISOWNED
    )
    paid = sum(p.amount for one in payments for p in one.applied if p.stay_id == bill.stay_id)
    back = sum(one.amount for one in refunds if one.state is RefundState.SUCCEEDED)
    if says != paid - back:
        said = f"says {says} was paid, the payments {paid - back}"
        return [Fault(bill.id, said)]
    return []
