"""What edits do to berths, and what is told of them."""

from collections.abc import Sequence

from server.domain.stay.events import (
    StayClosed,
    StayCorrected,
    StayEdited,
    StayOpened,
    StayVoided,
)
from server.domain.stay.model import Occupancy, OccupancyState, Stay, StayLabel, StayState
from server.domain.stay.model.edits import StayEdit, Version
from server.domain.stay.rules import CONFIRMED
from server.domain.stay.service.telling import about, identified, occupancy_changed, priced
from server.kernel.errors import NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import Work


async def place_stays(work: Work, versions: Sequence[Version]) -> None:
    """Let berths show the open stays that stand on them now, and no others of these.

    Refuses with `berth_has_open_stay` where another car stands, and with `berth_out_of_service`.
    """
    open_now = {one.after.berth_id: one.after for one in versions if one.after.open}
    open_before = {one.before.berth_id for one in versions if one.before and one.before.open}
    ours = {one.after.id for one in versions}
    rows = work.table(Occupancy)
    held = await rows.load(sorted(open_now.keys() | open_before))
    for berth_id in sorted(open_now.keys() | open_before):
        before = held.get(berth_id)
        if before is None:
            raise NotFound("berth_not_found", "没有找到该泊位", berth_id=berth_id)
        stay = open_now.get(berth_id)
        after = _free(work, before, ours) if stay is None else _taken(work, before, stay, ours)
        if after is not before:
            work.tell(occupancy_changed(before, rows.save(after), heard_at=work.now))


def _free(work: Work, berth: Occupancy, ours: set[str]) -> Occupancy:
    if berth.stay is None or berth.stay.id not in ours:
        return berth
    return replace(
        berth,
        state=OccupancyState.FREE,
        confidence=CONFIRMED,
        since=work.now,
        settle_at=None,
        stay=None,
        trusted=None,
        changed_at=work.now,
    )


def _taken(work: Work, berth: Occupancy, stay: Stay, ours: set[str]) -> Occupancy:
    label = StayLabel(stay.id, stay.arrived_at, stay.plate)
    if berth.stay == label:
        return berth
    if berth.stay is not None and berth.stay.id not in ours:
        raise Refused("berth_has_open_stay", "该泊位已有在停车辆", berth_id=berth.id)
    if berth.state is OccupancyState.OUT_OF_SERVICE:
        raise Refused("berth_out_of_service", "该泊位已停用", berth_id=berth.id)
    shown = replace(berth, stay=label, since=stay.arrived_at, changed_at=work.now)
    if berth.stay is not None:  # the same car: what devices say of it goes on
        return (
            shown
            if berth.state is not OccupancyState.PENDING_FREE
            else replace(shown, since=berth.since)
        )
    return replace(
        shown,
        state=OccupancyState.OCCUPIED,
        confidence=CONFIRMED,
        settle_at=None,
        seen_plate=None,
        trusted=None,
        device_id=None,
    )


def tell_versions(work: Work, edit: StayEdit) -> None:
    """Tell what an edit did to each of its stays."""
    for one in edit.versions:
        _tell_version(work, one, reason=edit.change.reason)
        work.tell(
            StayEdited(at=work.now, edit_id=edit.id, kind=edit.change.kind, **about(one.after))
        )


def _tell_version(work: Work, version: Version, *, reason: str) -> None:
    before, after = version.before, version.after
    if before is None:
        work.tell(StayOpened(at=after.arrived_at, **about(after)))
    elif after.state is StayState.VOID:
        if before.state is not StayState.VOID:
            work.tell(StayVoided(at=work.now, reason=reason, **about(after)))
        return
    elif (before.plate, before.owner_id) != (after.plate, after.owner_id):
        work.tell(identified(before, after, at=work.now))
    if after.open or before == after:
        return
    if before is None or before.open:
        assert after.left_at is not None
        work.tell(StayClosed(at=after.left_at, **priced(after)))
    else:
        work.tell(StayCorrected(at=work.now, **priced(after)))
