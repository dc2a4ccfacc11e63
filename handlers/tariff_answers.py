"""What the API answers about tariffs and calendars."""

from typing import Any

from marshmallow import Schema, fields

from handlers import schema
from handlers.shows import Shown
from server.domain.insight.queries import Repriced
from server.domain.stay.queries.assignments import AssignmentPreview
from server.domain.tariff import (
    Assignment,
    CalendarYear,
    Problem,
    Quote,
    Tariff,
    Terms,
    explain,
    summary,
)
from server.domain.tariff.queries import PlaceUsing
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


class ComingShown(Schema):
    """A tariff that a place is to use from an instant on."""

    begins_at = fields.DateTime(required=True)
    tariff_code = Text(required=True)
    tariff = Text(required=True)


class PlaceUsingShown(Schema):
    """A place with the tariff that it uses; `since` where it used another before."""

    id = Text(required=True)
    v = Count(required=True)
    kind = Text(required=True)
    name = Text(required=True)
    division_code = Text(required=True)
    division = Text(required=True)
    berths = Count(required=True)
    tariff_code = Text(required=True)
    tariff = Text(required=True)
    since = fields.DateTime(required=True, allow_none=True)
    coming = fields.Nested(ComingShown, required=True, allow_none=True)


class PlacesUsing(Schema):
    """Places with the tariffs that they use."""

    items = fields.List(fields.Nested(PlaceUsingShown), required=True)


class Assigned(Schema):
    """How many places move to a version of a tariff, how many use it already, and from when on.

    `replaced` of those that move had another change to come, which does not come then.
    """

    tariff = fields.Nested(TariffShown, required=True)
    places = Count(required=True)
    unchanged = Count(required=True)
    begins_at = fields.DateTime(required=True)
    replaced = Count(required=True)


class Cancelled(Schema):
    """At how many places a change does not come that was to."""

    places = Count(required=True)


class TariffLeft(Schema):
    """A tariff that places leave, and how many do."""

    code = Text(required=True)
    name = Text(required=True)
    places = Count(required=True)


class AssignmentPreviewed(Assigned):
    """What moving places to a tariff would mean.

    Of the `running` stays all keep the tariff that they began with, but the `splitting` ones, which
    are priced by both in turn.
    """

    berths = Count(required=True)
    running = Count(required=True)
    splitting = Count(required=True)
    left = fields.List(fields.Nested(TariffLeft), required=True)


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


def show_place_using(using: PlaceUsing) -> Shown:
    """Show a place with the tariff that it uses."""
    place = using.place
    return {
        "id": place.id,
        "v": place.v,
        "kind": place.kind.value,
        "name": place.name,
        "division_code": place.division_code,
        "division": using.division,
        "berths": place.total,
        "tariff_code": using.tariff_code,
        "tariff": using.tariff,
        "since": using.since,
        "coming": to_plain(using.coming) if using.coming else None,
    }


def show_assignment(plan: Assignment) -> Shown:
    """Show how many places move."""
    return {
        "tariff": show_tariff(plan.tariff),
        "places": len(plan.moving),
        "unchanged": plan.unchanged,
        "begins_at": plan.begins_at,
        "replaced": plan.replaced,
    }


def show_preview(preview: AssignmentPreview) -> Shown:
    """Show what moving places would mean."""
    return {
        **show_assignment(preview.plan),
        "berths": preview.berths,
        "running": preview.running,
        "splitting": preview.splitting,
        "left": [to_plain(one) for one in preview.left],
    }


def show_year(year: CalendarYear) -> Any:
    """Show a year of a calendar."""
    return to_plain(year)
