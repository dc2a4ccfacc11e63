"""What clients see of arrears: staff in scope whole plates, whoever holds a link a masked one."""

from datetime import datetime

from handlers.shows import Shown, show_bill, show_plate
from server.domain.identity import Organization, mask_phone
from server.domain.recovery import (
    Alert,
    Behind,
    Debt,
    Elsewhere,
    Freeze,
    RecoveryCase,
    Reminder,
    Signed,
    WriteOff,
)
from server.domain.recovery.queries import Arrears, CaseFile, OwedBill
from server.domain.recovery.queries.figures import Summary
from server.domain.recovery.queries.lists import CasesPage, Page, Totals
from server.domain.recovery.queries.timeline import timeline_of
from server.domain.vehicle import Plate, mask_plate


def show_case(case: RecoveryCase, write_off: WriteOff | None = None) -> Shown:
    """Show a case to staff."""
    pending = write_off and {
        "id": write_off.id,
        "state": write_off.state.value,
        "amount": write_off.amount,
    }
    seen = case.last_seen
    return {
        "id": case.id,
        "state": case.state.value,
        "plate": show_plate(case.plate),
        "amount": case.amount,
        "frozen": case.frozen,
        "count": case.count,
        "part_paid": case.part_paid,
        "oldest_at": case.oldest_at,
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "reminders": case.reminders,
        "last_reminded_at": case.last_reminded_at,
        "next_reminder_at": case.next_reminder_at,
        "owner_known": case.owner_id is not None,
        "freeze": _freeze(case.freeze),
        "last_seen": seen
        and {
            "at": seen.at,
            "place_id": seen.place_id,
            "place_name": seen.place_name,
            "berth_code": seen.berth_code,
        },
        "write_off": pending,
        "v": case.v,
    }


def _freeze(freeze: Freeze | None) -> Shown | None:
    if freeze is None:
        return None
    return {"reason": freeze.reason, "by": freeze.by, "at": freeze.at}


def show_cases(page: CasesPage) -> Shown:
    """Show a page of cases to staff."""
    items = [show_case(one, page.write_offs.get(one.id)) for one in page.items]
    return {"items": items, "cursor": page.cursor, "totals": _totals(page.totals)}


def _totals(totals: Totals) -> Shown:
    return {
        "cases": totals.cases,
        "count": totals.count,
        "amount": totals.amount,
        "frozen": totals.frozen,
    }


def show_summary(summary: Summary) -> Shown:
    """Show the figures of the desk to staff."""
    return {
        "totals": _totals(summary.totals),
        "buckets": [
            {
                "name": one.name,
                "from_days": one.from_days,
                "to_days": one.to_days,
                "count": one.count,
                "amount": one.amount,
            }
            for one in summary.buckets
        ],
        "states": [
            {"state": one.state.value, "cases": one.cases, "amount": one.amount}
            for one in summary.states
        ],
        "last_30_days": summary.ended,
    }


def show_file(file: CaseFile) -> Shown:
    """Show a case with all that was done for it to staff; of its owner a masked phone."""
    pending = next((one for one in file.write_offs if one.state.value == "requested"), None)
    owner = file.owner
    debts = sorted(file.case.debts, key=lambda one: (not one.standing, one.owed_since))
    return {
        "case": show_case(file.case, pending),
        "owner": owner and {"name": owner.name, "phone": mask_phone(owner.phone)},
        "bills": [
            {**_debt(one, file.now), "given_up": file.given_up.get(one.stay_id, 0)} for one in debts
        ],
        "reminders": [show_reminder(one) for one in file.reminders],
        "alerts": [show_alert(one, to_creditor=True) for one in file.alerts],
        "write_offs": [show_write_off(one) for one in file.write_offs],
        "timeline": [
            {"at": one.at, "kind": one.kind, "by": one.by, "said": one.said}
            for one in timeline_of(file)
        ],
    }


def _debt(debt: Debt, now: datetime) -> Shown:
    return {
        "bill_id": debt.bill_id,
        "stay_id": debt.stay_id,
        "state": debt.state.value,
        "place_name": debt.place_name,
        "berth_code": debt.berth_code,
        "arrived_at": debt.arrived_at,
        "left_at": debt.left_at,
        "owed_since": debt.owed_since,
        "past_due_at": debt.past_due_at,
        "days": ((debt.ended_at or now) - debt.owed_since).days,
        "due": debt.due,
        "paid": debt.paid,
        "waived": debt.waived,
        "open": debt.open,
    }


def show_reminder(reminder: Reminder) -> Shown:
    """Show a reminder to staff."""
    return {
        "id": reminder.id,
        "step": reminder.number,
        "channels": [one.value for one in reminder.channels],
        "state": reminder.state.value,
        "text": reminder.text,
        "phone": reminder.phone,
        "by": reminder.by,
        "planned_at": reminder.planned_at,
        "sent_at": reminder.sent_at,
        "attempts": reminder.attempts,
        "receipt": reminder.receipt,
        "template": reminder.template,
        "reported_at": reminder.reported_at,
        "failure": reminder.failure,
    }


def show_alert(alert: Alert, *, to_creditor: bool = False) -> Shown:
    """Show an alert to staff where the car stands; the case of another operator is not theirs."""
    berth = alert.berth
    theirs = alert.foreign and not to_creditor
    return {
        "id": alert.id,
        "case_id": None if theirs else alert.case_id,
        "creditor": alert.creditor_name if theirs else None,
        "state": alert.state.value,
        "plate": show_plate(alert.plate),
        "amount": alert.amount,
        "count": alert.count,
        "oldest_at": alert.oldest_at,
        "case_state": None if theirs else alert.case_state.value,
        "place_id": berth.place_id,
        "place_name": berth.place_name,
        "berth_code": berth.code,
        "stay_id": alert.stay_id,
        "spotted_at": alert.spotted_at,
        "rounds": alert.rounds,
        "escalated": alert.escalated,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at,
    }


def show_alerts(page: Page[Alert]) -> Shown:
    """Show a page of alerts to staff."""
    return {"items": [show_alert(one) for one in page.items], "cursor": page.cursor}


def show_write_off(found: WriteOff) -> Shown:
    """Show a write-off to staff."""
    return {
        "id": found.id,
        "case_id": found.case_id,
        "plate": show_plate(found.plate),
        "bill_ids": found.bill_ids,
        "amount": found.amount,
        "reason": found.reason,
        "state": found.state.value,
        "requested_by": found.requested_by,
        "requested_at": found.requested_at,
        "decided_by": found.decided_by,
        "decided_at": found.decided_at,
        "remark": found.remark,
    }


def show_write_offs(page: Page[WriteOff]) -> Shown:
    """Show a page of write-offs to staff."""
    return {"items": [show_write_off(one) for one in page.items], "cursor": page.cursor}


def show_link(signed: Signed, *, public_url: str) -> Shown:
    """Show a link to whoever gives it on."""
    return {
        "url": link_url(public_url, signed.token),
        "token": signed.token,
        "expires_at": signed.link.expires_at,
        "amount": signed.amount,
        "count": signed.count,
    }


def link_url(public_url: str, token: str) -> str:
    """Write the address that a link's QR says."""
    return f"{public_url}/d/{token}"


def show_plate_arrears(plate: Plate, found: Arrears) -> Shown:
    """Show what a plate owes to staff."""
    case = found.cases[0] if found.cases else None
    state = case.state.value if case else None
    elsewhere = [_elsewhere(one) for one in found.elsewhere]
    return {"plate": show_plate(plate), "state": state, **_sums(found), "elsewhere": elsewhere}


def _elsewhere(found: Elsewhere) -> Shown:
    """Show what is owed to another operator: no more than an officer tells the driver."""
    return {
        "creditor_id": found.creditor.id,
        "creditor": found.creditor.name,
        "amount": found.amount,
        "count": len(found.debts),
        "bills": [
            {
                "id": debt.bill_id,
                "place_name": debt.place_name,
                "arrived_on": debt.arrived_on,
                "open": debt.open,
            }
            for debt in found.debts
        ],
    }


def show_own_arrears(found: Arrears) -> Shown:
    """Show to a motorist what he owes."""
    plates = dict.fromkeys(one.bill.plate for one in found.bills)
    given_up = [_owed(one) for one in found.given_up]
    own = [_own_plate(plate, found) for plate in plates]
    return {**_sums(found), "plates": own, "given_up": given_up}


def _own_plate(plate: Plate, found: Arrears) -> Shown:
    own = Arrears(
        tuple(one for one in found.cases if one.plate == plate),
        tuple(one for one in found.bills if one.bill.plate == plate),
    )
    sums = _sums(own)
    state = own.cases[0].state.value if own.cases else None
    named = {name: sums[name] for name in ("amount", "frozen", "count")}
    return {"plate": show_plate(plate), "state": state, **named}


def _sums(found: Arrears) -> Shown:
    past_due, in_grace = found.past_due, found.in_grace
    return {
        "amount": sum(one.open for one in past_due),
        "frozen": sum(one.open for one in found.frozen),
        "count": len(past_due),
        "oldest_at": min((one.bill.issued_at for one in past_due), default=None),
        "grace_amount": sum(one.open for one in in_grace),
        "grace_count": len(in_grace),
        "bills": [_owed(one) for one in found.bills],
    }


def _owed(owed: OwedBill) -> Shown:
    stay = owed.stay
    return {
        **show_bill(owed.bill),
        "open": owed.open,
        "place_name": stay.berth.place_name,
        "berth_code": stay.berth.code,
        "arrived_at": stay.arrived_at,
        "left_at": stay.left_at,
        "past_due": owed.past_due,
        "past_due_at": owed.past_due_at,
        "frozen": owed.frozen,
        "claimed": owed.bill.claimed,
    }


def show_debt(found: tuple[Behind, Organization], providers: list[str]) -> Shown:
    """Show what is behind a link to whoever holds it: no more than it takes to pay."""
    behind, organization = found
    plate = behind.link.plate
    payable = behind.payable
    return {
        "plate": {"number": mask_plate(plate.number), "color": plate.color.value},
        "operator": organization.name,
        "amount": sum(one.open for one in payable),
        "count": len(payable),
        "expires_at": behind.link.expires_at,
        "bills": [
            {
                "id": bill.id,
                "place_name": stay.berth.place_name,
                "arrived_at": stay.arrived_at,
                "left_at": stay.left_at,
                "due": bill.due,
                "waived": bill.waived,
                "paid": bill.paid,
                "open": bill.open,
                "frozen": bool(stay.holds),
                "creditor": behind.creditors[bill.organization_id].name if others else None,
                "lines": [
                    {"text": line.text, "amount": line.amount} for line in bill.lines if not others
                ],
            }
            for bill in behind.bills
            for stay in [behind.stays[bill.stay_id]]
            for others in [bill.organization_id != behind.link.organization_id]
        ],
        "providers": providers,
    }
