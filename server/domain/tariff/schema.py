"""Forms of tariffs, drawn from the nouns themselves: a knob is defined once, in the model."""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from marshmallow import Schema, ValidationError, post_load, validate
from marshmallow import fields as forms

from server.domain.tariff.model import Car, Day, DayChange, DayKind, OnChange, Terms
from server.domain.vehicle import PlateColor

# 100 M: a bill of a million yuan is a slip of the keyboard.
AMOUNT_MAX = 100_000_000
TUPLE_MAX = 200
# 400 days: longer than any car was left, short enough that a trial takes 10 ms.
TRIAL_MAX = timedelta(days=400)


@cache
def form_of(noun: type) -> type[Schema]:
    """Make the form of a frozen dataclass: fields that are not known are refused, by their path."""
    hints = get_type_hints(noun)
    made: dict[str, Any] = {"__doc__": (noun.__doc__ or "").partition("\n")[0]}
    for field in fields(noun):
        required = field.default is MISSING and field.default_factory is MISSING
        made[field.name] = _field(hints[field.name], {"required": True} if required else {})

    def build(_self: Schema, data: dict[str, Any], **_: Any) -> Any:
        return noun(**data)

    made["build"] = post_load(build)
    return type(noun.__name__, (Schema,), made)


def _field(hint: Any, options: dict[str, Any]) -> forms.Field[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        [inner] = [one for one in get_args(hint) if one is not type(None)]
        return _field(inner, {**options, "allow_none": True})
    if get_origin(hint) is tuple:
        many = _field(get_args(hint)[0], {})
        return Tuple(many, validate=validate.Length(max=TUPLE_MAX), **options)
    if is_dataclass(hint) and isinstance(hint, type):
        return forms.Nested(form_of(hint), **options)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return forms.Enum(hint, by_value=True, **options)
    if hint is int:
        limit = validate.Range(-AMOUNT_MAX, AMOUNT_MAX)
        return forms.Integer(strict=True, validate=limit, **options)
    simple = {str: forms.String, bool: forms.Boolean, datetime: forms.AwareDateTime}
    longest = {"validate": validate.Length(max=200)} if hint is str else {}
    form: forms.Field[Any] = simple[hint](**options, **longest)
    return form


class Tuple(forms.List[Any]):
    """A list that is kept as a tuple, as nouns are frozen."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, *args, **kwargs))


Code = validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,47}$", error="须为小写字母、数字、横线")


class TermsBody(Schema):
    """What a draft says: its name, its terms, and what becomes of running stays."""

    name = forms.String(required=True, validate=validate.Length(1, 60))
    terms = forms.Nested(form_of(Terms), required=True)
    on_change = forms.Enum(OnChange, by_value=True, load_default=OnChange.KEEP)
    approval = forms.String(load_default="", validate=validate.Length(max=100))
    note = forms.String(load_default="", validate=validate.Length(max=500))


class TariffFile(TermsBody):
    """A tariff as a file."""

    format = forms.String(required=True, validate=validate.Equal("smartcloud-tariff/1"))
    code = forms.String(required=True, validate=Code)


class DraftBody(TermsBody):
    """A new draft."""

    code = forms.String(required=True, validate=Code)


class VersionBody(Schema):
    """The version of the row that the caller has seen."""

    v = forms.Integer(required=True, strict=True)


class ChangeBody(VersionBody, TermsBody):
    """A changed draft."""


class PlaceSeen(Schema):
    """A place, and the version of it that the caller has seen."""

    id = forms.String(required=True, validate=validate.Length(1, 64))
    v = forms.Integer(required=True, strict=True)


class PlacesSeenBody(Schema):
    """Places, each in the version that the caller has seen."""

    places = forms.List(forms.Nested(PlaceSeen), required=True, validate=validate.Length(1, 1_000))

    @post_load
    def make_versions(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the version seen of each place by its id."""
        return {**data, "places": {one["id"]: one["v"] for one in data["places"]}}


class AssignmentBody(PlacesSeenBody):
    """Places that are to use a tariff, and from when on; at once where nothing is said."""

    begins_at = forms.AwareDateTime(load_default=None, allow_none=True, default_timezone=UTC)


class PlacesQuery(Schema):
    """Places of one tariff; of all where nothing is said."""

    code = forms.String(load_default=None, validate=Code)


class PublishBody(VersionBody):
    """When a version comes into force; at once where nothing is said."""

    valid_from = forms.AwareDateTime(load_default=None, allow_none=True, default_timezone=UTC)


class TrialBody(Schema):
    """A stay that is made up to see its price; `first` says that the plate has not come before."""

    arrived_at = forms.AwareDateTime(required=True, default_timezone=UTC)
    left_at = forms.AwareDateTime(required=True, default_timezone=UTC)
    vehicle = forms.String(load_default="small", validate=validate.Length(1, 30))
    color = forms.Enum(PlateColor, by_value=True, load_default=None, allow_none=True)
    berths = forms.Integer(load_default=1, strict=True, validate=validate.Range(1, 10))
    tags = forms.List(forms.String(), load_default=[], validate=validate.Length(max=10))
    first = forms.Boolean(load_default=True)

    @post_load
    def make_car(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put what of it is the car's together, and refuse a stay that ends before it begins."""
        arrived_at, left_at = data["arrived_at"], data["left_at"]
        if not arrived_at <= left_at <= arrived_at + TRIAL_MAX:
            raise ValidationError("离场须晚于到达，且不超过 400 天", "left_at")
        came = () if data.pop("first") else (arrived_at - timedelta(seconds=1),)
        tags = frozenset(data.pop("tags"))
        car = Car(data.pop("vehicle"), data.pop("color"), data.pop("berths"), tags, came)
        return {**data, "car": car}


class ConfirmBody(VersionBody, TrialBody):
    """A trial, and the amount in fen that was worked out by hand."""

    expected = forms.Integer(required=True, strict=True)


class RegressionQuery(Schema):
    """Which stays to price anew: those that ended in a time, from a cursor on."""

    since = forms.AwareDateTime(required=True, default_timezone=UTC)
    until = forms.AwareDateTime(required=True, default_timezone=UTC)
    after = forms.String(load_default=None, validate=validate.Length(max=60))


class CdsBody(Schema):
    """Policies of the Curb Data Specification, to begin a draft with."""

    code = forms.String(required=True, validate=Code)
    name = forms.String(required=True, validate=validate.Length(1, 60))
    policies = forms.List(forms.Dict(), required=True, validate=validate.Length(1, 100))


class CalendarFileBody(Schema):
    """The State Council's list of a year, as the text of a CSV or JSON file."""

    calendar_id = forms.String(required=True, validate=Code)
    name = forms.String(required=True, validate=validate.Length(1, 30))
    text = forms.String(required=True, validate=validate.Length(1, 40_000))


class DayBody(Schema):
    """What a date becomes; without a kind nothing is said of it any more."""

    on = forms.Date(required=True)
    kind = forms.Enum(DayKind, by_value=True, required=True, allow_none=True)
    special = forms.Boolean(load_default=False)
    name = forms.String(load_default="", validate=validate.Length(max=30))

    @post_load
    def make_change(self, data: dict[str, Any], **_: Any) -> DayChange:
        """Make the change that the use case takes."""
        day = Day(data["kind"], data["special"]) if data["kind"] else None
        return DayChange(data["on"], day, data["name"])


class DaysBody(VersionBody):
    """Changes of dates."""

    changes = forms.List(forms.Nested(DayBody), required=True, validate=validate.Length(1, 366))


class DatesQuery(Schema):
    """Dates, joined by commas."""

    dates = forms.String(required=True, validate=validate.Length(10, 4_000))

    @post_load
    def split(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Read each date."""
        try:
            return {"dates": [date.fromisoformat(one) for one in data["dates"].split(",")]}
        except ValueError as error:
            raise ValidationError("须为 YYYY-MM-DD，以逗号分隔", "dates") from error
