"""What the tests about arrears share: plates that owe, and the end of their grace."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from server.domain.billing import (
    Bill,
    BillClaimed,
    BillDiscounted,
    BillIssued,
    BillPaid,
    BillRefunded,
    BillUnclaimed,
    BillWithdrawn,
)
from server.domain.billing.reactions import bill_priced_stays
from server.domain.billing.reactions import follow_vehicles as claim_bills_of
from server.domain.identity import Account, AccountKind, Organization, enrol
from server.domain.recovery import Alert, RecoveryCase
from server.domain.recovery.jobs import open_arrears
from server.domain.recovery.reactions import (
    follow_bills,
    follow_disputes,
    follow_vehicles,
    spot_arrears,
)
from server.domain.stay import (
    Stay,
    StayClosed,
    StayDisputed,
    StayEdited,
    StayIdentified,
    StayOpened,
    StayReleased,
    StayVoided,
)
from server.domain.vehicle import (
    Plate,
    PlateColor,
    Vehicle,
    VehicleBound,
    VehicleUnbound,
    register_vehicles,
)
from server.kernel.access import Actor, Audience, Scope
from tests.domain.money import OWNER, PLATE, closed_fact, closed_stay, rows
from tests.world import World

GRACE = timedelta(hours=48)
OTHER = Plate("粤B54321", PlateColor.BLUE)
CLERK = Actor("clerk-1", Audience.CONSOLE, scope=Scope(everything=True), organization_id="city")
CHIEF = replace(CLERK, id="clerk-2")
PATROL = Actor("patrol-1", Audience.PATROL, scope=Scope(everything=True), organization_id="city")
PHONE = "13800000001"


async def people(world: World) -> None:
    """Put the operator in, and an owner for the plate."""
    owner = Account(id=OWNER.id, kind=AccountKind.MOTORIST, name="车主", phone=PHONE)
    city = Organization(id="city", name="鹏城停车")
    await world.run(enrol, organizations=[city], accounts=[owner])
    vehicle = Vehicle(id="v1", plate=PLATE, owner_id=OWNER.id)
    await world.run(register_vehicles, vehicles=[vehicle])


async def stayed(world: World, stay_id: str, amount: int, **changes: Any) -> Bill:
    """Let a car have stayed for so much, and be billed for it now."""
    stay = replace(closed_stay(stay_id, amount, at=world.now), **changes)
    await world.run(lambda work: _add(work, stay))
    await world.run(bill_priced_stays, facts=[closed_fact(world.now, stay)])
    where = {"stay_id": stay_id, "standing": True}
    bill = await world.run(lambda work: work.table(Bill).one(where))
    assert bill is not None
    return bill


async def _add(work: Any, stay: Stay) -> None:
    work.table(Stay).add(stay)


async def after_grace(world: World) -> None:
    """Let the grace of all bills end, and cases be opened."""
    world.now += GRACE
    await world.job(open_arrears)


async def follow(world: World) -> None:
    """Run the reactions of billing and recovery to all that was told, twice: once is as good."""
    for _ in range(2):
        facts = await world.facts()
        stays = StayClosed, StayIdentified, StayVoided, StayDisputed, StayReleased
        await world.run(bill_priced_stays, facts=[one for one in facts if isinstance(one, stays)])
        facts = await world.facts()
        bound = VehicleBound, VehicleUnbound
        told = [one for one in facts if isinstance(one, bound)]
        await world.run(claim_bills_of, facts=told)
        await world.run(follow_vehicles, facts=told)
        facts = await world.facts()
        bills = (
            BillIssued,
            BillWithdrawn,
            BillDiscounted,
            BillPaid,
            BillRefunded,
            BillClaimed,
            BillUnclaimed,
        )
        await world.run(follow_bills, facts=[one for one in facts if isinstance(one, bills)])
        held = StayDisputed, StayReleased
        await world.run(follow_disputes, facts=[one for one in facts if isinstance(one, held)])
        moved = StayOpened, StayIdentified, StayClosed, StayVoided, StayEdited
        await world.run(spot_arrears, facts=[one for one in facts if isinstance(one, moved)])


async def cases(world: World) -> Sequence[RecoveryCase]:
    """Read all cases in the order in which they were opened."""
    return await rows(world, RecoveryCase)


async def the_case(world: World) -> RecoveryCase:
    """Read the only case."""
    [case] = await cases(world)
    return case


async def alerts(world: World) -> Sequence[Alert]:
    """Read all alerts."""
    return await rows(world, Alert)
