"""What a plate owes, how it stands, and what moves it next. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.billing import Bill, BillState
from server.domain.recovery.model import (
    STANDING,
    Debt,
    DebtState,
    RecoveryCase,
    RecoveryState,
)
from server.domain.recovery.rules.reminding import next_reminder
from server.domain.stay import Policy, Stay
from server.domain.vehicle import Plate
from server.kernel.nouns import replace

# A year: a plate that always owes something must not have a case that always grows.
KEPT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Owed:
    """A bill that is to be paid, its stay, and since when that is owed under this plate."""

    bill: Bill
    stay: Stay
    since: datetime


def owed_since(bill: Bill, others: Iterable[Bill]) -> datetime:
    """Tell since when a stay is owed: a new price gives the same driver no new grace.

    Whoever gets the bill by a corrected plate has a grace of his own.
    """
    before = (one.issued_at for one in others if one.plate == bill.plate and not one.valid_until)
    return min([bill.issued_at, *before])


def past_due_at(since: datetime, policy: Policy) -> datetime:
    """Tell when the grace of a bill ends."""
    return since + timedelta(minutes=policy.arrears_grace_min)


def debt_of(owed: Owed, known: Debt | None, policy: Policy) -> Debt:
    """Say what a case says of a bill; what was past due stays so, whatever becomes of the grace."""
    bill, stay = owed.bill, owed.stay
    return Debt(
        stay_id=stay.id,
        bill_id=bill.id,
        owner_id=bill.owner_id,
        state=DebtState.FROZEN if stay.holds else DebtState.OPEN,
        place_id=stay.berth.place_id,
        place_name=stay.berth.place_name,
        division_code=stay.berth.division_code,
        berth_code=stay.berth.code,
        arrived_at=stay.arrived_at,
        left_at=stay.left_at,
        owed_since=owed.since,
        past_due_at=known.past_due_at if known else past_due_at(owed.since, policy),
        due=bill.due,
        paid=bill.paid,
        waived=bill.waived,
        open=bill.open,
    )


def person_of(case: RecoveryCase, debts: Iterable[Debt], driver_id: str | None) -> str | None:
    """Choose who is told of a case: who drives under the plate now, if any of it is his; else whoever
    drove first of those who owe. When all is over, whoever it was."""
    standing = sorted((one for one in debts if one.standing), key=lambda one: one.owed_since)
    owners = [one.owner_id for one in standing if one.owner_id]
    if not standing:
        return case.owner_id
    return driver_id if driver_id in owners else next(iter(owners), None)


def ended(debt: Debt, bill: Bill | None, stay: Stay | None, *, plate: Plate) -> DebtState:
    """Say what became of a debt that no bill asks for now; `bill` is the one that stands."""
    if stay is not None and stay.holds and stay.plate == plate:
        return DebtState.FROZEN
    if bill is None or bill.plate != plate:
        return DebtState.RETRACTED
    if bill.state is BillState.WRITTEN_OFF:
        return DebtState.WRITTEN_OFF
    return DebtState.PAID if bill.paid or debt.paid else DebtState.WAIVED


def debts_of(
    case: RecoveryCase,
    owed: Iterable[Owed],
    *,
    standing: Mapping[str, Bill],
    stays: Mapping[str, Stay],
    policy: Policy,
    now: datetime,
) -> tuple[Debt, ...]:
    """Bring a case's debts in line with the bills that are to be paid; what ended stays to be read."""
    asked = {one.stay.id: one for one in owed}
    known = {one.stay_id: one for one in case.debts if one.standing}
    debts = []
    for debt in case.debts:
        if debt.ended_at is not None:
            if debt.stay_id not in asked and now - debt.ended_at < KEPT:
                debts.append(debt)
        elif debt.stay_id in asked:
            debts.append(debt_of(asked[debt.stay_id], debt, policy))
        else:
            bill = standing.get(debt.stay_id)
            state = ended(debt, bill, stays.get(debt.stay_id), plate=case.plate)
            debts.append(_ended(debt, bill, state, now))
    fresh = [one for one in asked.values() if one.stay.id not in known]
    due = [one for one in fresh if past_due_at(one.since, policy) <= now]
    return (*debts, *(debt_of(one, None, policy) for one in due))


def _ended(debt: Debt, bill: Bill | None, state: DebtState, now: datetime) -> Debt:
    if state in STANDING:
        return replace(debt, state=state)
    told = replace(debt, state=state, open=0, ended_at=now)
    if bill is None or state is DebtState.RETRACTED:
        return told
    return replace(told, bill_id=bill.id, due=bill.due, paid=bill.paid, waived=bill.waived)


def follow(
    case: RecoveryCase, debts: tuple[Debt, ...], policy: Policy, *, now: datetime
) -> RecoveryCase:
    """Sum a case's debts up, and say how it stands and when time alone will move it."""
    open_debts = [one for one in debts if one.state is DebtState.OPEN]
    standing = [one for one in debts if one.standing]
    summed = replace(
        case,
        debts=debts,
        amount=sum(one.open for one in open_debts),
        frozen=sum(one.open for one in standing if one.state is DebtState.FROZEN),
        count=len(open_debts),
        part_paid=any(one.paid for one in standing),
        oldest_at=min((one.owed_since for one in standing), default=case.oldest_at),
    )
    moved = summed.to(state_of(summed, policy, now=now))
    if not moved.open:
        return replace(moved, closed_at=now, act_at=None, next_reminder_at=None)
    reminder = next_reminder(moved, policy, now=now)
    planned = replace(moved, next_reminder_at=reminder.at if reminder else None)
    return replace(planned, act_at=_act_at(planned, policy, now=now))


def state_of(case: RecoveryCase, policy: Policy, *, now: datetime) -> RecoveryState:
    """Say how a case stands by its debts, what was done, and the time."""
    standing = case.standing()
    if not standing:
        return _end_of(case.debts)
    oldest = _oldest(case)
    if case.freeze is not None or oldest is None:
        return RecoveryState.DISPUTED
    age = now - oldest
    if age >= timedelta(days=policy.restrict_days) or case.amount >= policy.restrict_amount:
        return RecoveryState.RESTRICTED
    if age >= timedelta(days=policy.overdue_days):
        return RecoveryState.OVERDUE
    return RecoveryState.REMINDED if case.reminders else RecoveryState.DUE


def _oldest(case: RecoveryCase) -> datetime | None:
    return min((one.past_due_at for one in case.debts if one.state is DebtState.OPEN), default=None)


def _end_of(debts: Sequence[Debt]) -> RecoveryState:
    """Name a closed case after the best that became of its debts."""
    ends = {one.state for one in debts}
    order = (DebtState.PAID, DebtState.WRITTEN_OFF, DebtState.WAIVED)
    best = next((one for one in order if one in ends), DebtState.RETRACTED)
    return RecoveryState(best.value)


def _act_at(case: RecoveryCase, policy: Policy, *, now: datetime) -> datetime | None:
    oldest = _oldest(case)
    steps = [case.next_reminder_at] if case.next_reminder_at else []
    if oldest is not None:
        steps += [
            at
            for days in (policy.overdue_days, policy.restrict_days)
            if (at := oldest + timedelta(days=days)) > now
        ]
    return min(steps, default=None)
