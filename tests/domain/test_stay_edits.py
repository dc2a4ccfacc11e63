"""Edits of stays: each a version with its reason, told, shown and billed, and agreed to by two people."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain.billing import Bill, BillState
from server.domain.billing.reactions import bill_priced_stays
from server.domain.stay import (
    Change,
    EditKind,
    EditRequest,
    OccupancyState,
    RequestState,
    Stay,
    StayClosed,
    StayCorrected,
    StayEdit,
    StayEdited,
    StayIdentified,
    StayOpened,
    StayState,
    StayVoided,
    approve_edit,
    change_policy,
    close_request,
    edit_stay,
    identify_berth,
    preview_request,
)
from server.domain.stay.events import StayFact
from server.domain.stay.jobs import settle_berths
from server.domain.vehicle import Plate, PlateColor, Vehicle, register_vehicles
from server.kernel.access import Actor, Audience, Scope, system
from server.kernel.errors import Invalid, NotFound, Refused
from tests.world import NOON, World

PLATE = Plate("粤B12345", PlateColor.BLUE)
OTHER = Plate("粤B54321", PlateColor.BLUE)
EVERYWHERE = Scope(everything=True)
CLERK = Actor("clerk", Audience.CONSOLE, scope=EVERYWHERE, organization_id="city")
CHIEF = Actor("chief", Audience.CONSOLE, scope=EVERYWHERE, organization_id="city")
STRANGER = Actor("stranger", Audience.CONSOLE, scope=Scope(division_codes=frozenset({"440303"})))


def at(minutes: int) -> Any:
    return NOON + timedelta(minutes=minutes)


async def park(world: World, *, berth: int = 1, plate: Plate | None = PLATE) -> Stay:
    """Let a car come to a berth at noon."""
    await world.see(f"d{berth}", "arrived", at_s=0)
    world.now = max(world.now, at(1))
    await world.job(settle_berths)
    if plate is not None:
        return await world.run(identify_berth, berth_id=f"b{berth}", plate=plate)
    return (await world.stays(f"b{berth}"))[-1]


async def stay_over(
    world: World, *, minutes: int = 61, berth: int = 1, plate: Plate | None = PLATE
) -> Stay:
    """Let a car stay for that long from noon, and bill it."""
    await park(world, berth=berth, plate=plate)
    await world.see(f"d{berth}", "left", at_s=minutes * 60)
    world.now = at(minutes + 1)
    await world.job(settle_berths)
    await bill(world)
    return (await world.stays(f"b{berth}"))[-1]


async def bill(world: World) -> None:
    """Let billing hear everything that was told so far."""
    kinds = (StayClosed, StayCorrected, StayIdentified, StayVoided)
    told = [fact for fact in await world.facts() if isinstance(fact, kinds)]
    await world.run(bill_priced_stays, facts=told)


async def edit(world: World, kind: EditKind, *, actor: Actor = CLERK, **fields: Any) -> StayEdit:
    """Edit, where no second person is needed."""
    change = Change(kind=kind, reason="核实监控", **fields)
    done = await world.run(edit_stay, actor=actor, change=change)
    assert isinstance(done, StayEdit)
    return done


async def due(world: World) -> dict[str, int]:
    """Sum what is owed, by stay."""
    bills: Sequence[Bill] = await world.run(lambda work: work.table(Bill).find({}))
    sums: dict[str, int] = {}
    for one in bills:
        if one.state is not BillState.WITHDRAWN:
            sums[one.stay_id] = sums.get(one.stay_id, 0) + one.due
    return sums


async def stay_of(world: World, id: str) -> Stay:
    return await world.run(lambda work: work.table(Stay).get(id))


async def test_another_plate_moves_the_stay_and_its_bill_from_one_owner_to_the_other(
    world: World,
) -> None:
    vehicles = [
        Vehicle(id=who, plate=p, owner_id=who) for who, p in [("anna", PLATE), ("ben", OTHER)]
    ]
    await world.run(register_vehicles, vehicles=vehicles)
    stay = await stay_over(world)

    done = await edit(world, EditKind.PLATE, stay_id=stay.id, stay_v=stay.v, plate=OTHER)
    await bill(world)

    after = await stay_of(world, stay.id)
    assert (after.plate, after.owner_id, after.amount) == (OTHER, "ben", stay.amount)
    told = (await world.facts(StayIdentified))[-1]
    assert (told.before, told.owner_before, told.owner_id) == (PLATE, "anna", "ben")
    bills = await world.run(lambda work: work.table(Bill).find({"state": "due"}))
    assert [(one.owner_id, one.plate, one.due) for one in bills] == [("ben", OTHER, stay.amount)]
    [version] = done.versions
    assert (version.before, version.after) == (stay, after)
    assert (done.change.reason, done.actor_id) == ("核实监控", "clerk")


async def test_the_plate_of_a_car_that_still_stands_changes_on_its_berth_too(world: World) -> None:
    stay = await park(world)

    await edit(world, EditKind.PLATE, stay_id=stay.id, plate=OTHER)

    shown = (await world.occupancy()).stay
    assert shown is not None
    assert shown.plate == OTHER


async def test_a_plate_that_stands_elsewhere_is_refused(world: World) -> None:
    await park(world)
    here = await park(world, berth=2, plate=None)

    with pytest.raises(Refused, match="plate_has_open_stay"):
        await edit(world, EditKind.PLATE, stay_id=here.id, plate=PLATE)


async def test_other_times_are_priced_and_billed_anew(world: World) -> None:
    stay = await stay_over(world, minutes=61)

    await edit(world, EditKind.TIMES, stay_id=stay.id, left_at=at(60))
    await bill(world)

    after = await stay_of(world, stay.id)
    assert (after.amount, after.revision) == (300, stay.revision + 1)
    assert await due(world) == {stay.id: 300}
    assert (await world.facts(StayCorrected))[-1].left_at == at(60)


@pytest.mark.parametrize(
    "times", [{"left_at": at(-1)}, {"left_at": at(600)}, {"arrived_at": at(62)}]
)
async def test_times_that_cannot_be_are_refused(world: World, times: Any) -> None:
    stay = await stay_over(world)

    with pytest.raises(Invalid, match="edit_times_invalid"):
        await edit(world, EditKind.TIMES, stay_id=stay.id, **times)


async def test_a_car_is_moved_to_the_berth_where_it_really_stands(world: World) -> None:
    stay = await park(world)

    await edit(world, EditKind.BERTH, stay_id=stay.id, berth_id="b2")

    there = await world.occupancy("b2")
    assert (await world.occupancy("b1")).state is OccupancyState.FREE
    assert there.state is OccupancyState.OCCUPIED
    assert there.stay is not None
    assert (there.stay.id, there.stay.plate) == (stay.id, PLATE)
    await world.see("d2", "left", at_s=3600)
    world.now = at(62)
    await world.job(settle_berths)
    assert (await stay_of(world, stay.id)).state is StayState.CLOSED


async def test_a_car_is_not_moved_onto_another(world: World) -> None:
    stay = await park(world)
    await park(world, berth=2, plate=OTHER)

    with pytest.raises(Refused, match="berth_has_open_stay"):
        await edit(world, EditKind.BERTH, stay_id=stay.id, berth_id="b2")


async def test_a_missed_arrival_and_a_missed_leave_are_put_in(world: World) -> None:
    world.now = at(90)
    arrival = await edit(world, EditKind.ARRIVAL, berth_id="b1", plate=PLATE, arrived_at=at(0))
    [stay_id] = arrival.stay_ids
    assert (await world.occupancy()).state is OccupancyState.OCCUPIED

    await edit(world, EditKind.LEAVE, stay_id=stay_id, left_at=at(61))
    told = [type(fact) for fact in await world.facts(StayFact)]
    await bill(world)

    assert (await world.occupancy()).state is OccupancyState.FREE
    stay = await stay_of(world, stay_id)
    assert (stay.state, stay.amount, stay.left_at) == (StayState.CLOSED, 400, at(61))
    assert await due(world) == {stay_id: 400}
    assert told == [StayOpened, StayEdited, StayClosed, StayEdited]


async def test_an_arrival_that_the_sensor_saw_too_is_one_stay(world: World) -> None:
    seen = await park(world, plate=None)
    world.now = at(10)

    sent = {"berth_id": "b1", "plate": PLATE, "arrived_at": at(2), "client_id": "pos-7:1"}
    done = await edit(world, EditKind.ARRIVAL, **sent)
    again = await edit(world, EditKind.ARRIVAL, **sent)

    assert again.id == done.id
    [stay] = await world.stays()
    assert (stay.id, stay.plate, stay.arrived_at) == (seen.id, PLATE, seen.arrived_at)


async def test_an_arrival_that_the_officer_saw_first_is_one_stay(world: World) -> None:
    world.now = at(3)
    done = await edit(world, EditKind.ARRIVAL, berth_id="b1", plate=PLATE, arrived_at=at(2))

    await world.see("d1", "arrived", at_s=100, received_at=at(4))
    world.now = at(5)
    await world.job(settle_berths)

    [stay] = await world.stays()
    assert stay.id == done.stay_ids[0]
    assert stay.open
    assert (await world.occupancy()).device_id == "d1"


async def test_a_second_car_hours_after_what_an_officer_put_in_is_another_stay(
    world: World,
) -> None:
    world.now = at(3)
    await edit(world, EditKind.ARRIVAL, berth_id="b1", plate=PLATE, arrived_at=at(2))

    await world.see("d1", "arrived", at_s=3 * 3600)
    world.now = at(181)
    await world.job(settle_berths)

    first, second = await world.stays()
    assert ("missed_leave" in first.flags, second.plate) == (True, None)


async def test_two_stays_of_one_car_become_one(world: World) -> None:
    first = await stay_over(world, minutes=30)
    await world.see("d1", "arrived", at_s=40 * 60)
    world.now = at(42)
    await world.job(settle_berths)
    running = (await world.stays())[-1]

    await edit(world, EditKind.MERGE, stay_id=first.id, other_id=running.id)
    await bill(world)

    gone, kept = await stay_of(world, first.id), await stay_of(world, running.id)
    assert (kept.open, kept.arrived_at, kept.plate) == (True, NOON, PLATE)
    assert (gone.state, gone.links and gone.links.merged_into) == (StayState.VOID, kept.id)
    assert await due(world) == {}
    shown = (await world.occupancy()).stay
    assert shown is not None
    assert (shown.id, shown.arrived_at) == (kept.id, NOON)


async def test_stays_of_two_berths_are_not_merged(world: World) -> None:
    one = await stay_over(world, minutes=30)
    other = await stay_over(world, minutes=30, berth=2, plate=OTHER)

    with pytest.raises(Refused, match="stays_not_mergeable"):
        await edit(world, EditKind.MERGE, stay_id=one.id, other_id=other.id)


async def test_a_stay_of_two_cars_is_split_and_each_is_billed(world: World) -> None:
    stay = await stay_over(world, minutes=100)

    done = await edit(world, EditKind.SPLIT, stay_id=stay.id, at=at(60), plate=OTHER)
    await bill(world)

    first, second = [await stay_of(world, id) for id in done.stay_ids]
    assert (first.id, first.left_at, second.arrived_at) == (stay.id, at(60), at(60))
    assert second.plate == OTHER
    assert await due(world) == {first.id: first.amount, second.id: second.amount}
    assert (first.amount, second.amount) == (300, 300)


async def test_what_was_no_stay_is_voided_with_its_bill_and_undone_with_it(world: World) -> None:
    stay = await stay_over(world)

    void = await edit(world, EditKind.VOID, stay_id=stay.id)
    await bill(world)
    assert await due(world) == {}
    assert (await world.facts(StayVoided))[-1].reason == "核实监控"

    await edit(world, EditKind.UNDO, other_id=void.id)
    await bill(world)

    back = await stay_of(world, stay.id)
    assert replace(back, v=0, revision=0) == replace(stay, v=0, revision=0)
    assert await due(world) == {stay.id: stay.amount}
    with pytest.raises(Refused, match="edit_undone"):
        await edit(world, EditKind.UNDO, other_id=void.id)


async def test_what_has_changed_since_is_not_undone(world: World) -> None:
    stay = await stay_over(world)
    first = await edit(world, EditKind.PLATE, stay_id=stay.id, plate=OTHER)
    await edit(world, EditKind.TIMES, stay_id=stay.id, left_at=at(50))

    with pytest.raises(Refused, match="stay_changed"):
        await edit(world, EditKind.UNDO, other_id=first.id)


async def test_a_stay_that_has_ended_is_not_opened_again(world: World) -> None:
    stay = await park(world)
    world.now = at(70)
    leave = await edit(world, EditKind.LEAVE, stay_id=stay.id, left_at=at(61))

    with pytest.raises(Refused, match="edit_not_undoable"):
        await edit(world, EditKind.UNDO, other_id=leave.id)


async def request(world: World, stay: Stay, *, actor: Actor = CLERK) -> EditRequest:
    """Ask for a stay to be voided that costs more than anybody may decide alone."""
    change = Change(kind=EditKind.VOID, reason="未停车", stay_id=stay.id)
    asked = await world.run(edit_stay, actor=actor, change=change)
    assert isinstance(asked, EditRequest)
    return asked


async def test_above_the_limit_two_people_agree(world: World) -> None:
    await world.run(change_policy, scope="city", values={"approval_limit": 399}, v=0)
    stay = await stay_over(world)
    asked = await request(world, stay)
    assert await stay_of(world, stay.id) == stay
    _, preview = await world.run(preview_request, actor=CHIEF, request_id=asked.id)
    assert preview is not None
    [version] = preview.versions
    assert (version.before, version.after.state) == (stay, StayState.VOID)
    assert preview.difference == asked.difference
    with pytest.raises(NotFound):
        await world.run(preview_request, actor=STRANGER, request_id=asked.id)
    with pytest.raises(Refused, match="edit_request_own"):
        await world.run(approve_edit, actor=CLERK, request_id=asked.id)
    with pytest.raises(NotFound):
        await world.run(approve_edit, actor=STRANGER, request_id=asked.id)

    done = await world.run(approve_edit, actor=CHIEF, request_id=asked.id)

    assert (done.actor_id, done.approver_id, done.difference) == ("clerk", "chief", -400)
    assert (await stay_of(world, stay.id)).state is StayState.VOID
    with pytest.raises(Refused, match="edit_request_decided"):
        await world.run(approve_edit, actor=CHIEF, request_id=asked.id)


async def test_a_running_stay_counts_as_if_it_ended_now(world: World) -> None:
    await world.run(change_policy, scope="city", values={"approval_limit": 399}, v=0)
    stay = await park(world)
    world.now = at(61)

    asked = await request(world, stay)

    assert asked.difference == -400


async def test_what_was_asked_for_another_version_is_not_agreed_to(world: World) -> None:
    await world.run(change_policy, scope="city", values={"approval_limit": 0}, v=0)
    stay = await stay_over(world)
    asked = await request(world, stay)
    await edit(world, EditKind.PLATE, actor=system("relay"), stay_id=stay.id, plate=OTHER)

    with pytest.raises(Refused, match="stay_changed"):
        await world.run(approve_edit, actor=CHIEF, request_id=asked.id)

    assert (await stay_of(world, stay.id)).plate == OTHER
    assert (await world.run(preview_request, actor=CHIEF, request_id=asked.id))[1] is None


async def decide(world: World, actor: Actor, state: RequestState) -> EditRequest:
    """Let somebody close the clerk's request."""
    await world.run(change_policy, scope="city", values={"review_mode": "all"}, v=0)
    asked = await request(world, await stay_over(world))
    return await world.run(close_request, actor=actor, request_id=asked.id, state=state)


async def test_a_debt_that_moves_to_another_car_counts_as_much_as_one_that_is_waived(
    world: World,
) -> None:
    await world.run(change_policy, scope="city", values={"approval_limit": 300}, v=0)
    stay = await stay_over(world)
    away = Change(kind=EditKind.PLATE, reason="看错", stay_id=stay.id, plate=OTHER)

    asked = await world.run(edit_stay, actor=CLERK, change=away)

    assert isinstance(asked, EditRequest)
    assert (stay.amount, asked.difference) == (400, 0)
    await world.run(approve_edit, actor=CHIEF, request_id=asked.id)
    assert (await stay_of(world, stay.id)).plate == OTHER


async def test_a_car_that_still_stands_is_corrected_at_once(world: World) -> None:
    await world.run(change_policy, scope="city", values={"approval_limit": 300}, v=0)
    stay = await park(world)
    world.now = at(100)

    await edit(world, EditKind.PLATE, stay_id=stay.id, plate=OTHER)

    assert (await stay_of(world, stay.id)).plate == OTHER


async def test_what_is_asked_for_twice_offline_is_asked_for_once(world: World) -> None:
    await world.run(change_policy, scope="city", values={"review_mode": "all"}, v=0)
    stay = await stay_over(world)
    void = Change(kind=EditKind.VOID, reason="误报", stay_id=stay.id, client_id="pos-7:1")

    first = await world.run(edit_stay, actor=CLERK, change=void)
    again = await world.run(edit_stay, actor=CLERK, change=void)
    with pytest.raises(Refused, match="edit_done_before"):
        await world.run(edit_stay, actor=CHIEF, change=void)
    await world.run(approve_edit, actor=CHIEF, request_id=first.id)
    done = await world.run(edit_stay, actor=CLERK, change=void)

    assert first == again
    assert isinstance(done, StayEdit)
    assert (done.actor_id, done.approver_id) == ("clerk", "chief")


@pytest.mark.parametrize(
    ("actor", "state"), [(CHIEF, RequestState.REJECTED), (CLERK, RequestState.WITHDRAWN)]
)
async def test_a_request_that_is_rejected_or_withdrawn_edits_nothing(
    world: World, actor: Actor, state: RequestState
) -> None:
    decided = await decide(world, actor, state)

    assert (decided.state, decided.decided_by) == (state, actor.id)
    assert (await stay_of(world, decided.stay_ids[0])).state is StayState.CLOSED


@pytest.mark.parametrize(
    ("actor", "state", "code"),
    [
        (CLERK, RequestState.REJECTED, "edit_request_own"),
        (CHIEF, RequestState.WITHDRAWN, "edit_request_not_own"),
    ],
)
async def test_nobody_rejects_his_own_request_or_withdraws_anothers(
    world: World, actor: Actor, state: RequestState, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        await decide(world, actor, state)


async def test_what_the_platform_does_itself_waits_for_nobody(world: World) -> None:
    await world.run(change_policy, scope="city", values={"review_mode": "all"}, v=0)
    stay = await stay_over(world)

    await edit(world, EditKind.VOID, actor=system("test"), stay_id=stay.id)

    assert (await stay_of(world, stay.id)).state is StayState.VOID


async def test_an_edit_of_what_is_out_of_sight_or_was_seen_otherwise_is_refused(
    world: World,
) -> None:
    stay = await stay_over(world)

    with pytest.raises(NotFound, match="stay_not_found"):
        await edit(world, EditKind.VOID, actor=STRANGER, stay_id=stay.id)
    with pytest.raises(Refused, match="stay_changed"):
        await edit(world, EditKind.VOID, stay_id=stay.id, stay_v=stay.v - 1)
    with pytest.raises(Refused, match="edit_changes_nothing"):
        await edit(world, EditKind.PLATE, stay_id=stay.id, plate=PLATE)
    with pytest.raises(NotFound, match="berth_not_found"):
        await edit(world, EditKind.ARRIVAL, actor=STRANGER, berth_id="b2", arrived_at=at(0))
