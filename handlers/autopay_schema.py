"""What goes into and comes out of the API about autopay."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Count, Plate, Text, list_of


class MandateQuery(Asked):
    """Who has given the mandate: an openid."""

    payer = Text(required=True, validate=validate.Length(1, 128))


class Mandate(Schema):
    """What became of the mandate for a plate: `normal`, `paused` or `out_of_service`."""

    service = Text(required=True)


class ParkingEntry(Schema):
    """What a provider was told of a stay, and what it made of that."""

    id = Text(required=True)
    state = Text(required=True)
    block = Text(required=True, allow_none=True)
    closing = Text(required=True, allow_none=True)
    attempt = Count(required=True)
    plate = fields.Nested(Plate, required=True)
    place_name = Text(required=True)
    arrived_at = fields.DateTime(required=True)
    parking_id = Text(required=True)
    intent_id = Text(required=True)
    created_at = fields.DateTime(required=True)
    ask_at = fields.DateTime(required=True, allow_none=True)


class ParkingEntries(Schema):
    """The entries of a stay, the first first."""

    items = list_of(ParkingEntry)
