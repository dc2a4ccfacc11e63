"""What goes into and comes out of the API of the policy that stays go by."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Count, Text
from handlers.stay_schema import ID


class PolicyQuery(Asked):
    """The city's and one's operator's policy, and a place's if one is named."""

    place_id = Text(load_default=None, validate=ID)


class PolicyBody(Schema):
    """The keys of a scope, and the version of it that was seen."""

    scope = Text(required=True, validate=validate.Length(1, 64))
    values = fields.Dict(keys=Text(), required=True)
    v = Count(required=True)


class PolicyScope(Schema):
    """What one scope says itself, and what holds there."""

    scope = Text(required=True)
    v = Count(required=True)
    values = fields.Dict(required=True)
    resolved = fields.Dict(required=True)


class Policies(Schema):
    """The scopes from the city down, and the keys that there are."""

    scopes = fields.List(fields.Nested(PolicyScope), required=True)
    keys = fields.Dict(required=True)


class PolicyChanged(Schema):
    """The scope that was changed, and its version now."""

    scope = Text(required=True)
    v = Count(required=True)
