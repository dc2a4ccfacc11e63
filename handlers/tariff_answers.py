"""What the API answers about tariffs and calendars."""

from typing import Any

from marshmallow import Schema, fields

from handlers import schema
from handlers.shows import Shown
from server.domain.insight.queries import Repriced
from server.domain.tariff import (
    CalendarYear,
    Problem,
    Quote,
    Tariff,
    Terms,
    explain,
    summary,
)
from server.domain.tariff.schema import form_of
from server.kernel.codec import to_plain

Text = fields.String
Count = fields.Integer


class TariffShown(Schema):
    """A version of a tariff, in short."""

    id = Text(required=True)
    v = Count(required=True)
    code = Text(required=True)
    name = Text(required=True)
    number = Count(required=True)
    state = Text(required=True)
    valid_from = fields.DateTime(required=True)
    valid_to = fields.DateTime(required=True, allow_none=True)
    summary = Text(required=True)


class TariffWhole(TariffShown):
    """A version of a tariff, whole."""

    on_change = Text(required=True)
    approval = Text(required=True)
    note = Text(required=True)
    lines = fields.List(Text(), required=True)
    terms = fields.Nested(form_of(Terms), required=True)


class Tariffs(Schema):
    """Versions of tariffs."""

    items = fields.List(fields.Nested(TariffShown), required=True)


class ProblemShown(Schema):
    """What is wrong with a tariff, and where."""

    code = Text(required=True)
    message = Text(required=True)
    row = Count(required=True, allow_none=True)
    day = Text(required=True, allow_none=True)
    before = Text(required=True, allow_none=True)
    vehicle = Text(required=True, allow_none=True)
    colors = fields.List(Text(allow_none=True), required=True)
    from_min = Count(required=True, allow_none=True)
    to_min = Count(required=True, allow_none=True)


class Checked(Schema):
    """What is wrong with terms, and how they read."""

    problems = fields.List(fields.Nested(ProblemShown), required=True)
    lines = fields.List(Text(), required=True)


class Validated(Schema):
    """A version that was validated, or what is wrong with it."""

    tariff = fields.Nested(TariffWhole, required=True)
    problems = fields.List(fields.Nested(ProblemShown), required=True)


class QuoteLine(schema.BillLine):
    """One reason of a fee, with its row of the tariff."""

    kind = Text(required=True)
    row = Count(required=True, allow_none=True)
    seconds = Count(required=True)
    units = Count(required=True)


class QuoteShown(Schema):
    """An amount in fen with its reasons."""

    amount = Count(required=True)
    lines = fields.List(fields.Nested(QuoteLine), required=True)
    over_s = Count(required=True)


class RepricedShown(Schema):
    """A batch of stays priced by another version; `next` goes on."""

    stays = Count(required=True)
    unpriced = Count(required=True)
    dearer = Count(required=True)
    cheaper = Count(required=True)
    before = Count(required=True)
    after = Count(required=True)
    next = Text(required=True, allow_none=True)


class Cds(Schema):
    """Policies of the Curb Data Specification, and what they cannot say."""

    policies = fields.List(fields.Dict(), required=True)
    lost = fields.List(Text(), required=True)


class YearShown(Schema):
    """A year of a calendar: a letter a day, `.` where nothing is known, capital for special."""

    id = Text(required=True)
    v = Count(required=True)
    calendar_id = Text(required=True)
    name = Text(required=True)
    year = Count(required=True)
    days = Text(required=True)
    names = fields.Dict(required=True)


class Years(Schema):
    """Years of calendars."""

    items = fields.List(fields.Nested(YearShown), required=True)


class AffectedStays(Schema):
    """Stays that were priced on dates whose kind has changed, the latest first; 200 at most."""

    items = fields.List(fields.Nested(schema.Stay), required=True)


def show_tariff(tariff: Tariff) -> Shown:
    """Show a version in short."""
    return {
        "id": tariff.id,
        "v": tariff.v,
        "code": tariff.code,
        "name": tariff.name,
        "number": tariff.number,
        "state": tariff.state.value,
        "valid_from": tariff.valid_from,
        "valid_to": tariff.valid_to,
        "summary": summary(tariff.terms),
    }


def show_whole(tariff: Tariff) -> Shown:
    """Show a version with its terms."""
    return {
        **show_tariff(tariff),
        "on_change": tariff.on_change.value,
        "approval": tariff.approval,
        "note": tariff.note,
        "lines": explain(tariff.terms),
        "terms": to_plain(tariff.terms),
    }


def show_problem(problem: Problem) -> Any:
    """Show what is wrong, and where."""
    return to_plain(problem)


def show_quote(quote: Quote) -> Any:
    """Show an amount with its reasons."""
    return to_plain(quote)


def show_repriced(batch: Repriced) -> Any:
    """Show a batch of a regression."""
    return to_plain(batch)


def show_year(year: CalendarYear) -> Any:
    """Show a year of a calendar."""
    return to_plain(year)
