"""What differs between a provider's lines and our books. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.domain.payment import Payment
from server.domain.reconciliation.model import BillLine, DiscrepancyKind
from server.domain.refund import Refund, RefundState
from server.kernel.money import Fen


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
