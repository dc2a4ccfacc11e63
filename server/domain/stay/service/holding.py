"""What keeps stays from being charged: put on, taken off, and kept on what edits make of them."""

from collections.abc import Iterable, Sequence

from server.domain.stay.events import StayDisputed, StayReleased
from server.domain.stay.model import Stay, StayState
from server.domain.stay.model.edits import Version
from server.domain.stay.model.reviews import HOLDING, UNRESOLVED, Review
from server.domain.stay.service.telling import about
from server.kernel.nouns import replace
from server.kernel.work import Work

_UNRESOLVED = [one.value for one in UNRESOLVED]


def hold(work: Work, stay: Stay, reason: str) -> Stay:
    """Let nobody be charged for a stay, for a reason."""
    if reason in stay.holds:
        return stay
    held = replace(stay, holds=(*stay.holds, reason)).flagged(reason)
    held = work.table(Stay).save(held)
    _tell_held(work, held, [reason])
    return held


async def release(work: Work, review: Review) -> None:
    """Take a doubt that is decided off its stay and off what edits have made of that."""
    stays = await work.table(Stay).load([review.stay_id, *review.heirs])
    for stay in stays.values():
        others = [one for one in await _doubts_of(work, [stay.id]) if one.id != review.id]
        if all(one.reason is not review.reason for one in others):
            _release(work, stay, review.reason.value)


async def follow_holds(work: Work, versions: Sequence[Version]) -> None:
    """Let what an edit has made of a stay in doubt be released with it; tell what is held, or not any more."""
    held = [one.after.id for one in versions if one.before and one.before.holds]
    held += [one.after.id for one in versions if one.after.holds]
    if not held:
        return
    stays = [one.after for one in versions]
    for doubt in await _doubts_of(work, sorted({*held})):
        heirs = _heirs(doubt, stays)
        if heirs != doubt.heirs:
            work.table(Review).save(replace(doubt, heirs=heirs))
    for one in versions:
        before, after = one.before.holds if one.before else (), one.after.holds
        _tell_held(work, one.after, [reason for reason in after if reason not in before])
        if before and not after:
            work.tell(StayReleased(at=work.now, reason=before[0], **about(one.after)))


def _heirs(doubt: Review, stays: Sequence[Stay]) -> tuple[str, ...]:
    """Say which stays are held for a doubt about another, now that these are as they are."""
    gone = {stay.id for stay in stays}
    held = [
        stay.id
        for stay in stays
        if doubt.reason.value in stay.holds
        and stay.state is not StayState.VOID
        and stay.id != doubt.stay_id
    ]
    return (*(id for id in doubt.heirs if id not in gone), *held)


async def _doubts_of(work: Work, stay_ids: list[str]) -> list[Review]:
    """List what is not decided about stays, and about those that they came of."""
    rows = work.table(Review)
    holding = {"state": _UNRESOLVED, "reason": sorted(one.value for one in HOLDING)}
    own = await rows.find({"stay_id": stay_ids, **holding})
    inherited = await rows.find({"heirs": stay_ids, **holding})
    return [*{one.id: one for one in (*own, *inherited)}.values()]


def _release(work: Work, stay: Stay, reason: str) -> None:
    """Take a doubt off a stay; told when nothing else keeps it from being charged."""
    holds = tuple(one for one in stay.holds if one != reason)
    flags = tuple(one for one in stay.flags if one != reason)
    if (holds, flags) == (stay.holds, stay.flags):
        return
    freed = work.table(Stay).save(replace(stay, holds=holds, flags=flags))
    if stay.holds and not holds:
        work.tell(StayReleased(at=work.now, reason=reason, **about(freed)))


def _tell_held(work: Work, stay: Stay, reasons: Iterable[str]) -> None:
    for reason in reasons:
        work.tell(StayDisputed(at=work.now, reason=reason, **about(stay)))
