"""Use cases of edits: each is a version with its reason, and above a limit two people agree."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from server.domain.estate import Berth, Place, repriced_places
from server.domain.stay.model import BerthLabel, Occupancy, Stay, StayState
from server.domain.stay.model.edits import (
    Change,
    EditKind,
    EditRequest,
    Preview,
    RequestState,
    StayEdit,
    Version,
)
from server.domain.stay.model.policies import StaysBy
from server.domain.stay.rules.edits import Material, Owed, difference, edited, undone
from server.domain.stay.service import label_of, policy_of, price_stay, reprice_stay
from server.domain.stay.service.holding import follow_holds
from server.domain.stay.service.overlaps import check_overlaps
from server.domain.stay.service.placing import place_stays, tell_versions
from server.domain.stay.service.policies import policy_for, stays_kept_by
from server.domain.stay.service.prices import relabelled
from server.domain.vehicle import owners_of
from server.kernel.access import Audience
from server.kernel.errors import DomainError, NotFound, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import Work

Evaluation = Callable[[Work, Stay], Awaitable[Stay]]
_EVALUATIONS: Final[list[Evaluation]] = []


def evaluates_stays(evaluation: Evaluation) -> Evaluation:
    """Declare what is to be judged anew when a stay has another plate: owner, permits, lists."""
    _EVALUATIONS.append(evaluation)
    return evaluation


@evaluates_stays
async def _owner(work: Work, stay: Stay) -> Stay:
    """Say to whom a stay belongs."""
    if stay.plate is None:
        return replace(stay, owner_id=None)
    return replace(stay, owner_id=(await owners_of(work, [stay.plate])).get(stay.plate))


async def edit_stay(work: Work, *, change: Change) -> StayEdit | EditRequest:
    """Edit a stay, or ask a second person to agree where it changes too much money.

    The same `client_id` again gives what was done or asked for before. Refuses with `stay_changed` when the stay
    is no longer the version that was seen.
    """
    if change.client_id is not None:
        done = await _done_before(work, change.client_id)
        if done is not None:
            return done
    versions = await _plan(work, change)
    await _check_keeper(work, change, versions[0].after.berth)
    changed, needs_approval = await _judge(work, versions)
    if needs_approval and work.actor.audience is not Audience.SYSTEM:
        return _request(work, change, versions, changed)
    return await _apply(work, change, versions, changed)


async def _check_keeper(work: Work, change: Change, berth: BerthLabel) -> None:
    """Refuse with `stays_by_devices` an officer's coming or going where devices alone say that."""
    if change.kind not in (EditKind.ARRIVAL, EditKind.LEAVE):
        return
    if work.actor.audience is not Audience.PATROL:
        return
    if (await stays_kept_by(work))(berth) is StaysBy.DEVICES:
        raise Refused("stays_by_devices", "该路段由设备记录进出，不能人工补录")


async def _done_before(work: Work, client_id: str) -> StayEdit | EditRequest | None:
    """Find what came of a change that its sender sends again; refuses with `edit_done_before` another's."""
    where = {"change.client_id": client_id}
    request = await work.table(EditRequest).one(where)
    edit = await work.table(StayEdit).one(where)
    asked_by = (request and request.requested_by) or (edit and edit.actor_id)
    if asked_by not in (None, work.actor.id):
        raise Refused("edit_done_before", "该操作已提交过", client_id=client_id)
    return edit or request


async def preview_edit(work: Work, *, change: Change) -> Preview:
    """Say what an edit would make of its stays and what that costs; nothing is done."""
    versions = await _plan(work, change)
    return Preview(versions, *await _judge(work, versions))


async def preview_request(work: Work, *, request_id: str) -> tuple[EditRequest, Preview | None]:
    """Read a request, and what it would do now.

    There is no preview of one that was decided, nor of one whose stays have changed since.
    """
    request = await request_in_sight(work, request_id=request_id)
    if request.state is not RequestState.REQUESTED or not await _still(work, request):
        return request, None
    try:
        return request, await preview_edit(work, change=request.change)
    except Refused:
        # What could be done when it was asked for can no longer be done, whoever agrees.
        return request, None


async def approve_edit(work: Work, *, request_id: str) -> StayEdit:
    """Agree to an edit that somebody else has asked for, and do it.

    Refuses with `edit_request_own` for one's own, and with `stay_changed` when a stay is no longer
    the version that the edit was asked for.
    """
    request = await request_in_sight(work, request_id=request_id)
    rows = work.table(EditRequest)
    rows.save(request.decide(RequestState.APPROVED, by=work.actor.id, at=work.now))
    if not await _still(work, request):
        raise Refused("stay_changed", "停车记录已被修改，请重新提交申请", request_id=request.id)
    versions = await _plan(work, request.change)
    changed, _ = await _judge(work, versions)
    return await _apply(work, request.change, versions, changed, asked_by=request.requested_by)


async def close_request(
    work: Work, *, request_id: str, state: RequestState, remark: str = ""
) -> EditRequest:
    """Reject somebody else's request, or withdraw one's own; nothing is edited."""
    assert state in (RequestState.REJECTED, RequestState.WITHDRAWN)
    request = await request_in_sight(work, request_id=request_id)
    decided = request.decide(state, by=work.actor.id, at=work.now, remark=remark)
    return work.table(EditRequest).save(decided)


async def _still(work: Work, request: EditRequest) -> bool:
    """Tell whether a request's stays are the versions that it was asked for."""
    stays = await work.table(Stay).load(request.stay_ids)
    return tuple(stays[id].v for id in request.stay_ids) == request.stay_versions


async def request_in_sight(work: Work, *, request_id: str) -> EditRequest:
    """Read a request, if the actor may see it."""
    request = await work.table(EditRequest).maybe(request_id)
    if request is None or not work.actor.scope.covers(request.division_code):
        raise NotFound("edit_request_not_found", "没有找到这条记录", id=request_id)
    return request


async def stay_in_sight(work: Work, *, stay_id: str) -> Stay:
    """Read a stay, if the actor may see it: staff in their scope, motorists their own."""
    stay = await work.table(Stay).maybe(stay_id)
    if stay is None or not _sees(work, stay):
        raise NotFound("stay_not_found", "没有找到这条记录", id=stay_id)
    return stay


def _sees(work: Work, stay: Stay) -> bool:
    if work.actor.audience is Audience.MOTORIST:
        return bool(work.actor.id) and stay.owner_id == work.actor.id
    return work.actor.scope.covers(stay.berth.division_code)


async def _plan(work: Work, change: Change) -> tuple[Version, ...]:
    """Decide what an edit makes of its stays, and price that."""
    if change.kind is EditKind.UNDO:
        return await _plan_undo(work, change)
    stay = await stay_in_sight(work, stay_id=change.stay_id) if change.stay_id else None
    other = await stay_in_sight(work, stay_id=change.other_id) if change.other_id else None
    if stay is not None and change.stay_v is not None and stay.v != change.stay_v:
        raise Refused("stay_changed", "停车记录已被修改，请刷新后重试", stay_id=stay.id)
    berth = await _berth(work, change.berth_id) if change.berth_id else None
    if change.kind is EditKind.ARRIVAL:
        stay = await _seen_already(work, change)
    material = Material(stay=stay, other=other, berth=berth, now=work.now, new_id=work.new_id)
    versions = edited(change, material)
    await check_overlaps(work, versions)
    return tuple([await _weigh(work, one) for one in versions])


async def _plan_undo(work: Work, change: Change) -> tuple[Version, ...]:
    edit = await work.table(StayEdit).get(change.other_id or "")
    stays = {id: await stay_in_sight(work, stay_id=id) for id in edit.stay_ids}
    versions = undone(edit, stays)
    await check_overlaps(work, versions)
    return versions


async def _berth(work: Work, berth_id: str) -> BerthLabel:
    berth = await work.table(Berth).maybe(berth_id)
    if berth is None or not work.actor.scope.covers(berth.division_code):
        raise NotFound("berth_not_found", "没有找到该泊位", berth_id=berth_id)
    return label_of(berth, await work.table(Place).get(berth.place_id), at=work.now)


async def _seen_already(work: Work, change: Change) -> Stay | None:
    """Find the stay that a device opened for the arrival which an officer reports, if it did."""
    occupancy = await work.table(Occupancy).maybe(change.berth_id or "")
    if occupancy is None or occupancy.stay is None or change.arrived_at is None or change.left_at:
        return None
    apart_s = abs((occupancy.stay.arrived_at - change.arrived_at).total_seconds())
    strange = change.plate and occupancy.stay.plate and change.plate != occupancy.stay.plate
    if strange or apart_s > (await policy_of(work)).same_stay_s:
        return None
    return await work.table(Stay).get(occupancy.stay.id)


async def _weigh(work: Work, version: Version) -> Version:
    """Judge a stay anew where its plate changed, and price it where that makes a difference."""
    before, after = version.before, await _priced_as_then(work, version)
    if before is None or before.plate != after.plate:
        for evaluate in _EVALUATIONS:
            after = await evaluate(work, after)
    if after.state is StayState.VOID or after.open or before == after:
        return Version(before, after)
    return Version(before, await reprice_stay(work, stay=after))


async def _priced_as_then(work: Work, version: Version) -> Stay:
    """Give a stay that begins at another time or place the tariff that its place used then."""
    before, after = version.before, version.after
    unmoved = before is not None and before.berth == after.berth
    if after.state is StayState.VOID or (
        unmoved and before is not None and before.arrived_at == after.arrived_at
    ):
        return after
    place = (await repriced_places(work)).get(after.berth.place_id)
    if place is None:
        return after
    return replace(after, berth=relabelled(after.berth, place, after.arrived_at))


async def _judge(work: Work, versions: Sequence[Version]) -> tuple[Fen, bool]:
    """Say how much money an edit moves, a running stay counted as if it ended now."""
    berth = versions[0].after.berth
    policy = await policy_for(work, organization_id=berth.organization_id, place_id=berth.place_id)
    owed = [
        Owed(one, await _owed(work, one.before), await _owed(work, one.after)) for one in versions
    ]
    return difference(owed, policy)


async def _owed(work: Work, stay: Stay | None) -> Fen:
    """Say what a stay costs, or would if it ended now; one without a price moves no money."""
    if stay is None:
        return 0
    if not stay.open:
        return stay.amount or 0
    try:
        quote = await price_stay(work, stay=stay, until=max(work.now, stay.arrived_at))
    except DomainError:
        return 0
    return quote.amount


def _request(work: Work, change: Change, versions: Sequence[Version], changed: Fen) -> EditRequest:
    there = [one.before for one in versions if one.before]
    berth = versions[0].after.berth
    return work.table(EditRequest).add(
        EditRequest(
            id=work.new_id(),
            change=change,
            stay_ids=tuple(stay.id for stay in there),
            stay_versions=tuple(stay.v for stay in there),
            difference=changed,
            organization_id=berth.organization_id,
            division_code=berth.division_code,
            requested_by=work.actor.id,
            requested_at=work.now,
        )
    )


async def _apply(
    work: Work,
    change: Change,
    versions: Sequence[Version],
    changed: Fen,
    *,
    asked_by: str | None = None,
) -> StayEdit:
    """Write the stays, show them on their berths, write the edit down, and tell."""
    rows = work.table(Stay)
    saved = tuple(
        Version(one.before, rows.save(one.after) if one.before else rows.add(one.after))
        for one in versions
    )
    await place_stays(work, saved)
    edit = work.table(StayEdit).add(
        StayEdit(
            id=work.new_id(),
            stay_ids=tuple(one.after.id for one in saved),
            change=change,
            versions=saved,
            difference=changed,
            actor_id=asked_by or work.actor.id,
            approver_id=work.actor.id if asked_by else None,
            at=work.now,
        )
    )
    if change.kind is EditKind.UNDO:
        edits = work.table(StayEdit)
        edits.save(replace(await edits.get(change.other_id or ""), undone_by=edit.id))
    tell_versions(work, edit)
    await follow_holds(work, saved)
    return edit
