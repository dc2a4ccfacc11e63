"""What goes into and comes out of the API of stays."""

from typing import Any

from marshmallow import Schema, fields, post_load, pre_load, validate

from handlers.schema import Asked, Count, LngLat, Plate, PlateBody, Stay, Text
from server.domain.stay import (
    Change,
    DisputeReason,
    EditKind,
    PhotoKind,
    RequestState,
    ReviewOutcome,
    ReviewReason,
    ReviewState,
    StayState,
)
from server.domain.vehicle import read_plate

ID = validate.Length(1, 64)
REASON = validate.Length(1, 200)


def _one_of(kinds: Any, **given: Any) -> fields.Enum[Any]:
    return fields.Enum(kinds, by_value=True, **given)


def _instant(**given: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", **given)


class StaysQuery(Asked):
    """Stays by when they began, where, whose, and what is the matter with them."""

    since = _instant(load_default=None)
    until = _instant(load_default=None)
    place_id = Text(load_default=None, validate=ID)
    number = Text(
        load_default=None,
        validate=validate.Length(1, 16),
        metadata={"description": "a plate, or a part of it"},
    )
    state = Text(load_default=None, validate=validate.OneOf([one.value for one in StayState]))
    flag = Text(load_default=None, validate=validate.Length(1, 32))
    held = fields.Boolean(load_default=None)
    doubtful = fields.Boolean(load_default=None)
    cursor = Text(load_default=None, validate=ID)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class RequestsQuery(Asked):
    """Requests for approval in one state, of one stay or any."""

    state = _one_of(RequestState, load_default=RequestState.REQUESTED)
    stay_id = Text(load_default=None, validate=ID)
    cursor = Text(load_default=None, validate=ID)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class ReviewsQuery(Asked):
    """Reviews in one state, for one reason or any."""

    state = _one_of(ReviewState, load_default=ReviewState.OPEN)
    reason = _one_of(ReviewReason, load_default=None)
    cursor = Text(load_default=None, validate=validate.Length(1, 96))
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class EditBody(Schema):
    """An edit: which fields are needed follows from its kind."""

    kind = _one_of(EditKind, required=True)
    reason = Text(required=True, validate=REASON)
    stay_id = Text(validate=ID)
    stay_v = Count()
    other_id = Text(validate=ID, metadata={"description": "the other stay, or the edit to undo"})
    plate = fields.Nested(PlateBody)
    berth_id = Text(validate=ID)
    arrived_at = _instant()
    left_at = _instant()
    at = _instant(metadata={"description": "where a stay is split"})
    evidence_ids = fields.List(Text(validate=ID), validate=validate.Length(max=20))
    client_id = Text(validate=ID)

    @post_load
    def change(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Make the command of it."""
        return {"change": _change(data)}


class ArrivalBody(Schema):
    """A car that an officer saw; `client_id` makes it one however often it is sent."""

    berth_id = Text(required=True, validate=ID)
    arrived_at = _instant(required=True)
    plate = fields.Nested(PlateBody)
    client_id = Text(required=True, validate=validate.Length(8, 64))
    evidence_ids = fields.List(Text(validate=ID), validate=validate.Length(max=20))

    @post_load
    def change(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Make the command of it."""
        return {"change": _change({**data, "kind": EditKind.ARRIVAL, "reason": "巡查补入车"})}


class LeaveBody(Schema):
    """A car that has gone, as an officer saw."""

    stay_id = Text(required=True, validate=ID)
    left_at = _instant(required=True)
    client_id = Text(required=True, validate=validate.Length(8, 64))
    evidence_ids = fields.List(Text(validate=ID), validate=validate.Length(max=20))

    @post_load
    def change(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Make the command of it."""
        return {"change": _change({**data, "kind": EditKind.LEAVE, "reason": "巡查补出车"})}


class CorrectPlateBody(Schema):
    """The plate that an officer reads, where another was known."""

    stay_id = Text(required=True, validate=ID)
    plate = fields.Nested(PlateBody, required=True)
    client_id = Text(required=True, validate=validate.Length(8, 64))
    reason = Text(load_default="巡查更正车牌", validate=REASON)
    evidence_ids = fields.List(Text(validate=ID), validate=validate.Length(max=20))

    @post_load
    def change(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Make the command of it."""
        return {"change": _change({**data, "kind": EditKind.PLATE})}


def _change(data: dict[str, Any]) -> Change:
    plate = data.get("plate")
    read = read_plate(plate["number"], plate["color"]) if plate else None
    return Change(**{**data, "plate": read, "evidence_ids": tuple(data.get("evidence_ids", ()))})


class RemarkBody(Schema):
    """Why a request is closed."""

    remark = Text(load_default="", validate=validate.Length(max=200))


class ResolveBody(Schema):
    """How a review is decided."""

    outcome = _one_of(ReviewOutcome, required=True)
    remark = Text(required=True, validate=REASON)

    @pre_load
    def staff_only(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Withdrawing is the motorist's, lapsing is time's."""
        others = data.get("outcome") in ("withdrawn", "lapsed")
        return {**data, "outcome": "" if others else data.get("outcome")}


class DisputeBody(Schema):
    """What a motorist says against a stay."""

    reason = _one_of(DisputeReason, required=True)
    statement = Text(required=True, validate=validate.Length(1, 500))
    evidence_ids = fields.List(Text(validate=ID), load_default=(), validate=validate.Length(max=20))

    @post_load
    def tupled(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Keep the evidence as nouns keep it."""
        return {**data, "evidence_ids": tuple(data["evidence_ids"])}


class BillDisputeBody(Schema):
    """What a motorist says against a bill, of whose stay he sees nothing else."""

    reason = _one_of(DisputeReason, required=True)
    statement = Text(required=True, validate=validate.Length(1, 500))


class PhotoQuery(Asked):
    """What a photo shows, and when, where and with what it was taken; the body is the picture."""

    kind = _one_of(PhotoKind, required=True)
    taken_at = _instant(load_default=None)
    device_id = Text(load_default="", validate=validate.Length(max=64))
    point = LngLat(load_default=None, metadata={"type": "string", "example": "114.0579,22.5431"})


class StayDetail(Stay):
    """A stay, whole."""

    v = Count(required=True)
    revision = Count(required=True)
    flags = fields.List(Text(), required=True)
    holds = fields.List(Text(), required=True)
    merged_into = Text(required=True, allow_none=True)
    split_from = Text(required=True, allow_none=True)
    lines = fields.List(fields.Dict(), required=True)


class StayDetailAnswer(Schema):
    """One stay, whole."""

    stay = fields.Nested(StayDetail, required=True)


class StaysPage(Schema):
    """Stays, the newest first."""

    items = fields.List(fields.Nested(StayDetail), required=True)
    cursor = Text(required=True, allow_none=True)


class Entry(Schema):
    """One thing that is known of a stay; what it says follows from its kind."""

    at = fields.DateTime(required=True)
    kind = Text(required=True)
    id = Text(required=True)
    by = Text(required=True, allow_none=True)
    device_id = Text(required=True, allow_none=True)
    said = fields.Dict(required=True)


class Timeline(Schema):
    """All that is known of a stay, the oldest first."""

    stay = fields.Nested(StayDetail, required=True)
    entries = fields.List(fields.Nested(Entry), required=True)


class Edit(Schema):
    """An edit that was done."""

    id = Text(required=True)
    stay_ids = fields.List(Text(), required=True)
    kind = Text(required=True)
    reason = Text(required=True)
    difference = Count(required=True, metadata={"description": "fen"})
    actor_id = Text(required=True)
    approver_id = Text(required=True, allow_none=True)
    at = fields.DateTime(required=True)
    undone_by = Text(required=True, allow_none=True)


class Edits(Schema):
    """Edits, the oldest first."""

    items = fields.List(fields.Nested(Edit), required=True)


class Request(Schema):
    """An edit that waits for a second person."""

    id = Text(required=True)
    stay_ids = fields.List(Text(), required=True)
    kind = Text(required=True)
    reason = Text(required=True)
    plate = fields.Nested(Plate, required=True, allow_none=True)
    difference = Count(required=True, metadata={"description": "fen"})
    state = Text(required=True)
    requested_by = Text(required=True)
    requested_at = fields.DateTime(required=True)
    decided_by = Text(required=True, allow_none=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    remark = Text(required=True)


class EditAnswer(Schema):
    """The edit that was done, or the request that waits."""

    edit = fields.Nested(Edit, required=True, allow_none=True)
    request = fields.Nested(Request, required=True, allow_none=True)


class StayVersion(Schema):
    """A stay before and after an edit; before one that makes it there is none."""

    before = fields.Nested(StayDetail, required=True, allow_none=True)
    after = fields.Nested(StayDetail, required=True)


class EditPreview(Schema):
    """What an edit would make of its stays, in fen; nothing is done."""

    versions = fields.List(fields.Nested(StayVersion), required=True)
    difference = Count(required=True, metadata={"description": "fen"})
    needs_approval = fields.Boolean(required=True)


class RequestAnswer(Schema):
    """One request."""

    request = fields.Nested(Request, required=True)


class RequestDetail(Schema):
    """One request, and what it would do now; nothing when it can no longer be done."""

    request = fields.Nested(Request, required=True)
    preview = fields.Nested(EditPreview, required=True, allow_none=True)


class Requests(Schema):
    """Requests, the newest first."""

    items = fields.List(fields.Nested(Request), required=True)
    cursor = Text(required=True, allow_none=True)


class Review(Schema):
    """What a person is to look at."""

    id = Text(required=True)
    reason = Text(required=True)
    stay_id = Text(required=True)
    other_id = Text(required=True, allow_none=True)
    place_name = Text(required=True)
    berth_code = Text(required=True)
    plate = fields.Nested(Plate, required=True, allow_none=True)
    seen = fields.Nested(Plate, required=True, allow_none=True)
    dispute = Text(required=True, allow_none=True)
    statement = Text(required=True)
    evidence_ids = fields.List(Text(), required=True)
    raised_at = fields.DateTime(required=True)
    state = Text(required=True)
    claimed_by = Text(required=True, allow_none=True)
    outcome = Text(required=True, allow_none=True)
    remark = Text(required=True)
    resolved_at = fields.DateTime(required=True, allow_none=True)


class ReviewAnswer(Schema):
    """One review."""

    review = fields.Nested(Review, required=True)


class Reviews(Schema):
    """Reviews, the newest first."""

    items = fields.List(fields.Nested(Review), required=True)
    cursor = Text(required=True, allow_none=True)


class Dispute(Schema):
    """A motorist's own dispute: who works on it is not his to know."""

    reason = Text(required=True)
    statement = Text(required=True)
    state = Text(required=True)
    outcome = Text(required=True, allow_none=True)
    remark = Text(required=True)
    raised_at = fields.DateTime(required=True)
    resolved_at = fields.DateTime(required=True, allow_none=True)


class DisputeAnswer(Schema):
    """One's own dispute."""

    dispute = fields.Nested(Dispute, required=True)


class Photo(Schema):
    """A photo, without its bytes."""

    id = Text(required=True)
    stay_id = Text(required=True)
    kind = Text(required=True)
    sha256 = Text(required=True)
    width = Count(required=True)
    height = Count(required=True)
    taken_at = fields.DateTime(required=True)


class PhotoAnswer(Schema):
    """One photo."""

    photo = fields.Nested(Photo, required=True)
