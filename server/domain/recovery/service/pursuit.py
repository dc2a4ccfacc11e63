"""Use cases of pursuit: an officer collects what a car owes, to his own operator and to others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.billing import Bill
from server.domain.identity import Organization
from server.domain.payment import Intent, Payment, begin_payment, pay_by_cash
from server.domain.recovery.model import DebtState, RecoveryCase
from server.domain.recovery.service.alerts import may_pursue
from server.domain.stay import Stay, policy_for
from server.domain.vehicle import Plate
from server.kernel.money import Fen
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class OwedElsewhere:
    """One bill of another operator: the day and the place, and what is open."""

    bill_id: str
    place_name: str
    arrived_on: date
    open: Fen


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a car owes another operator, as far as an officer has to know it to collect it."""

    creditor: Organization
    commission_bp: int
    debts: tuple[OwedElsewhere, ...]

    @property
    def amount(self) -> Fen:
        """Sum what is open."""
        return sum(one.open for one in self.debts)


async def debts_elsewhere(work: Work, *, plate: Plate) -> list[Elsewhere]:
    """Tell what a car owes others whose debts the actor may pursue, while it stands in his sight.

    What is in its grace, in dispute or frozen is not pursued, and nobody is told of it.
    """
    if not await _stands_in_sight(work, plate):
        return []
    mine = work.actor.organization_id
    found = await work.table(RecoveryCase).find({"plate.number": plate.number, "open": True})
    theirs = [
        case
        for case in found
        if case.plate == plate
        and case.pursued
        and case.organization_id != mine
        and await may_pursue(work, case, organization_id=mine)
    ]
    creditors = await work.table(Organization).load({case.organization_id for case in theirs})
    told = [
        await _elsewhere(work, creditor, case)
        for case in theirs
        if (creditor := creditors.get(case.organization_id))
    ]
    return sorted((one for one in told if one.debts), key=lambda one: -one.amount)


async def collect_by_cash(work: Work, *, bill_ids: Sequence[str], request_key: str) -> Payment:
    """Take cash for bills of the actor's operator, and for others' that he may pursue."""
    pursued = await _pursued_among(work, bill_ids)
    return await pay_by_cash(work, bill_ids=bill_ids, request_key=request_key, pursued=pursued)


async def begin_collecting(work: Work, *, bill_ids: Sequence[str], **wish: Any) -> Intent:
    """Begin a payment by a code for such bills; see `begin_payment`."""
    pursued = await _pursued_among(work, bill_ids)
    return await begin_payment(work, bill_ids=bill_ids, pursued=pursued, **wish)


async def _pursued_among(work: Work, bill_ids: Sequence[str]) -> dict[str, int]:
    """Find what of bills is pursued for others, with the commission on it."""
    bills = await work.table(Bill).load(bill_ids)
    mine = work.actor.organization_id
    plates = dict.fromkeys(one.plate for one in bills.values() if one.organization_id != mine)
    return {
        debt.bill_id: one.commission_bp
        for plate in plates
        for one in await debts_elsewhere(work, plate=plate)
        for debt in one.debts
        if debt.bill_id in bills
    }


async def _stands_in_sight(work: Work, plate: Plate) -> bool:
    """Say whether the car stands at one of the actor's places: nobody looks plates up at random."""
    actor = work.actor
    stays = await work.table(Stay).find({"open": True, "plate.number": plate.number})
    return any(
        stay.plate == plate
        and stay.berth.organization_id == actor.organization_id
        and actor.scope.covers(stay.berth.division_code)
        for stay in stays
    )


async def _elsewhere(work: Work, creditor: Organization, case: RecoveryCase) -> Elsewhere:
    policy = await policy_for(work, organization_id=creditor.id)
    zone = ZoneInfo(policy.time_zone)
    open_debts = [one for one in case.debts if one.state is DebtState.OPEN]
    bills = await work.table(Bill).load(one.bill_id for one in open_debts)
    debts = tuple(
        OwedElsewhere(bill.id, one.place_name, one.arrived_at.astimezone(zone).date(), bill.open)
        for one in open_debts
        if (bill := bills.get(one.bill_id)) and bill.open and bill.plate == case.plate
    )
    return Elsewhere(creditor, policy.pursuit_commission_bp, debts)
