"""What happened in a case, in one list: debts, reminders, alerts, freezes, write-offs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.domain.recovery.model import Debt, Freeze, RecoveryCase
from server.domain.recovery.model.alerts import Alert
from server.domain.recovery.model.reminders import Reminder, ReminderState
from server.domain.recovery.model.write_offs import WriteOff, WriteOffState
from server.domain.recovery.queries import CaseFile


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, by whom if by a person; `said` has plain values."""

    at: datetime
    kind: str
    by: str | None
    said: dict[str, Any]


def timeline_of(file: CaseFile) -> list[Entry]:
    """Put all that happened in a case in one list, the latest first."""
    entries = [
        *_case(file.case),
        *(entry for one in file.case.debts for entry in _debt(one)),
        *(entry for one in file.case.freezes for entry in _freeze(one)),
        *(entry for one in file.reminders for entry in _reminder(one)),
        *(entry for one in file.alerts for entry in _alert(one)),
        *(entry for one in file.write_offs for entry in _write_off(one)),
    ]
    # Of one instant, what came of another thing is told after it: so the last one first.
    return sorted(entries, key=lambda one: one.at)[::-1]


def _case(case: RecoveryCase) -> Iterable[Entry]:
    yield Entry(case.opened_at, "opened", None, {})
    if case.closed_at is not None:
        yield Entry(case.closed_at, "closed", None, {"how": case.state.value})


def _debt(debt: Debt) -> Iterable[Entry]:
    place = {"place_name": debt.place_name, "stay_id": debt.stay_id}
    yield Entry(debt.past_due_at, "debt_added", None, {**place, "amount": debt.due})
    if debt.ended_at is not None:
        said = {**place, "amount": debt.paid or debt.due, "how": debt.state.value}
        yield Entry(debt.ended_at, "debt_ended", None, said)


def _freeze(freeze: Freeze) -> Iterable[Entry]:
    yield Entry(freeze.at, "frozen", freeze.by, {"reason": freeze.reason})
    if freeze.until is not None:
        yield Entry(freeze.until, "unfrozen", freeze.until_by, {})


def _reminder(reminder: Reminder) -> Iterable[Entry]:
    said = {
        "number": reminder.number,
        "channels": [one.value for one in reminder.channels],
        "state": reminder.state.value,
        "amount": reminder.amount,
    }
    yield Entry(reminder.planned_at, "reminded", reminder.by, said)
    named = {"number": reminder.number, "phone": reminder.phone}
    if reminder.by_sms and reminder.sent_at is not None:
        yield Entry(reminder.sent_at, "reminder_sent", None, named)
    if reminder.reported_at is not None:
        delivered = reminder.state is ReminderState.DELIVERED
        kind = "reminder_delivered" if delivered else "reminder_failed"
        yield Entry(reminder.reported_at, kind, None, {**named, "failure": reminder.failure})


def _alert(alert: Alert) -> Iterable[Entry]:
    place = {"place_name": alert.berth.place_name, "berth_code": alert.berth.code}
    yield Entry(alert.spotted_at, "spotted", None, place)
    if alert.acknowledged_at is not None:
        yield Entry(alert.acknowledged_at, "acknowledged", alert.acknowledged_by, place)


def _write_off(found: WriteOff) -> Iterable[Entry]:
    said = {"amount": found.amount, "reason": found.reason}
    yield Entry(found.requested_at, "write_off_requested", found.requested_by, said)
    if found.decided_at is not None and found.state is not WriteOffState.REQUESTED:
        decided = {"amount": found.amount, "reason": found.remark}
        yield Entry(found.decided_at, f"write_off_{found.state.value}", found.decided_by, decided)
