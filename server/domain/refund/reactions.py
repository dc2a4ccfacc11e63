"""What others' facts mean for refunds: money that is not ours is given back."""

from collections.abc import Sequence

from server.domain.billing import BillOverpaid
from server.domain.payment import PaymentUnapplied
from server.domain.refund.service import open_refund, refund_surplus
from server.kernel.events import reacts_to
from server.kernel.work import Work


@reacts_to(PaymentUnapplied)
async def give_back_unapplied(work: Work, facts: Sequence[PaymentUnapplied]) -> None:
    """Give back what found nothing to pay; of a payment once."""
    for fact in facts:
        await open_refund(
            work,
            payment_id=fact.payment_id,
            amount=fact.amount,
            reason="账单已结清，原路退回",
            request_key=f"unapplied:{fact.payment_id}",
        )


@reacts_to(BillOverpaid)
async def give_back_surplus(work: Work, facts: Sequence[BillOverpaid]) -> None:
    """Give back what was paid beyond what is owed now."""
    for fact in facts:
        await refund_surplus(work, bill_id=fact.bill_id)
