"""What clients see of stays' evidence, edits and reviews; a motorist sees no person's id."""

from typing import Any

from handlers.money_entries import money_entries
from handlers.shows import Shown, show_plate, show_stay
from server.domain.refund.queries import StayMoney
from server.domain.stay import (
    EditRequest,
    Photo,
    Preview,
    Review,
    Stay,
    StayEdit,
    StayLinks,
)
from server.domain.stay.queries.timeline import Entry, EntryKind, Evidence, in_order
from server.domain.vehicle import mask_plate
from server.kernel.access import Audience
from server.kernel.pages import Page


def show_stay_whole(stay: Stay) -> Shown:
    """Show a stay with what is the matter with it, to its driver or to staff in scope."""
    links = stay.links or StayLinks()
    return {
        **show_stay(stay),
        "v": stay.v,
        "revision": stay.revision,
        "flags": stay.flags,
        "holds": stay.holds,
        "merged_into": links.merged_into,
        "split_from": links.split_from,
        "lines": [{"text": line.text, "amount": line.amount} for line in stay.lines],
    }


def show_stays(page: Page[Stay]) -> Shown:
    """Show a page of stays."""
    return {"items": [show_stay_whole(one) for one in page.items], "cursor": page.cursor}


def show_evidence(found: Evidence, money: StayMoney, audience: Audience) -> Shown:
    """Show all that is known of a stay, its money among it.

    To its driver people are who they are by their role only, and another car's plate is masked.
    """
    entries = in_order([*found.entries, *money_entries(money, stay_id=found.stay.id)])
    return {
        "stay": show_stay_whole(found.stay),
        "entries": [_entry(one, found.stay, audience) for one in entries],
    }


def _entry(entry: Entry, stay: Stay, audience: Audience) -> Shown:
    own = audience is Audience.MOTORIST
    by = entry.actor_id
    if own and by is not None:
        by = "self" if by == stay.owner_id else "staff"
    return {
        "at": entry.at,
        "kind": entry.kind.value,
        "id": entry.id,
        "by": by,
        "device_id": entry.device_id,
        "said": _masked(entry, stay) if own else entry.said,
    }


def _masked(entry: Entry, stay: Stay) -> dict[str, Any]:
    said = dict(entry.said)
    number = stay.plate.number if stay.plate else ""
    if entry.kind is EntryKind.READING and said["plate"] not in (None, number):
        said["plate"] = _mask(said["plate"])
    if entry.kind is EntryKind.BILL:
        return _mask_side(said, number) or said
    if entry.kind is EntryKind.EDIT:
        said["approver_id"] = "staff" if said["approver_id"] else None
        for side in ("before", "after"):
            said[side] = _mask_side(said[side], number)
    return said


def _mask_side(side: dict[str, Any] | None, number: str) -> dict[str, Any] | None:
    plate = side and side["plate"]
    if side is None or not plate or plate["number"] == number:
        return side
    return {**side, "plate": {**plate, "number": _mask(plate["number"])}}


def _mask(number: str) -> str:
    # What a camera misread may be no plate at all: then nothing of it is shown.
    return mask_plate(number) if len(number) > 5 else "*" * len(number)


def show_edit(edit: StayEdit) -> Shown:
    """Show an edit to staff."""
    return {
        "id": edit.id,
        "stay_ids": edit.stay_ids,
        "kind": edit.change.kind.value,
        "reason": edit.change.reason,
        "difference": edit.difference,
        "actor_id": edit.actor_id,
        "approver_id": edit.approver_id,
        "at": edit.at,
        "undone_by": edit.undone_by,
    }


def show_request(request: EditRequest) -> Shown:
    """Show a request for approval to staff."""
    return {
        "id": request.id,
        "stay_ids": request.stay_ids,
        "kind": request.change.kind.value,
        "reason": request.change.reason,
        "plate": show_plate(request.change.plate),
        "difference": request.difference,
        "state": request.state.value,
        "requested_by": request.requested_by,
        "requested_at": request.requested_at,
        "decided_by": request.decided_by,
        "decided_at": request.decided_at,
        "remark": request.remark,
    }


def show_done(done: StayEdit | EditRequest) -> Shown:
    """Show what came of an edit: it is done, or it waits."""
    if isinstance(done, EditRequest):
        return {"edit": None, "request": show_request(done)}
    return {"edit": show_edit(done), "request": None}


def show_preview(preview: Preview) -> Shown:
    """Show what an edit would make of its stays."""
    versions = [
        {
            "before": show_stay_whole(one.before) if one.before else None,
            "after": show_stay_whole(one.after),
        }
        for one in preview.versions
    ]
    return {
        "versions": versions,
        "difference": preview.difference,
        "needs_approval": preview.needs_approval,
    }


def show_requests(page: Page[EditRequest]) -> Shown:
    """Show a page of requests."""
    return {"items": [show_request(one) for one in page.items], "cursor": page.cursor}


def show_review(review: Review) -> Shown:
    """Show to staff what is to be looked at."""
    return {
        "id": review.id,
        "reason": review.reason.value,
        "stay_id": review.stay_id,
        "other_id": review.other_id,
        "place_name": review.berth.place_name,
        "berth_code": review.berth.code,
        "plate": show_plate(review.plate),
        "seen": show_plate(review.seen),
        "dispute": review.dispute.value if review.dispute else None,
        "statement": review.statement,
        "evidence_ids": review.evidence_ids,
        "raised_at": review.raised_at,
        "state": review.state.value,
        "claimed_by": review.claimed_by,
        "outcome": review.outcome.value if review.outcome else None,
        "remark": review.remark,
        "resolved_at": review.resolved_at,
    }


def show_reviews(page: Page[Review]) -> Shown:
    """Show a page of reviews."""
    return {"items": [show_review(one) for one in page.items], "cursor": page.cursor}


def show_dispute(review: Review) -> Shown:
    """Show a dispute to whom it belongs."""
    shown = show_review(review)
    names = ("statement", "state", "outcome", "remark", "raised_at", "resolved_at")
    return {"reason": shown["dispute"], **{name: shown[name] for name in names}}


def show_photo(photo: Photo) -> Shown:
    """Show what is known of a photo."""
    return {
        "id": photo.id,
        "stay_id": photo.stay_id,
        "kind": photo.kind.value,
        "sha256": photo.sha256,
        "width": photo.width,
        "height": photo.height,
        "taken_at": photo.taken_at,
    }
