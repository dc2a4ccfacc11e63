"""From facts about arrears to publications: to the street, to the owner, to the desk."""

from collections.abc import Callable, Mapping
from typing import Any

from realtime.publications import Data, Publication
from server.domain.recovery import (
    Alert,
    AlertAcknowledged,
    AlertEscalated,
    AlertFact,
    AlertRepeated,
    AlertRetracted,
    ArrearsChanged,
    ArrearsClosed,
    ArrearsOpened,
    ArrearsSpotted,
    CaseFact,
    ReminderIssued,
    ReminderReported,
    WriteOffDecided,
    WriteOffFact,
    WriteOffRequested,
)
from server.domain.vehicle import mask_plate
from server.kernel.codec import to_plain
from server.kernel.events import Fact
from server.kernel.period import to_ms


def alert_row(alert: Alert) -> list[Any]:
    """Make an alert's row as staff see it: its key first, its version fifth, as of berths.

    Where it owes another operator, that one's name stands there and nothing of its case.
    """
    more = {
        "case_id": None if alert.foreign else alert.case_id,
        "creditor": alert.creditor_name if alert.foreign else None,
        "stay_id": alert.stay_id,
        "plate": to_plain(alert.plate),
        "count": alert.count,
        "oldest_ms": to_ms(alert.oldest_at),
        "spotted_ms": to_ms(alert.spotted_at),
        "rounds": alert.rounds,
        "escalated": alert.escalated,
        "acknowledged_by": alert.acknowledged_by,
        "case_state": None if alert.foreign else alert.case_state.value,
    }
    return [alert.id, alert.berth.code, alert.state.value, alert.amount, alert.v, more]


def case_told(fact: CaseFact) -> list[Publication]:
    """Show what a plate owes to whoever drives under it, and to the desk."""
    name, at_ms = type(fact).__name__, to_ms(fact.at)
    sums = {
        "state": fact.state.value,
        "amount": fact.amount,
        "frozen": fact.frozen,
        "count": fact.count,
    }
    head = {"fact": name, "at_ms": at_ms, "case_id": fact.case_id}
    masked = {**head, "plate": mask_plate(fact.plate.number), **sums, "v": fact.v}
    shown = [Publication(f"arrears:{fact.organization_id}", masked)]
    if fact.owner_id is not None:
        theirs = {"amount": fact.own_amount, "frozen": fact.own_frozen, "count": fact.own_count}
        own = {**head, "plate": to_plain(fact.plate), "state": fact.state.value, **theirs}
        shown.append(Publication(f"#{fact.owner_id}", own))
    if isinstance(fact, ArrearsChanged) and fact.owner_before is not None:
        gone = {**head, "fact": "ArrearsRetracted"}
        shown.append(Publication(f"#{fact.owner_before}", gone))
    return shown


def reminder_issued(fact: ReminderIssued) -> list[Publication]:
    """Show a reminder to whom it is for."""
    assert fact.owner_id is not None
    data = {
        "fact": "ReminderIssued",
        "at_ms": to_ms(fact.at),
        "case_id": fact.case_id,
        "plate": to_plain(fact.plate),
        "amount": fact.own_amount,
        "count": fact.own_count,
        "text": fact.text,
    }
    return [Publication(f"#{fact.owner_id}", data)]


def reminder_reported(fact: ReminderReported) -> list[Publication]:
    """Show at the desk what became of a text message."""
    data = {
        "fact": "ReminderReported",
        "at_ms": to_ms(fact.at),
        "case_id": fact.case_id,
        "reminder_id": fact.reminder_id,
        "state": fact.state.value,
        "failure": fact.failure,
    }
    return [Publication(f"arrears:{fact.organization_id}", data)]


def alert_told(fact: AlertFact) -> list[Publication]:
    """Show an alert on the street where the car stands."""
    berth = fact.alert.berth
    channel = f"{berth.place_kind}:{berth.place_id}:staff"
    return [Publication(channel, {"berths": [], "alerts": [alert_row(fact.alert)]})]


def alert_noted(fact: AlertFact) -> list[Publication]:
    """Show an alert on the street, and as a line at the desk; at the creditor's too if it is another's."""
    alert = fact.alert
    shown = [*alert_told(fact), Publication(f"arrears:{alert.berth.organization_id}", _line(fact))]
    if alert.foreign:
        theirs = {**_line(fact), "case_id": alert.case_id, "creditor": None}
        shown.append(Publication(f"arrears:{alert.creditor_id}", theirs))
    return shown


def arrears_spotted(fact: ArrearsSpotted) -> list[Publication]:
    """Show an alert on the street and at the desk, and to the owner that his car was seen."""
    alert = fact.alert
    shown = alert_noted(fact)
    if alert.owner_id is not None:
        data = {
            "fact": "ArrearsSpotted",
            "at_ms": to_ms(fact.at),
            "case_id": alert.case_id,
            "plate": to_plain(alert.plate),
            "amount": alert.amount,
            "count": alert.count,
            "creditor": alert.creditor_name if alert.foreign else None,
            "place_id": alert.berth.place_id,
            "place_name": alert.berth.place_name,
            "berth_code": alert.berth.code,
        }
        shown.append(Publication(f"#{alert.owner_id}", data))
    return shown


def alert_retracted(fact: AlertRetracted) -> list[Publication]:
    """Take an alert off the street and the desk, and off the owner's screen."""
    shown, alert = alert_noted(fact), fact.alert
    if alert.owner_id is not None:
        data = {
            "fact": "AlertRetracted",
            "at_ms": to_ms(fact.at),
            "case_id": alert.case_id,
            "plate": to_plain(alert.plate),
            "state": alert.state.value,
        }
        shown.append(Publication(f"#{alert.owner_id}", data))
    return shown


def alert_escalated(fact: AlertEscalated) -> list[Publication]:
    """Show on the live list that nobody on the street has acknowledged."""
    alert = fact.alert
    line = {
        "fact": "AlertEscalated",
        "at_ms": to_ms(fact.at),
        "place_id": alert.berth.place_id,
        "place_name": alert.berth.place_name,
        "berth_code": alert.berth.code,
        "plate": mask_plate(alert.plate.number),
        "amount": alert.amount,
        "duration_s": None,
        "device_kind": None,
        "alarm": None,
    }
    return [*alert_noted(fact), Publication(f"live:{alert.berth.organization_id}", line)]


def write_off_told(fact: WriteOffFact) -> list[Publication]:
    """Show at the desk that something waits for a second person, or does no more."""
    data = {
        "fact": type(fact).__name__,
        "at_ms": to_ms(fact.at),
        "case_id": fact.case_id,
        "write_off_id": fact.write_off_id,
        "state": fact.state.value,
        "amount": fact.amount,
    }
    return [Publication(f"arrears:{fact.organization_id}", data)]


def _line(fact: AlertFact) -> Data:
    alert = fact.alert
    return {
        "fact": type(fact).__name__,
        "at_ms": to_ms(fact.at),
        "case_id": None if alert.foreign else alert.case_id,
        "creditor": alert.creditor_name if alert.foreign else None,
        "alert_id": alert.id,
        "plate": mask_plate(alert.plate.number),
        "state": alert.state.value,
        "amount": alert.amount,
        "place_name": alert.berth.place_name,
        "berth_code": alert.berth.code,
    }


ARREARS_FEEDS: Mapping[type[Fact], Callable[[Any], list[Publication]]] = {
    ArrearsOpened: case_told,
    ArrearsChanged: case_told,
    ArrearsClosed: case_told,
    ReminderIssued: reminder_issued,
    ReminderReported: reminder_reported,
    ArrearsSpotted: arrears_spotted,
    AlertRepeated: alert_told,
    AlertAcknowledged: alert_noted,
    AlertEscalated: alert_escalated,
    AlertRetracted: alert_retracted,
    WriteOffRequested: write_off_told,
    WriteOffDecided: write_off_told,
}
