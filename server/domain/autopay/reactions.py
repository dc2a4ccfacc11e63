"""What others' facts mean for autopay."""

from collections.abc import Sequence

from server.domain.autopay.model import ParkingEntry
from server.domain.autopay.service import follow_stays
from server.domain.billing import BillDiscounted, BillIssued, BillPaid, BillWithdrawn
from server.domain.payment import IntentEnded, PaymentSucceeded
from server.domain.stay import (
    StayClosed,
    StayCorrected,
    StayEdited,
    StayIdentified,
    StayOpened,
    StayReleased,
    StayVoided,
)
from server.kernel.events import reacts_to
from server.kernel.work import Work

Moved = (
    StayOpened
    | StayIdentified
    | StayClosed
    | StayCorrected
    | StayVoided
    | StayEdited
    | StayReleased
    | BillIssued
    | BillWithdrawn
    | BillDiscounted
    | BillPaid
)


@reacts_to(
    StayOpened,
    StayIdentified,
    StayClosed,
    StayCorrected,
    StayVoided,
    StayEdited,
    StayReleased,
    BillIssued,
    BillWithdrawn,
    BillDiscounted,
    BillPaid,
)
async def follow_cars(work: Work, facts: Sequence[Moved]) -> None:
    """Tell the provider of cars that come, and have it debit those that have gone."""
    # Most cars have no plate when they come: nothing follows from that, and nothing is read.
    known = {fact.stay_id for fact in facts if fact.plate or isinstance(fact, StayEdited)}
    if known:
        await follow_stays(work, stay_ids=sorted(known))


@reacts_to(IntentEnded, PaymentSucceeded)
async def follow_debits(work: Work, facts: Sequence[IntentEnded | PaymentSucceeded]) -> None:
    """Note which debits were paid, and begin those again that were not."""
    asked = sorted({fact.intent_id for fact in facts})
    entries = await work.table(ParkingEntry).find({"intent_id": asked})
    if entries:
        await follow_stays(work, stay_ids=sorted({entry.stay_id for entry in entries}))
