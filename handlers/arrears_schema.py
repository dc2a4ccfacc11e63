"""What goes into the API about arrears, in fen."""

from typing import Any

from marshmallow import Schema, fields, validate

from handlers.money_schema import Id, WayBody
from handlers.schema import Asked, Count, PlateBody, Text
from server.domain.recovery import AlertState, RecoveryState, ReminderChannel, WriteOffState
from server.domain.recovery.queries.lists import Sort
from server.domain.vehicle import PlateColor

LongId = validate.Length(1, 64)
CURSOR = validate.Length(1, 96)
REASON = validate.Length(2, 200)


def _one_of(kinds: Any, **given: Any) -> fields.Enum[Any]:
    return fields.Enum(kinds, by_value=True, **given)


def _bills() -> fields.List[Any]:
    some = validate.Length(0, 50)
    return fields.List(Text(validate=Id), load_default=None, allow_none=True, validate=some)


class ArrearsQuery(Asked):
    """Cases by state, plate and amount, the worst first."""

    state = _one_of(RecoveryState, load_default=None)
    number = Text(load_default=None, validate=validate.Length(1, 16))
    color = Text(load_default=None, validate=validate.OneOf([one.value for one in PlateColor]))
    least = Count(load_default=0, validate=validate.Range(0, 100_000_000))
    sort = _one_of(Sort, load_default=Sort.AMOUNT)
    cursor = Text(load_default=None, validate=CURSOR)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class WriteOffsQuery(Asked):
    """Write-offs of a state."""

    state = _one_of(WriteOffState, load_default=WriteOffState.REQUESTED)
    cursor = Text(load_default=None, validate=CURSOR)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class AlertsQuery(Asked):
    """Alerts of a state, those that went up or any."""

    state = _one_of(AlertState, load_default=AlertState.OPEN)
    escalated = fields.Boolean(load_default=None)
    cursor = Text(load_default=None, validate=CURSOR)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class LiveAlertsQuery(Asked):
    """Alerts of one section, or of all in scope."""

    section_id = Text(load_default=None, validate=LongId)


class ReminderBody(Schema):
    """By which channels."""

    channels = fields.List(
        _one_of(ReminderChannel),
        load_default=[ReminderChannel.APP, ReminderChannel.SMS],
        validate=validate.Length(1, 2),
    )


class ReasonBody(Schema):
    """Why."""

    reason = Text(required=True, validate=REASON)


class WriteOffBody(ReasonBody):
    """Which bills are to be given up, all where none is named, and why."""

    bill_ids = _bills()


class PayLinkBody(PlateBody):
    """For which plate a link is made, and for which of its bills: all where none is named."""

    bill_ids = _bills()


class DebtIntentBody(WayBody):
    """A wish to pay bills behind a link, all where none is named."""

    bill_ids = fields.List(Text(validate=Id), load_default=[], validate=validate.Length(0, 50))
