"""Use cases of one plate that is seen on two berths, by a camera or by an officer."""

from datetime import datetime, timedelta

from server.domain.equipment import Device
from server.domain.estate import Berth, distance_m
from server.domain.stay.events import StayDoubted
from server.domain.stay.model import Occupancy, Stay
from server.domain.stay.model.edits import Change, EditKind
from server.domain.stay.model.reviews import ReviewReason
from server.domain.stay.rules.doubts import ends_older, is_impossible
from server.domain.stay.service.edits import edit_stay
from server.domain.stay.service.policies import policy_for
from server.domain.stay.service.reviews import raise_review
from server.domain.vehicle import Plate
from server.kernel.work import Work


async def look_elsewhere(work: Work, *, doubt: StayDoubted) -> None:
    """Judge a plate that was read on one berth while its car is known to stand on another.

    Impossible: a clone or a misread, so neither is charged until a person has looked. Possible, and
    the policy says so: the leave from the other berth was missed. Else a person decides.
    """
    if doubt.seen is None:
        return
    older = await _standing(work, doubt.seen)
    newer = await work.table(Stay).maybe(doubt.stay_id)
    if older is None or newer is None or older.id == newer.id or not newer.open:
        return
    berth = newer.berth
    policy = await policy_for(work, organization_id=berth.organization_id, place_id=berth.place_id)
    last_seen = await _last_seen(work, older)
    gap_s = (newer.arrived_at - last_seen) / timedelta(seconds=1)
    apart_m = await _apart_m(work, older.berth_id, newer.berth_id)
    if is_impossible(apart_m, gap_s, speed_kmh=policy.possible_speed_kmh):
        for stay, other in ((older, newer), (newer, older)):
            await raise_review(
                work, stay=stay, reason=ReviewReason.CLONE, seen=doubt.seen, other_id=other.id
            )
    elif ends_older(older, newer, policy) and gap_s >= 0:
        await _move_on(work, older, newer, doubt.seen, last_seen=last_seen)
    else:
        await raise_review(
            work,
            stay=newer,
            reason=ReviewReason.PLATE_ELSEWHERE,
            seen=doubt.seen,
            other_id=older.id,
        )


async def doubt_typed_plate(
    work: Work,
    *,
    plate: Plate,
    berth_id: str | None = None,
    stay_id: str | None = None,
    at: datetime | None = None,
) -> None:
    """Judge a plate that an officer types for a berth or a stay while its car stands elsewhere.

    Impossible: a clone or a misread, so whose stay it is is not charged until a person has looked.
    Else a person looks too, and nothing is held. It is a unit of work of its own: what the officer
    wants is refused. Where he sees nothing, or it is the same car, nothing is done.
    """
    typed = await work.table(Stay).maybe(stay_id) if stay_id else None
    here = await work.table(Occupancy).maybe(typed.berth_id if typed else berth_id or "")
    older = await _standing(work, plate)
    if here is None or older is None or not work.actor.scope.covers(here.berth.division_code):
        return
    if older.berth_id == here.id or (typed is not None and not typed.open):
        return
    berth = here.berth
    policy = await policy_for(work, organization_id=berth.organization_id, place_id=berth.place_id)
    gap_s = ((at or work.now) - await _last_seen(work, older)) / timedelta(seconds=1)
    apart_m = await _apart_m(work, older.berth_id, here.id)
    impossible = is_impossible(apart_m, gap_s, speed_kmh=policy.possible_speed_kmh)
    await raise_review(
        work,
        stay=older,
        reason=ReviewReason.CLONE if impossible else ReviewReason.PLATE_ELSEWHERE,
        seen=plate,
        other_id=typed.id if typed else here.stay.id if here.stay else None,
    )


async def doubt_change(work: Work, *, change: Change) -> None:
    """Judge the plate of an officer's edit, as `doubt_typed_plate` does."""
    if change.plate is not None and change.left_at is None:
        await doubt_typed_plate(
            work,
            plate=change.plate,
            berth_id=change.berth_id,
            stay_id=change.stay_id,
            at=change.arrived_at,
        )


async def _standing(work: Work, plate: Plate) -> Stay | None:
    return await work.table(Stay).one(
        {"open": True, "plate.number": plate.number, "plate.color": plate.color.value}
    )


async def _last_seen(work: Work, stay: Stay) -> datetime:
    """Say until when a device vouched for a car; a sensor of one berth does so by each word."""
    occupancy = await work.table(Occupancy).get(stay.berth_id)
    vouched = max(stay.arrived_at, occupancy.evidence_at)
    device = await work.table(Device).maybe(occupancy.device_id or "")
    if device is None or device.last_at is None or len(device.berths) != 1:
        return vouched
    return max(vouched, device.last_at)


async def _apart_m(work: Work, one: str, other: str) -> float:
    berths = await work.table(Berth).load([one, other])
    if len(berths) < 2:
        return 0.0
    return distance_m(berths[one].polygon[0], berths[other].polygon[0])


async def _move_on(
    work: Work, older: Stay, newer: Stay, plate: Plate, *, last_seen: datetime
) -> None:
    """End the older stay where its car was last seen, and give the newer one its plate."""
    reason = "同牌在停作废策略"
    leave = Change(
        kind=EditKind.LEAVE,
        reason=reason,
        stay_id=older.id,
        left_at=max(older.arrived_at, min(last_seen, newer.arrived_at)),
    )
    await edit_stay(work, change=leave)
    identify = Change(kind=EditKind.PLATE, reason=reason, stay_id=newer.id, plate=plate)
    await edit_stay(work, change=identify)
