"""What goes into and comes out of the API about autopay."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Count, Plate, Text, list_of


class MandateQuery(Asked):
    """Who has given the mandate: an openid, on the `web` that of the official account."""

    payer = Text(required=True, validate=validate.Length(1, 128))
    web = fields.Boolean(load_default=False)


class ProviderPage(Schema):
    """A page of the provider's own mini-program, and what it is told when it is opened."""

    app_id = Text(required=True)
    path = Text(required=True)
    told = fields.Dict(keys=Text(), values=Text(), required=True)


class Mandate(Schema):
    """What became of the mandate for a plate: `normal`, `paused` or `out_of_service`.

    `page` is where it is given and ended, `repay` where what the provider has lent is repaid.
    """

    service = Text(required=True)
    page = fields.Nested(ProviderPage, required=True)
    repay = fields.Nested(ProviderPage, required=True)


class AutopayGround(Schema):
    """Where an operator debits: everywhere, or at so many places; never more than the limit."""

    operator = Text(required=True)
    everywhere = fields.Boolean(required=True)
    places = Count(required=True)
    limit = Count(required=True)


class AutopayVehicle(Schema):
    """An own vehicle, and what the provider said of it when it last stood somewhere.

    `standing` is `normal`, `blocked`, or null where the provider was not told of it lately.
    """

    id = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    preferred = fields.Boolean(required=True)
    standing = Text(required=True, allow_none=True)
    block = Text(required=True, allow_none=True)
    told_at = fields.DateTime(required=True, allow_none=True)


class OwnDebit(Schema):
    """An own stay that the provider was told of, and what came of that.

    `outcome` is `standing`, `under_way`, `again` (at `again_at`), `paid` (so much, at `paid_at`),
    `left` (to be paid by hand: `open` of `bill_id`) or `over`; `block` and `closing` say why.
    """

    stay_id = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    place_name = Text(required=True)
    arrived_at = fields.DateTime(required=True)
    left_at = fields.DateTime(required=True, allow_none=True)
    outcome = Text(required=True)
    state = Text(required=True)
    block = Text(required=True, allow_none=True)
    closing = Text(required=True, allow_none=True)
    attempt = Count(required=True)
    again_at = fields.DateTime(required=True, allow_none=True)
    amount = Count(required=True)
    paid_at = fields.DateTime(required=True, allow_none=True)
    bill_id = Text(required=True, allow_none=True)
    open = Count(required=True)


class OwnAutopay(Schema):
    """What a motorist has of autopay; the debits are of the last stays, the latest first."""

    grounds = list_of(AutopayGround)
    vehicles = list_of(AutopayVehicle)
    debits = list_of(OwnDebit)


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
