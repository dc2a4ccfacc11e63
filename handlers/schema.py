"""What goes into and comes out of the API, once for the checks and for its description."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from server.domain.vehicle import PlateColor


class Asked(Schema):
    """A query; names that are not known are left out."""

    class Meta:
        unknown = EXCLUDE


class LngLat(fields.Field[tuple[float, float]]):
    """`lng,lat` in WGS-84."""

    def _deserialize(self, value: object, *_: object, **__: object) -> tuple[float, float]:
        try:
            lng, lat = (float(part) for part in str(value).split(","))
        except ValueError as error:
            raise ValidationError("须为 经度,纬度") from error
        if not (-180 <= lng <= 180 and -90 <= lat <= 90):
            raise ValidationError("经纬度超出范围")
        return lng, lat


def list_of(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), required=True)


Text = fields.String
Count = fields.Integer


class NearQuery(Asked):
    """Places around a point."""

    near = LngLat(required=True, metadata={"type": "string", "example": "114.0579,22.5431"})
    radius_m = Count(load_default=1500, validate=validate.Range(1, 20_000))
    kind = Text(load_default=None, validate=validate.OneOf(["lot", "section"]))
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class PhoneBody(Schema):
    """A phone."""

    # 20: what is no phone is kept as somebody's try at one, so it must not be a book.
    phone = Text(required=True, validate=validate.Length(1, 20))


class CodeBody(PhoneBody):
    """A phone and the code that was sent to it."""

    code = Text(required=True, validate=validate.Regexp(r"^[0-9]{6}$"))


class PasswordBody(Schema):
    """A member of staff's name and password."""

    username = Text(required=True, validate=validate.Length(1, 64))
    password = Text(required=True, validate=validate.Length(1, 128))


class PlateQuery(Asked):
    """A plate: number and color."""

    number = Text(required=True, validate=validate.Length(5, 16))
    color = Text(required=True, validate=validate.OneOf([color.value for color in PlateColor]))


class PlateBody(Schema):
    """A plate: number and color."""

    number = Text(required=True, validate=validate.Length(5, 16))
    color = Text(required=True, validate=validate.OneOf([color.value for color in PlateColor]))


class BerthPlateBody(PlateBody):
    """A plate, and the stay that it was read for, where the client knows."""

    stay_id = Text(load_default=None, allow_none=True, validate=validate.Length(1, 32))


class Plate(Schema):
    """A plate: number and color."""

    number = Text(required=True)
    color = Text(required=True)


class Account(Schema):
    """An account, as itself sees it."""

    id = Text(required=True)
    name = Text(required=True)
    phone = Text(metadata={"description": "masked"})


class Login(Schema):
    """A login that has begun."""

    token = Text(required=True)
    expires_at = fields.DateTime(required=True)
    account = fields.Nested(Account, required=True)


class LoginCodeSent(Schema):
    """How long a code lasts, and when another may be asked for."""

    expires_in_s = Count(required=True)
    resend_in_s = Count(required=True)


class RealtimeToken(Schema):
    """The token for the websocket."""

    token = Text(required=True)


class Now(Schema):
    """The server's clock."""

    now_ms = Count(required=True)


class Room(Schema):
    """How much room a place has."""

    total = Count(required=True)
    free = Count(required=True)
    occupied = Count(required=True)
    unknown_ = Count(required=True, data_key="unknown")
    out_of_service = Count(required=True)
    v = Count(required=True)


class NextPrice(Schema):
    """What parking will cost from an instant on."""

    begins_at = fields.DateTime(required=True)
    summary = Text(required=True)


class Price(Schema):
    """What parking costs: in a line, and line by line; and what it will cost, where that is known."""

    summary = Text(required=True)
    lines = fields.List(Text())
    next = fields.Nested(NextPrice, allow_none=True)


class Place(Room):
    """A lot or a section."""

    id = Text(required=True)
    kind = Text(required=True, validate=validate.OneOf(["lot", "section"]))
    name = Text(required=True)
    address = Text(required=True)
    division_code = Text(required=True)
    point = fields.List(fields.Float(), required=True)
    cell = Text(required=True)
    distance_m = Count()
    price = fields.Nested(Price, required=True)


class PlaceDetail(Place):
    """A lot or a section, whole."""

    outline = fields.List(fields.List(fields.Float()), required=True)
    operator = fields.Dict(required=True)


class Places(Schema):
    """Places, the nearest first."""

    items = list_of(Place)
    as_of = fields.DateTime(required=True)


class Berth(Schema):
    """Where a berth is."""

    id = Text(required=True)
    code = Text(required=True)
    polygon = fields.List(fields.List(fields.Float()), required=True)


class Berths(Schema):
    """Berths in their order."""

    items = list_of(Berth)


class PlaceName(Schema):
    """A place or a person by name."""

    id = Text(required=True)
    name = Text(required=True)


class Stay(Schema):
    """A vehicle's time on a berth."""

    id = Text(required=True)
    state = Text(required=True)
    plate = fields.Nested(Plate, required=True, allow_none=True)
    place = fields.Nested(PlaceName, required=True)
    berth_code = Text(required=True)
    arrived_at = fields.DateTime(required=True)
    left_at = fields.DateTime(required=True, allow_none=True)
    amount = Count(required=True, allow_none=True, metadata={"description": "fen"})


class Stays(Schema):
    """Stays, the latest first."""

    items = list_of(Stay)


class StayAnswer(Schema):
    """One stay."""

    stay = fields.Nested(Stay, required=True)


class BillLine(Schema):
    """One reason of a bill."""

    text = Text(required=True)
    amount = Count(required=True)


class Bill(Schema):
    """What is owed for a stay, in fen."""

    id = Text(required=True)
    stay_id = Text(required=True)
    state = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    due = Count(required=True)
    waived = Count(required=True)
    paid = Count(required=True)
    open = Count(required=True, metadata={"description": "what is left to pay"})
    given_up = Count(required=True, metadata={"description": "written off, and may still be paid"})
    valid_until = fields.DateTime(required=True, allow_none=True)
    lines = list_of(BillLine)
    issued_at = fields.DateTime(required=True)


class Bills(Schema):
    """Bills, the latest first."""

    items = list_of(Bill)


class Vehicle(Schema):
    """A vehicle; one of them is preferred."""

    id = Text(required=True)
    plate = fields.Nested(Plate, required=True)
    preferred = fields.Boolean(required=True)


class Vehicles(Schema):
    """Vehicles; a keyboard of plates begins with `local_prefix`, a province and a letter or nothing."""

    items = list_of(Vehicle)
    local_prefix = Text(required=True)


class VehicleAnswer(Schema):
    """One vehicle."""

    vehicle = fields.Nested(Vehicle, required=True)


class Division(Schema):
    """An administrative division."""

    code = Text(required=True)
    name = Text(required=True)


class PatrolSection(Room):
    """A section on the patrol's list."""

    id = Text(required=True)
    name = Text(required=True)
    division = fields.Nested(Division, required=True)
    cell = Text(required=True)


class PatrolSections(Schema):
    """The sections in scope; a keyboard of plates begins with `local_prefix`, if it is not empty."""

    items = list_of(PatrolSection)
    local_prefix = Text(required=True)


class PatrolBerth(Schema):
    """A berth on the patrol's grid."""

    id = Text(required=True)
    code = Text(required=True)
    sensor = fields.Boolean(required=True)


class PatrolSectionDetail(PatrolSection):
    """A section with its berths."""

    price = fields.Nested(Price, required=True)
    berths = list_of(PatrolBerth)


class CityPlace(Room):
    """A place on the city's map."""

    id = Text(required=True)
    kind = Text(required=True)
    name = Text(required=True)
    division_code = Text(required=True)
    point = fields.List(fields.Float(), required=True)
    outline = fields.List(fields.List(fields.Float()), required=True)
    cell = Text(required=True)


class City(Schema):
    """The city in scope."""

    name = Text(required=True)
    center = fields.List(fields.Float(), required=True)
    time_zone = Text(required=True)
    organization_id = Text(required=True)
    divisions = list_of(Division)
    places = list_of(CityPlace)
    as_of = fields.DateTime(required=True)


class CityBerths(Schema):
    """Berths as rows `[id, code, place_id, polygon]`."""

    items = fields.List(fields.List(fields.Raw()), required=True)


class BerthState(Schema):
    """What is known of a berth now."""

    berth_id = Text(required=True)
    state = Text(required=True)


class Me(Schema):
    """Who is logged in."""

    account = fields.Nested(Account, required=True)
    organization = fields.Nested(PlaceName, required=True)
    permissions = fields.List(Text(), required=True)


class Colleagues(Schema):
    """Staff by name."""

    items = list_of(PlaceName)


class Snapshot(Schema):
    """A channel's whole state, and the position that it was read at."""

    channel = Text(required=True)
    epoch = Text(required=True)
    offset = Count(required=True)
    data = fields.Dict(required=True)


class ErrorShown(Schema):
    """A refusal."""

    code = Text(required=True)
    message = Text(required=True)
    fields_ = fields.Dict(data_key="fields")


class ErrorAnswer(Schema):
    """Why something was refused."""

    error = fields.Nested(ErrorShown, required=True)
