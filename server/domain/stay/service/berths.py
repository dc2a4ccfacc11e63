"""Use cases of a berth that is taken out of service, and put back."""

from server.domain.stay.events import StayClosed
from server.domain.stay.model import Occupancy, OccupancyState, Stay
from server.domain.stay.model.reviews import ReviewReason
from server.domain.stay.service.reviews import raise_review
from server.domain.stay.service.telling import occupancy_changed, priced
from server.domain.tariff import Line, Quote
from server.kernel.errors import NotFound
from server.kernel.nouns import replace
from server.kernel.work import Work


async def suspend_berth(work: Work, *, berth_id: str) -> Occupancy:
    """Take a berth out of service; the car that stands there goes free, and somebody looks after it."""
    before = await _berth(work, berth_id)
    if before.state is OccupancyState.OUT_OF_SERVICE:
        return before
    if before.stay is not None:
        stay = await work.table(Stay).get(before.stay.id)
        free = Quote(0, (Line("泊位停用，免费", 0),))
        closed = stay.close(left_at=max(work.now, stay.arrived_at), quote=free)
        closed = work.table(Stay).save(closed.flagged("suspended_berth"))
        work.tell(StayClosed(at=work.now, **priced(closed)))
        await raise_review(work, stay=closed, reason=ReviewReason.SUSPENDED_BERTH)
    return _show(work, before, OccupancyState.OUT_OF_SERVICE)


async def resume_berth(work: Work, *, berth_id: str) -> Occupancy:
    """Put a berth back into service; what stands on it is unknown until a device says so."""
    before = await _berth(work, berth_id)
    if before.state is not OccupancyState.OUT_OF_SERVICE:
        return before
    return _show(work, before, OccupancyState.UNKNOWN)


def _show(work: Work, before: Occupancy, state: OccupancyState) -> Occupancy:
    after = replace(
        before,
        state=state,
        confidence=0,
        since=work.now,
        changed_at=work.now,
        settle_at=None,
        stay=None,
        seen_plate=None,
        trusted=None,
    )
    after = work.table(Occupancy).save(after)
    work.tell(occupancy_changed(before, after, heard_at=work.now))
    return after


async def _berth(work: Work, berth_id: str) -> Occupancy:
    berth = await work.table(Occupancy).maybe(berth_id)
    if berth is None or not work.actor.scope.covers(berth.berth.division_code):
        raise NotFound("berth_not_found", "没有找到该泊位", berth_id=berth_id)
    return berth
