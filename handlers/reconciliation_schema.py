"""What goes into and comes out of the API of reconciliation, in fen."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Count, Text, list_of


class ReconcileBody(Schema):
    """Which provider's day is compared."""

    provider = Text(required=True, validate=validate.OneOf(["wechat", "alipay"]))
    day = fields.Date(required=True)


class CauseBody(Schema):
    """Why something differs."""

    cause = Text(required=True, validate=validate.Length(2, 500))


class DiscrepanciesQuery(Asked):
    """Differences of one state, of one provider, of one day."""

    state = Text(load_default=None, validate=validate.Length(1, 20))
    provider = Text(load_default=None, validate=validate.Length(1, 20))
    day = fields.Date(load_default=None)


class Reconciliation(Schema):
    """One provider's day, compared: what its bill says, and what our books say of the same."""

    id = Text(required=True)
    provider = Text(required=True)
    day = Text(required=True)
    lines = Count(required=True)
    paid = Count(required=True)
    refunded = Count(required=True)
    fee = Count(required=True)
    open = Count(required=True)
    repaired = Count(required=True)
    compared_at = fields.DateTime(required=True)
    paid_here = Count(required=True)
    refunded_here = Count(required=True)


class Reconciliations(Schema):
    """Days that were compared, the latest first."""

    items = list_of(Reconciliation)


class Discrepancy(Schema):
    """One difference of a day."""

    id = Text(required=True)
    provider = Text(required=True)
    day = Text(required=True)
    kind = Text(required=True)
    number = Text(required=True)
    refund = fields.Boolean(required=True)
    here = Count(required=True)
    there = Count(required=True)
    state = Text(required=True)
    cause = Text(required=True)
    explained_by = Text(required=True, allow_none=True)
    approved_by = Text(required=True, allow_none=True)


class Discrepancies(Schema):
    """Differences, the latest day first."""

    items = list_of(Discrepancy)


class BookFault(Schema):
    """Where the books contradict themselves, and how."""

    where = Text(required=True)
    what = Text(required=True)


class BooksCheck(Schema):
    """The books checked against themselves: how many faults were found, and the first of them."""

    id = Text(required=True)
    at = fields.DateTime(required=True)
    found = Count(required=True)
    faults = list_of(BookFault)


class BooksChecks(Schema):
    """Checks of the books, the latest first."""

    items = list_of(BooksCheck)
