"""Use cases of reviews: doubts are raised, claimed and resolved; a dispute keeps a stay from being charged."""

from datetime import datetime, timedelta

from server.domain.stay.events import StayDoubted
from server.domain.stay.model import Stay
from server.domain.stay.model.reviews import (
    HOLDING,
    LAPSING,
    UNRESOLVED,
    DisputeReason,
    Review,
    ReviewOutcome,
    ReviewReason,
    ReviewState,
)
from server.domain.stay.service.edits import stay_in_sight
from server.domain.stay.service.holding import hold, release
from server.domain.stay.service.policies import policy_for
from server.domain.vehicle import Plate
from server.kernel.errors import NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import AtMost, Work


def review_id(stay_id: str, reason: ReviewReason) -> str:
    """Name the one review that a stay may have for a reason."""
    return f"{stay_id}:{reason.value}"


async def raise_review(
    work: Work,
    *,
    stay: Stay,
    reason: ReviewReason,
    seen: Plate | None = None,
    other_id: str | None = None,
) -> Stay:
    """Put a doubt on the list, once; where it is a holding one, the stay is not charged meanwhile."""
    rows = work.table(Review)
    if await rows.maybe(review_id(stay.id, reason)) is not None:
        return stay
    rows.add(_review(work, stay, reason, seen=seen, other_id=other_id))
    return hold(work, stay, reason.value) if reason in HOLDING else stay


async def dispute_stay(
    work: Work,
    *,
    stay_id: str,
    reason: DisputeReason,
    statement: str,
    evidence_ids: tuple[str, ...] = (),
) -> Review:
    """Dispute one's stay: until that is decided nobody is charged or reminded for it.

    Refuses with `dispute_exists` where there was one before, and with `dispute_too_late`.
    """
    stay = await stay_in_sight(work, stay_id=stay_id)
    return await begin_dispute(
        work, stay=stay, reason=reason, statement=statement, evidence_ids=evidence_ids
    )


async def begin_dispute(
    work: Work,
    *,
    stay: Stay,
    reason: DisputeReason,
    statement: str,
    evidence_ids: tuple[str, ...] = (),
) -> Review:
    """Dispute a stay for somebody who is known to be asked to pay for it; see `dispute_stay`."""
    berth = stay.berth
    policy = await policy_for(work, organization_id=berth.organization_id, place_id=berth.place_id)
    if (stay.left_at or work.now) + timedelta(days=policy.dispute_days) < work.now:
        raise Refused("dispute_too_late", "已超过申诉期限", stay_id=stay.id)
    rows = work.table(Review)
    if await rows.maybe(review_id(stay.id, ReviewReason.DISPUTE)) is not None:
        raise Refused("dispute_exists", "该停车记录已申诉过", stay_id=stay.id)
    review = replace(
        _review(work, stay, ReviewReason.DISPUTE),
        dispute=reason,
        statement=statement,
        evidence_ids=evidence_ids,
    )
    hold(work, stay, ReviewReason.DISPUTE.value)
    return rows.add(review)


async def withdraw_dispute(work: Work, *, stay_id: str) -> Review:
    """Take one's dispute back."""
    stay = await stay_in_sight(work, stay_id=stay_id)
    rows = work.table(Review)
    review = await rows.maybe(review_id(stay.id, ReviewReason.DISPUTE))
    if review is None:
        raise NotFound("dispute_not_found", "没有找到该申诉", stay_id=stay.id)
    withdrawn = rows.save(review.withdraw(at=work.now))
    await release(work, review)
    return withdrawn


async def claim_review(work: Work, *, review_id: str) -> Review:
    """Take a review up; claimed twice by the same person, it is claimed."""
    review = await _in_sight(work, review_id)
    if review.claimed_by == work.actor.id and review.state is ReviewState.CLAIMED:
        return review
    return work.table(Review).save(review.claim(by=work.actor.id, at=work.now))


async def resolve_review(
    work: Work, *, review_id: str, outcome: ReviewOutcome, remark: str
) -> Review:
    """Decide a review that one has claimed; the stay is charged again, the doubt is off it."""
    review = await _in_sight(work, review_id)
    resolved = review.resolve(outcome, by=work.actor.id, at=work.now, remark=remark)
    await release(work, review)
    return work.table(Review).save(resolved)


async def lapse_reviews_at(
    work: Work, *, place_id: str, since: datetime, limit: int
) -> list[Review]:
    """Close the reviews of a place that lapse and that nobody has touched since then."""
    rows = work.table(Review)
    due = await rows.find(
        {
            "state": list(UNRESOLVED),
            "reason": sorted(LAPSING),
            "berth.place_id": place_id,
            "raised_at": AtMost(since),
        },
        sort="raised_at",
        limit=limit,
    )
    lapsed = []
    for review in due:
        if review.claimed_at is None or review.claimed_at <= since:
            await release(work, review)
            lapsed.append(rows.save(review.lapse(at=work.now)))
    return lapsed


async def _in_sight(work: Work, id: str) -> Review:
    review = await work.table(Review).maybe(id)
    if review is None or not work.actor.scope.covers(review.berth.division_code):
        raise NotFound("review_not_found", "没有找到这条记录", id=id)
    return review


def _review(
    work: Work,
    stay: Stay,
    reason: ReviewReason,
    *,
    seen: Plate | None = None,
    other_id: str | None = None,
) -> Review:
    return Review(
        id=review_id(stay.id, reason),
        reason=reason,
        stay_id=stay.id,
        berth=stay.berth,
        plate=stay.plate,
        seen=seen,
        other_id=other_id,
        raised_by=work.actor.id,
        raised_at=work.now,
    )


REVIEWED = {
    "missed_leave": ReviewReason.MISSED_LEAVE,
    "plate_conflict": ReviewReason.PLATE_CONFLICT,
}
"""Doubts that a person is to look at as they are; the others need a look at a second stay first."""


async def look_into(work: Work, *, doubt: StayDoubted) -> None:
    """Put a doubt of the readings on the list of a person."""
    reason = REVIEWED.get(doubt.doubt)
    stay = await work.table(Stay).maybe(doubt.stay_id)
    if reason is not None and stay is not None:
        await raise_review(work, stay=stay, reason=reason, seen=doubt.seen)
