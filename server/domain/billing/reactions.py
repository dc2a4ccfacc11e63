"""What other contexts' facts mean for bills."""

from collections.abc import Sequence

from server.domain.billing.service.issuing import bill_stays, claim_bills
from server.domain.stay import (
    StayClosed,
    StayCorrected,
    StayDisputed,
    StayIdentified,
    StayReleased,
    StayVoided,
)
from server.domain.vehicle import VehicleBound, VehicleUnbound
from server.kernel.events import reacts_to
from server.kernel.work import Work

Billable = StayClosed | StayCorrected | StayIdentified | StayVoided | StayDisputed | StayReleased


@reacts_to(StayClosed, StayCorrected, StayIdentified, StayVoided, StayDisputed, StayReleased)
async def bill_priced_stays(work: Work, facts: Sequence[Billable]) -> None:
    """Bring the bills of stays in line with what has become of their price, plate or doubts."""
    await bill_stays(work, stay_ids=list(dict.fromkeys(fact.stay_id for fact in facts)))


@reacts_to(VehicleBound, VehicleUnbound)
async def follow_vehicles(work: Work, facts: Sequence[VehicleBound | VehicleUnbound]) -> None:
    """Show what a plate owes to whoever drives under it now."""
    await claim_bills(work, plates=list(dict.fromkeys(fact.plate for fact in facts)))
