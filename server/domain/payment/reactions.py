"""What others' facts mean for payments: who would pay too much is stopped."""

from collections.abc import Sequence

from server.domain.billing import BillDiscounted, BillIssued, BillPaid, BillWithdrawn
from server.domain.payment.service.intents import end_overtaken
from server.kernel.events import reacts_to
from server.kernel.work import Work


@reacts_to(BillIssued, BillWithdrawn, BillDiscounted, BillPaid)
async def stop_overtaken(
    work: Work, facts: Sequence[BillIssued | BillWithdrawn | BillDiscounted | BillPaid]
) -> None:
    """End intents that were begun before less was owed, by whatever it became less."""
    # Nobody can have begun to pay the first bill of a stay before it was issued.
    later = (one for one in facts if not isinstance(one, BillIssued) or one.bill.revision > 1)
    if stay_ids := sorted({one.stay_id for one in later}):
        await end_overtaken(work, stay_ids=stay_ids)
