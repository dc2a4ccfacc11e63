"""The evidence of one stay in one list: readings, photos, edits, prices, reviews, in their order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from server.domain.equipment import KeptReading, readings_between
from server.domain.estate import Berth
from server.domain.stay.model import Occupancy, Stay
from server.domain.stay.model.edits import StayEdit
from server.domain.stay.model.photos import Photo
from server.domain.stay.model.reviews import Review, ReviewOutcome
from server.domain.stay.service.edits import stay_in_sight
from server.kernel.work import Work

# 15 min before and after: the state before the car came, and what was reported late.
AROUND = timedelta(minutes=15)


class EntryKind(StrEnum):
    """What an entry is; those of money are added by whoever knows them."""

    READING = "reading"
    PHOTO = "photo"
    EDIT = "edit"
    PRICE = "price"
    REVIEW = "review"
    BILL = "bill"
    DISCOUNT = "discount"
    PAYMENT = "payment"
    REFUND = "refund"


# What was seen goes before what was made of it at the same instant.
_ORDER = {kind: place for place, kind in enumerate(EntryKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is known of a stay, when it happened, and who says so.

    `said` has plain values; `actor_id` a person, `device_id` a device.
    """

    at: datetime
    kind: EntryKind
    id: str
    actor_id: str | None = None
    device_id: str | None = None
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stay with all that is known of it, the oldest first."""

    stay: Stay
    entries: tuple[Entry, ...]


async def evidence_of(work: Work, *, stay_id: str) -> Evidence:
    """Gather what is known of a stay, if the actor may see it."""
    stay = await stay_in_sight(work, stay_id=stay_id)
    edits = await work.table(StayEdit).find({"stay_ids": stay.id}, sort="at")
    photos = await work.table(Photo).find({"stay_id": stay.id}, sort="taken_at")
    reviews = await work.table(Review).find({"stay_id": stay.id})
    readings = await _readings(work, stay)
    entries = [
        *(_reading(one) for one in readings),
        *(_photo(one) for one in photos),
        *(_edit(one, stay.id) for one in edits),
        *(entry for one in reviews for entry in _review(one)),
        *_price(stay),
    ]
    return Evidence(stay, in_order(entries))


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Put entries in the order in which things happened."""
    return tuple(sorted(entries, key=lambda one: (one.at, _ORDER[one.kind], one.id)))


async def _readings(work: Work, stay: Stay) -> list[KeptReading]:
    """Read what was said by the berth's own sensor, and by whichever device speaks for it now."""
    berth = await work.table(Berth).maybe(stay.berth_id)
    occupancy = await work.table(Occupancy).maybe(stay.berth_id)
    named = (berth and berth.sensor_id, occupancy and occupancy.device_id)
    return await readings_between(
        work,
        device_ids={id for id in named if id},
        berth_id=stay.berth_id,
        since=stay.arrived_at - AROUND,
        until=(stay.left_at or work.now) + AROUND,
    )


def _reading(kept: KeptReading) -> Entry:
    reading = kept.reading
    said = {
        "kind": reading.kind.value,
        "verdict": kept.verdict.value,
        "received_at": reading.received_at,
        "confidence": reading.confidence,
        "rssi": reading.rssi,
        "battery": reading.battery,
        "plate": reading.plate,
        "alarm": reading.alarm,
    }
    return Entry(
        at=reading.at,
        kind=EntryKind.READING,
        id=f"{reading.device_id}:{reading.boot}:{reading.seq}",
        device_id=reading.device_id,
        said=said,
    )


def _photo(photo: Photo) -> Entry:
    said = {
        "kind": photo.kind.value,
        "sha256": photo.sha256,
        "width": photo.width,
        "height": photo.height,
        "point": photo.point,
        "kept_at": photo.kept_at,
        "audience": photo.audience,
    }
    return Entry(
        at=photo.taken_at,
        kind=EntryKind.PHOTO,
        id=photo.id,
        actor_id=photo.by,
        device_id=photo.device_id or None,
        said=said,
    )


def _edit(edit: StayEdit, stay_id: str) -> Entry:
    [version] = [one for one in edit.versions if one.after.id == stay_id]
    said = {
        "kind": edit.change.kind.value,
        "reason": edit.change.reason,
        "difference": edit.difference,
        "approver_id": edit.approver_id,
        "undone": edit.undone_by is not None,
        "evidence_ids": edit.change.evidence_ids,
        "before": _facts(version.before) if version.before else None,
        "after": _facts(version.after),
    }
    return Entry(at=edit.at, kind=EntryKind.EDIT, id=edit.id, actor_id=edit.actor_id, said=said)


def _facts(stay: Stay) -> dict[str, Any]:
    plate = stay.plate
    return {
        "state": stay.state.value,
        "plate": {"number": plate.number, "color": plate.color.value} if plate else None,
        "berth_code": stay.berth.code,
        "arrived_at": stay.arrived_at,
        "left_at": stay.left_at,
        "amount": stay.amount,
    }


def _review(review: Review) -> Iterable[Entry]:
    said = {
        "reason": review.reason.value,
        "dispute": review.dispute.value if review.dispute else None,
        "statement": review.statement,
        "evidence_ids": review.evidence_ids,
        "outcome": None,
        "remark": "",
    }
    yield Entry(
        at=review.raised_at,
        kind=EntryKind.REVIEW,
        id=review.id,
        actor_id=review.raised_by,
        said=said,
    )
    if review.resolved_at is not None and review.outcome is not None:
        lapsed = review.outcome is ReviewOutcome.LAPSED
        decided = {**said, "outcome": review.outcome.value, "remark": review.remark}
        yield Entry(
            at=review.resolved_at,
            kind=EntryKind.REVIEW,
            id=f"{review.id}:resolved",
            actor_id="system" if lapsed else review.claimed_by,
            said=decided,
        )


def _price(stay: Stay) -> Iterable[Entry]:
    if stay.left_at is None or stay.open:
        return
    lines = [{"text": line.text, "amount": line.amount} for line in stay.lines]
    said = {"amount": stay.amount, "revision": stay.revision, "lines": lines}
    yield Entry(at=stay.left_at, kind=EntryKind.PRICE, id=f"{stay.id}:price", said=said)
