"""追缴: what plates owe beyond the grace, who is reminded and alerted, and what is given up.

`arrears` is no record of its own: it is a state of bills, summed by plate in one open case a plate
and organization. A case always equals the sum of its open bills.
"""

from server.domain.recovery.events import (
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
from server.domain.recovery.model import (
    Debt,
    DebtState,
    Freeze,
    RecoveryCase,
    RecoveryState,
)
from server.domain.recovery.model.alerts import Alert, AlertState
from server.domain.recovery.model.links import PayLink
from server.domain.recovery.model.reminders import Reminder, ReminderChannel, ReminderState
from server.domain.recovery.model.templates import MessageKind, MessageTemplate
from server.domain.recovery.model.write_offs import WriteOff, WriteOffState
from server.domain.recovery.rules.templates import TEMPLATE_VARIABLES, example_of, read_kind
from server.domain.recovery.service import bring_up, freeze_case, unfreeze_case
from server.domain.recovery.service.alerts import acknowledge_alert, look_for_arrears
from server.domain.recovery.service.links import (
    Behind,
    Signed,
    intent_behind_link,
    link_case,
    link_plate,
    open_link,
    pay_behind_link,
)
from server.domain.recovery.service.pursuit import (
    Elsewhere,
    begin_collecting,
    collect_by_cash,
    debts_elsewhere,
)
from server.domain.recovery.service.reminders import (
    Letter,
    Question,
    begin_asking,
    begin_sending,
    note_failed,
    note_report,
    note_sent,
    remind_now,
)
from server.domain.recovery.service.templates import drop_template, set_template
from server.domain.recovery.service.write_offs import (
    approve_write_off,
    reject_write_off,
    request_write_off,
    withdraw_write_off,
)

__all__ = [
    "TEMPLATE_VARIABLES",
    "Alert",
    "AlertAcknowledged",
    "AlertEscalated",
    "AlertFact",
    "AlertRepeated",
    "AlertRetracted",
    "AlertState",
    "ArrearsChanged",
    "ArrearsClosed",
    "ArrearsOpened",
    "ArrearsSpotted",
    "Behind",
    "CaseFact",
    "Debt",
    "DebtState",
    "Elsewhere",
    "Freeze",
    "Letter",
    "MessageKind",
    "MessageTemplate",
    "PayLink",
    "Question",
    "RecoveryCase",
    "RecoveryState",
    "Reminder",
    "ReminderChannel",
    "ReminderIssued",
    "ReminderReported",
    "ReminderState",
    "Signed",
    "WriteOff",
    "WriteOffDecided",
    "WriteOffFact",
    "WriteOffRequested",
    "WriteOffState",
    "acknowledge_alert",
    "approve_write_off",
    "begin_asking",
    "begin_collecting",
    "begin_sending",
    "bring_up",
    "collect_by_cash",
    "debts_elsewhere",
    "drop_template",
    "example_of",
    "freeze_case",
    "intent_behind_link",
    "link_case",
    "link_plate",
    "look_for_arrears",
    "note_failed",
    "note_report",
    "note_sent",
    "open_link",
    "pay_behind_link",
    "read_kind",
    "reject_write_off",
    "remind_now",
    "request_write_off",
    "set_template",
    "unfreeze_case",
    "withdraw_write_off",
]
