"""Use cases of write-offs: one asks, another agrees, and the bills are given up."""

from collections.abc import Sequence

from server.domain.billing import Bill, write_off_bill
from server.domain.recovery.events import WriteOffDecided, WriteOffRequested
from server.domain.recovery.model import RecoveryCase
from server.domain.recovery.model.write_offs import WriteOff, WriteOffState
from server.domain.recovery.service import bring_up, case_in_sight
from server.domain.recovery.service.alerts import look_for_cars
from server.kernel.errors import NotFound, Refused
from server.kernel.work import Work


async def request_write_off(
    work: Work, *, case_id: str, reason: str, bill_ids: Sequence[str] | None = None
) -> WriteOff:
    """Ask for a case's open bills to be given up, all or some; refuses with `write_off_pending`."""
    case = await case_in_sight(work, case_id=case_id)
    if not case.open:
        raise Refused("arrears_closed", "该追缴记录已结束", case_id=case.id)
    bills = await _bills(work, case, bill_ids)
    asked = work.table(WriteOff).add(
        WriteOff(
            id=work.new_id(),
            case_id=case.id,
            plate=case.plate,
            organization_id=case.organization_id,
            division_codes=tuple(dict.fromkeys(one.division_code for one in case.standing())),
            bill_ids=tuple(bill.id for bill in bills),
            amount=sum(bill.open for bill in bills),
            reason=reason,
            requested_by=work.actor.id,
            requested_at=work.now,
        )
    )
    _tell(work, asked, WriteOffRequested)
    return asked


async def approve_write_off(work: Work, *, write_off_id: str) -> WriteOff:
    """Agree to what somebody else has asked for, and give the bills up.

    Refuses with `arrears_changed` where one was paid or priced anew meanwhile.
    """
    asked = await write_off_in_sight(work, write_off_id=write_off_id)
    decided = asked.decide(WriteOffState.APPROVED, by=work.actor.id, at=work.now)
    bills = await work.table(Bill).load(asked.bill_ids)
    if sum(bill.open for bill in bills.values()) != asked.amount:
        raise Refused("arrears_changed", "欠费已变化，请重新提交申请", write_off_id=asked.id)
    for bill_id in asked.bill_ids:
        await write_off_bill(work, bill_id=bill_id, reason=asked.reason, reference=asked.id)
    saved = work.table(WriteOff).save(decided)
    _tell(work, saved, WriteOffDecided)
    changed = await bring_up(work, [(asked.organization_id, asked.plate)])
    await look_for_cars(work, cases=changed)
    return saved


async def reject_write_off(work: Work, *, write_off_id: str, remark: str) -> WriteOff:
    """Reject what somebody else has asked for."""
    return await _close(work, write_off_id, WriteOffState.REJECTED, remark)


async def withdraw_write_off(work: Work, *, write_off_id: str) -> WriteOff:
    """Take one's own wish back."""
    return await _close(work, write_off_id, WriteOffState.WITHDRAWN, "")


async def write_off_in_sight(work: Work, *, write_off_id: str) -> WriteOff:
    """Read a write-off of the actor's organization and scope."""
    found = await work.table(WriteOff).maybe(write_off_id)
    covers = work.actor.scope.covers
    if (
        found is None
        or found.organization_id != work.actor.organization_id
        or not any(covers(code) for code in found.division_codes)
    ):
        raise NotFound("write_off_not_found", "没有找到这条记录", id=write_off_id)
    return found


async def _close(work: Work, write_off_id: str, state: WriteOffState, remark: str) -> WriteOff:
    asked = await write_off_in_sight(work, write_off_id=write_off_id)
    decided = asked.decide(state, by=work.actor.id, at=work.now, remark=remark)
    saved = work.table(WriteOff).save(decided)
    _tell(work, saved, WriteOffDecided)
    return saved


async def _bills(work: Work, case: RecoveryCase, bill_ids: Sequence[str] | None) -> Sequence[Bill]:
    """Read the bills of a case that are open now, all or those that are named."""
    owed = [one.bill_id for one in case.standing()]
    if bill_ids and not set(bill_ids) <= set(owed):
        raise Refused("bill_not_in_arrears", "账单不在该追缴记录中", case_id=case.id)
    bills = await work.table(Bill).load(bill_ids or owed)
    open_now = [bill for bill in bills.values() if bill.open]
    if not open_now:
        raise Refused("nothing_owed", "没有待缴账单", case_id=case.id)
    return open_now


def _tell(
    work: Work, found: WriteOff, kind: type[WriteOffRequested] | type[WriteOffDecided]
) -> None:
    work.tell(
        kind(
            at=work.now,
            write_off_id=found.id,
            case_id=found.case_id,
            organization_id=found.organization_id,
            amount=found.amount,
            state=found.state,
        )
    )
