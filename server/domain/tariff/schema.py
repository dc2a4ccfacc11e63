"""Forms of tariffs, drawn from the nouns themselves: a knob is defined once, in the model."""

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from marshmallow import Schema, post_load, validate
from marshmallow import fields as forms

from server.domain.tariff.model import OnChange, Terms

# 100 M: a bill of a million yuan is a slip of the keyboard.
AMOUNT_MAX = 100_000_000
TUPLE_MAX = 200


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
