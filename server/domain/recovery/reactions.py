"""What others' facts mean for arrears."""

from collections.abc import Sequence

from server.domain.billing import (
    BillClaimed,
    BillDiscounted,
    BillIssued,
    BillPaid,
    BillRefunded,
    BillUnclaimed,
    BillWithdrawn,
)
from server.domain.recovery.model import RecoveryCase
from server.domain.recovery.service import Debtor, bring_up
from server.domain.recovery.service.alerts import (
    look_at_others,
    look_for_arrears,
    look_for_cars,
)
from server.domain.stay import (
    PolicyChanged,
    StayClosed,
    StayDisputed,
    StayEdited,
    StayIdentified,
    StayOpened,
    StayReleased,
    StayVoided,
)
from server.domain.vehicle import VehicleBound, VehicleUnbound
from server.kernel.events import reacts_to
from server.kernel.work import Work

Billed = (
    BillIssued
    | BillWithdrawn
    | BillDiscounted
    | BillPaid
    | BillRefunded
    | BillClaimed
    | BillUnclaimed
)
Moved = StayOpened | StayIdentified | StayClosed | StayVoided | StayEdited


@reacts_to(
    BillIssued,
    BillWithdrawn,
    BillDiscounted,
    BillPaid,
    BillRefunded,
    BillClaimed,
    BillUnclaimed,
)
async def follow_bills(work: Work, facts: Sequence[Billed]) -> None:
    """Bring the cases of plates in line whose bills have changed, and the alerts with them."""
    await _follow(work, [(fact.organization_id, fact.plate) for fact in facts])


@reacts_to(StayDisputed, StayReleased)
async def follow_disputes(work: Work, facts: Sequence[StayDisputed | StayReleased]) -> None:
    """Freeze what is in dispute, and thaw what is so no more."""
    await _follow(work, [(one.berth.organization_id, one.plate) for one in facts if one.plate])


@reacts_to(StayOpened, StayIdentified, StayClosed, StayVoided, StayEdited)
async def spot_arrears(work: Work, facts: Sequence[Moved]) -> None:
    """Tell of cars that owe where they are known to stand, and that they have gone."""
    known = {fact.stay_id for fact in facts if fact.plate or isinstance(fact, StayIdentified)}
    await look_for_arrears(work, stay_ids=sorted(known))


@reacts_to(PolicyChanged)
async def follow_policies(work: Work, facts: Sequence[PolicyChanged]) -> None:
    """Take off others' streets what a creditor does not let them pursue any more."""
    scopes = [fact.scope.partition(":") for fact in facts if "pursuit" in fact.keys]
    creditor_ids = [id for kind, _, id in scopes if kind == "operator"]
    await look_at_others(work, creditor_ids=creditor_ids)


@reacts_to(VehicleBound, VehicleUnbound)
async def follow_vehicles(work: Work, facts: Sequence[VehicleBound | VehicleUnbound]) -> None:
    """Tell of a plate's cases whoever drives under it now, as far as they are his."""
    numbers = sorted({fact.plate.number for fact in facts})
    found = await work.table(RecoveryCase).find({"plate.number": numbers, "open": True})
    await _follow(work, [(case.organization_id, case.plate) for case in found])


async def _follow(work: Work, debtors: Sequence[Debtor]) -> None:
    await look_for_cars(work, cases=await bring_up(work, debtors))
