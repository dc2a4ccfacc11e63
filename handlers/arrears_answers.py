"""What comes out of the API about arrears, in fen."""

from marshmallow import Schema, fields

from handlers.schema import Bill, Count, Plate, Text, list_of


def _instant(*, null: bool = False) -> fields.DateTime:
    return fields.DateTime(required=True, allow_none=null)


class Freeze(Schema):
    """Why a case is left alone, since when, by whom."""

    reason = Text(required=True)
    by = Text(required=True)
    at = _instant()


class LastSeen(Schema):
    """Where a plate was seen last."""

    at = _instant()
    place_id = Text(required=True)
    place_name = Text(required=True)
    berth_code = Text(required=True)


class PendingWriteOff(Schema):
    """A write-off that waits for a second person."""

    id = Text(required=True)
    state = Text(required=True)
    amount = Count(required=True)


class Case(Schema):
    """What a plate owes beyond the grace."""

    id = Text(required=True)
    state = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    amount = Count(required=True)
    frozen = Count(required=True)
    count = Count(required=True)
    part_paid = fields.Boolean(required=True)
    oldest_at = _instant()
    opened_at = _instant()
    closed_at = _instant(null=True)
    reminders = Count(required=True)
    last_reminded_at = _instant(null=True)
    next_reminder_at = _instant(null=True)
    owner_known = fields.Boolean(required=True)
    freeze = fields.Nested(Freeze, required=True, allow_none=True)
    last_seen = fields.Nested(LastSeen, required=True, allow_none=True)
    write_off = fields.Nested(PendingWriteOff, required=True, allow_none=True)
    v = Count(required=True)


class Totals(Schema):
    """Sums over all pages."""

    cases = Count(required=True)
    count = Count(required=True)
    amount = Count(required=True)
    frozen = Count(required=True)


class CasesPage(Schema):
    """A page of cases, the worst first."""

    items = list_of(Case)
    cursor = Text(required=True, allow_none=True)
    totals = fields.Nested(Totals, required=True)


class CaseAnswer(Schema):
    """One case."""

    case = fields.Nested(Case, required=True)


class Bucket(Schema):
    """Bills by the days since they became owed."""

    name = Text(required=True)
    from_days = Count(required=True)
    to_days = Count(required=True, allow_none=True)
    count = Count(required=True)
    amount = Count(required=True)


class StateSum(Schema):
    """Cases of one state."""

    state = Text(required=True)
    cases = Count(required=True)
    amount = Count(required=True)


class Ended(Schema):
    """What came of debts."""

    paid = Count(required=True)
    waived = Count(required=True)
    written_off = Count(required=True)


class Summary(Schema):
    """The figures of the desk."""

    totals = fields.Nested(Totals, required=True)
    buckets = list_of(Bucket)
    states = list_of(StateSum)
    last_30_days = fields.Nested(Ended, required=True)


class Owner(Schema):
    """Who drives under a plate, the phone masked."""

    name = Text(required=True)
    phone = Text(required=True)


class CaseBill(Schema):
    """One stay's part of a case."""

    bill_id = Text(required=True)
    stay_id = Text(required=True)
    state = Text(required=True)
    place_name = Text(required=True)
    berth_code = Text(required=True)
    arrived_at = _instant()
    left_at = _instant(null=True)
    owed_since = _instant()
    past_due_at = _instant()
    days = Count(required=True)
    due = Count(required=True)
    paid = Count(required=True)
    waived = Count(required=True)
    open = Count(required=True)
    given_up = Count(required=True)


class Reminder(Schema):
    """A reminder, and what became of it; the phone masked."""

    id = Text(required=True)
    step = Count(required=True)
    channels = fields.List(Text(), required=True)
    state = Text(required=True)
    text = Text(required=True)
    phone = Text(required=True, allow_none=True)
    by = Text(required=True, allow_none=True)
    planned_at = _instant()
    sent_at = _instant(null=True)
    attempts = Count(required=True)
    receipt = Text(required=True, allow_none=True)
    template = Text(required=True, allow_none=True)
    reported_at = _instant(null=True)
    failure = Text(required=True, allow_none=True)


class ReminderAnswer(Schema):
    """One reminder."""

    reminder = fields.Nested(Reminder, required=True)


class Alert(Schema):
    """A car that owes stands on a berth; another operator where a creditor is named."""

    id = Text(required=True)
    case_id = Text(required=True, allow_none=True)
    creditor = Text(required=True, allow_none=True)
    state = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    amount = Count(required=True)
    count = Count(required=True)
    oldest_at = _instant()
    case_state = Text(required=True, allow_none=True)
    place_id = Text(required=True)
    place_name = Text(required=True)
    berth_code = Text(required=True)
    stay_id = Text(required=True)
    spotted_at = _instant()
    rounds = Count(required=True)
    escalated = fields.Boolean(required=True)
    acknowledged_by = Text(required=True, allow_none=True)
    acknowledged_at = _instant(null=True)


class AlertAnswer(Schema):
    """One alert."""

    alert = fields.Nested(Alert, required=True)


class Alerts(Schema):
    """Alerts, the latest first."""

    items = list_of(Alert)


class AlertsPage(Alerts):
    """A page of alerts."""

    cursor = Text(required=True, allow_none=True)


class WriteOff(Schema):
    """A debt that is given up, or may be."""

    id = Text(required=True)
    case_id = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    bill_ids = fields.List(Text(), required=True)
    amount = Count(required=True)
    reason = Text(required=True)
    state = Text(required=True)
    requested_by = Text(required=True)
    requested_at = _instant()
    decided_by = Text(required=True, allow_none=True)
    decided_at = _instant(null=True)
    remark = Text(required=True)


class WriteOffAnswer(Schema):
    """One write-off."""

    write_off = fields.Nested(WriteOff, required=True)


class WriteOffsPage(Schema):
    """A page of write-offs, the newest first."""

    items = list_of(WriteOff)
    cursor = Text(required=True, allow_none=True)


class TimelineEntry(Schema):
    """One thing that happened in a case."""

    at = _instant()
    kind = Text(required=True)
    by = Text(required=True, allow_none=True)
    said = fields.Dict(required=True)


class CaseFile(CaseAnswer):
    """A case with all that was done for it."""

    owner = fields.Nested(Owner, required=True, allow_none=True)
    bills = list_of(CaseBill)
    reminders = list_of(Reminder)
    alerts = list_of(Alert)
    write_offs = list_of(WriteOff)
    timeline = list_of(TimelineEntry)


class PayLink(Schema):
    """A link to pay by, and what is behind it."""

    url = Text(required=True)
    token = Text(required=True)
    expires_at = _instant()
    amount = Count(required=True)
    count = Count(required=True)


class PayLinkAnswer(Schema):
    """One link."""

    link = fields.Nested(PayLink, required=True)


class OwedBill(Bill):
    """A bill that is to be paid, with where and when the car stood; claimed if before it was bound."""

    place_name = Text(required=True)
    berth_code = Text(required=True)
    arrived_at = _instant()
    left_at = _instant(null=True)
    past_due = fields.Boolean(required=True)
    past_due_at = _instant()
    frozen = fields.Boolean(required=True)
    claimed = fields.Boolean(required=True)


class ArrearsSums(Schema):
    """What is past due, in dispute, and in its grace."""

    amount = Count(required=True)
    frozen = Count(required=True)
    count = Count(required=True)
    oldest_at = _instant(null=True)
    grace_amount = Count(required=True)
    grace_count = Count(required=True)
    bills = list_of(OwedBill)


class BillElsewhere(Schema):
    """A bill of another operator, as far as one has to know it to collect it."""

    id = Text(required=True)
    place_name = Text(required=True)
    arrived_on = fields.Date(required=True)
    open = Count(required=True)


class Elsewhere(Schema):
    """What a plate owes another operator."""

    creditor_id = Text(required=True)
    creditor = Text(required=True)
    amount = Count(required=True)
    count = Count(required=True)
    bills = list_of(BillElsewhere)


class PlateArrears(ArrearsSums):
    """What a plate owes, and what it owes others who let one collect it."""

    plate = fields.Nested(Plate, required=True)
    state = Text(required=True, allow_none=True)
    elsewhere = list_of(Elsewhere)


class OwnPlate(Schema):
    """What one of one's plates owes."""

    plate = fields.Nested(Plate, required=True)
    state = Text(required=True, allow_none=True)
    amount = Count(required=True)
    frozen = Count(required=True)
    count = Count(required=True)


class OwnArrears(ArrearsSums):
    """What one owes oneself, by all plates; what was written off, and may still be paid, apart."""

    plates = list_of(OwnPlate)
    given_up = list_of(OwedBill)


class Line(Schema):
    """A line of a bill."""

    text = Text(required=True)
    amount = Count(required=True)


class DebtBill(Schema):
    """A bill as whoever holds a link sees it; the creditor where it is owed to another operator."""

    id = Text(required=True)
    place_name = Text(required=True)
    arrived_at = _instant()
    left_at = _instant(null=True)
    due = Count(required=True)
    waived = Count(required=True)
    paid = Count(required=True)
    open = Count(required=True)
    frozen = fields.Boolean(required=True)
    creditor = Text(required=True, allow_none=True)
    lines = list_of(Line)


class Debt(Schema):
    """What is behind a link; the plate masked."""

    plate = fields.Nested(Plate, required=True)
    operator = Text(required=True)
    amount = Count(required=True)
    count = Count(required=True)
    expires_at = _instant()
    bills = list_of(DebtBill)
    providers = fields.List(Text(), required=True)
