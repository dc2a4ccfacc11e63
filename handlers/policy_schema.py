"""What goes into and comes out of the API of the policy that stays go by."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Count, Text
from handlers.stay_schema import ID
from server.domain.stay import PolicyKind, PolicyUnit


class PolicyQuery(Asked):
    """The city's and one's operator's policy, and a place's if one is named."""

    place_id = Text(load_default=None, validate=ID)


class PolicyBody(Schema):
    """The keys of a scope, and the version of it that was seen."""

    scope = Text(required=True, validate=validate.Length(1, 64))
    values = fields.Dict(keys=Text(), required=True)
    v = Count(required=True)


class PolicyScope(Schema):
    """What one scope says itself, what holds there, and for each key from which scope it is."""

    scope = Text(required=True)
    name = Text(required=True)
    v = Count(required=True)
    values = fields.Dict(required=True)
    resolved = fields.Dict(required=True)
    sources = fields.Dict(keys=Text(), values=Text(), required=True)
    changeable = fields.Boolean(required=True)


class PolicyChoice(Schema):
    """One of the values that a key may have, and its name."""

    value = Text(required=True)
    label = Text(required=True)


class PolicyKey(Schema):
    """A key: where a person looks for it, what it does, and what it may be in which scopes."""

    group = Text(required=True)
    label = Text(required=True)
    hint = Text(required=True)
    kind = Text(required=True, validate=validate.OneOf([one.value for one in PolicyKind]))
    least = Count(required=True)
    most = Count(required=True)
    unit = Text(
        required=True, allow_none=True, validate=validate.OneOf([one.value for one in PolicyUnit])
    )
    choices = fields.List(fields.Nested(PolicyChoice), required=True, allow_none=True)
    default = fields.Raw(required=True)
    scopes = fields.List(Text(), required=True)


class Policies(Schema):
    """The scopes from the city down, and the keys that there are, in the order of a page."""

    scopes = fields.List(fields.Nested(PolicyScope), required=True)
    keys = fields.Dict(keys=Text(), values=fields.Nested(PolicyKey), required=True)


class PolicyChanged(Schema):
    """The scope that was changed, and its version now."""

    scope = Text(required=True)
    v = Count(required=True)
