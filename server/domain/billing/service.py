"""Use cases of bills."""

from collections.abc import Mapping, Sequence
from typing import Any

from server.domain.billing.events import BillIssued, BillWithdrawn
from server.domain.billing.model import Bill, BillState
from server.domain.stay import Stay
from server.kernel.work import Work


async def bill_stays(work: Work, *, stay_ids: Sequence[str]) -> None:
    """Bring the bills of closed stays in line with their price; done twice, it changes nothing.

    A stay without a plate, or without a fee, has no bill.
    """
    stays = await work.table(Stay).load(stay_ids)
    rows = work.table(Bill)
    bills: dict[str, list[Bill]] = {}
    for bill in await rows.find({"stay_id": list(stays)}):
        bills.setdefault(bill.stay_id, []).append(bill)
    for stay in stays.values():
        have = bills.get(stay.id, [])
        wanted = _fitting(stay, have)
        for bill in have:
            if bill is not wanted and bill.state is BillState.DUE:
                work.tell(BillWithdrawn(at=work.now, **_about(rows.save(bill.withdraw()))))
        if wanted is None and stay.plate is not None and stay.amount:
            _issue(work, stay, number=len(have) + 1)


def _fitting(stay: Stay, have: Sequence[Bill]) -> Bill | None:
    """Find the bill that says what the stay says; one that is paid stands."""
    for bill in have:
        if bill.state is BillState.PAID:
            return bill
        same = (bill.plate, bill.owner_id, bill.due) == (stay.plate, stay.owner_id, stay.amount)
        if bill.state is BillState.DUE and same and bill.lines == stay.lines:
            return bill
    return None


def _issue(work: Work, stay: Stay, *, number: int) -> None:
    assert stay.plate is not None
    assert stay.amount is not None
    bill = work.table(Bill).add(
        Bill(
            id=work.new_id(),
            stay_id=stay.id,
            revision=number,
            plate=stay.plate,
            owner_id=stay.owner_id,
            organization_id=stay.berth.organization_id,
            place_id=stay.berth.place_id,
            due=stay.amount,
            lines=stay.lines,
            issued_at=work.now,
        )
    )
    work.tell(BillIssued(at=work.now, **_about(bill)))


def _about(bill: Bill) -> Mapping[str, Any]:
    return {
        "bill_id": bill.id,
        "stay_id": bill.stay_id,
        "plate": bill.plate,
        "owner_id": bill.owner_id,
        "organization_id": bill.organization_id,
        "place_id": bill.place_id,
        "due": bill.due,
    }
