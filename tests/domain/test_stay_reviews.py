"""What does not fit waits for a person: missed leaves, clones, disputes; and who is charged meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from server.domain.equipment import Numbering
from server.domain.estate import Berth
from server.domain.stay import (
    DisputeReason,
    EditKind,
    OccupancyState,
    Review,
    ReviewOutcome,
    ReviewReason,
    ReviewState,
    Stay,
    StayDisputed,
    StayDoubted,
    StayReleased,
    StayState,
    change_policy,
    claim_review,
    dispute_stay,
    identify_berth,
    resolve_review,
    resume_berth,
    suspend_berth,
    withdraw_dispute,
)
from server.domain.stay.jobs import settle_berths
from server.domain.stay.reactions import look_into_doubts
from server.domain.vehicle import Vehicle, register_vehicles
from server.kernel.access import Actor, Audience, Scope
from server.kernel.errors import DomainError, NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import Work
from tests.domain.test_stay_edits import (
    CHIEF,
    CLERK,
    OTHER,
    PLATE,
    at,
    bill,
    due,
    edit,
    park,
    stay_of,
    stay_over,
)
from tests.world import LNG_LAT, World

OWNER = Actor("anna", Audience.MOTORIST)
FAR = (LNG_LAT[0] + 0.1, LNG_LAT[1])  # 10 km to the east


async def own(world: World) -> None:
    await world.run(register_vehicles, vehicles=[Vehicle(id="v", plate=PLATE, owner_id="anna")])


async def put_far(world: World, berth_id: str) -> None:
    """Move a berth ten kilometres away."""

    async def move(work: Work) -> None:
        rows = work.table(Berth)
        rows.save(replace(await rows.get(berth_id), polygon=(FAR,) * 4))

    await world.run(move)


async def read_again(world: World, *, minutes: int) -> None:
    """Let the camera read the same plate on the third berth, and the platform think about it."""
    said = {"plate": PLATE.number, "berth_code": "440304003", "numbering": Numbering.CLOCK}
    await world.see("cam", "arrived", at_s=minutes * 60, **said)
    world.now = at(minutes + 1)
    await world.job(settle_berths)
    for _ in range(2):  # reactions come twice
        await world.run(look_into_doubts, facts=await world.facts(StayDoubted))


async def reviews(world: World) -> list[Review]:
    return await world.run(lambda work: work.table(Review).find({}, sort="_id"))


async def test_a_plate_that_cannot_be_in_two_places_charges_nobody_until_somebody_looked(
    world: World,
) -> None:
    await put_far(world, "b3")
    first = await park(world)

    await read_again(world, minutes=4)

    [second] = await world.stays("b3")
    found = await reviews(world)
    assert {(one.reason, one.stay_id, one.other_id) for one in found} == {
        (ReviewReason.CLONE, first.id, second.id),
        (ReviewReason.CLONE, second.id, first.id),
    }
    for stay in (await stay_of(world, first.id), await stay_of(world, second.id)):
        assert (stay.holds, "clone" in stay.flags) == (("clone",), True)
    assert second.plate is None
    assert len(await world.facts(StayDisputed)) == 2


async def test_a_car_that_can_have_come_is_for_a_person_to_judge(world: World) -> None:
    await put_far(world, "b3")
    first = await park(world)

    await read_again(world, minutes=30)

    [review] = await reviews(world)
    assert (review.reason, review.seen, review.other_id) == (
        ReviewReason.PLATE_ELSEWHERE,
        PLATE,
        first.id,
    )
    assert (await stay_of(world, first.id)).open


@pytest.mark.parametrize("policy", ["operator", "place"])
async def test_the_policy_ends_the_older_stay_where_its_car_was_last_seen(
    world: World, policy: str
) -> None:
    await world.run(change_policy, scope="city", values={"same_plate": policy}, v=0)
    first = await park(world)
    await world.see("d1", "heartbeat", at_s=20 * 60)

    await read_again(world, minutes=30)

    older = await stay_of(world, first.id)
    [newer] = await world.stays("b3")
    assert (older.state, older.left_at) == (StayState.CLOSED, at(20))
    assert (newer.plate, newer.open) == (PLATE, True)
    assert (await world.occupancy("b1")).state is OccupancyState.FREE
    assert await reviews(world) == []


async def test_a_missed_leave_is_put_on_the_list(world: World) -> None:
    first = await park(world)
    lost = world.reading("d1", "left", at_s=2400)
    again = world.reading("d1", "arrived", at_s=5400)
    await world.take(again, force=[again])
    await world.run(look_into_doubts, facts=await world.facts(StayDoubted))

    [review] = await reviews(world)

    assert lost.seq < again.seq
    assert (review.reason, review.stay_id) == (ReviewReason.MISSED_LEAVE, first.id)


async def disputed(world: World) -> Stay:
    await own(world)
    stay = await stay_over(world)
    said: dict[str, Any] = {"reason": DisputeReason.NOT_PARKED, "statement": "当天不在本市"}
    await world.run(dispute_stay, actor=OWNER, stay_id=stay.id, **said)
    return await stay_of(world, stay.id)


async def come_again(world: World, *, leaves: bool = True) -> Stay:
    """Let the same car come back to its berth an hour later, and perhaps leave."""
    await world.see("d1", "arrived", at_s=120 * 60)
    world.now = at(122)
    await world.job(settle_berths)
    await world.run(identify_berth, berth_id="b1", plate=PLATE)
    if leaves:
        await world.see("d1", "left", at_s=181 * 60)
        world.now = at(183)
        await world.job(settle_berths)
        await bill(world)
    return (await world.stays("b1"))[-1]


async def test_a_dispute_holds_the_stay_until_it_is_decided(world: World) -> None:
    stay = await disputed(world)
    [review] = await reviews(world)
    assert stay.holds == ("dispute",)

    with pytest.raises(Refused, match="review_not_claimed"):
        await decide(world, review, actor=CLERK)
    await world.run(claim_review, actor=CLERK, review_id=review.id)
    with pytest.raises(Refused, match="review_claimed"):
        await world.run(claim_review, actor=CHIEF, review_id=review.id)
    await decide(world, review, actor=CLERK)

    [resolved] = await reviews(world)
    assert (resolved.state, resolved.outcome) == (ReviewState.RESOLVED, ReviewOutcome.DISMISSED)
    after = await stay_of(world, stay.id)
    assert (after.holds, after.flags) == ((), ())
    assert [type(fact) for fact in await world.facts()][-1] is StayReleased
    with pytest.raises(Refused, match="review_resolved"):
        await decide(world, review, actor=CLERK)


async def decide(world: World, review: Review, *, actor: Actor) -> Review:
    outcome = ReviewOutcome.DISMISSED
    return await world.run(
        resolve_review, actor=actor, review_id=review.id, outcome=outcome, remark="照片清晰"
    )


async def test_a_dispute_goes_on_for_what_its_stay_is_made_a_part_of(world: World) -> None:
    stay = await disputed(world)
    later = await come_again(world)
    [review] = await reviews(world)

    merged = await edit(world, EditKind.MERGE, stay_id=later.id, other_id=stay.id)
    whole = await stay_of(world, stay.id)
    assert {one.after.id for one in merged.versions} == {stay.id, later.id}
    assert whole.holds == ("dispute",)

    await world.run(claim_review, actor=CLERK, review_id=review.id)
    await decide(world, review, actor=CLERK)

    assert (await stay_of(world, stay.id)).holds == ()


async def test_a_dispute_about_the_part_holds_the_whole_until_it_is_decided(world: World) -> None:
    stay = await disputed(world)
    later = await come_again(world, leaves=False)
    [review] = await reviews(world)

    await edit(world, EditKind.MERGE, stay_id=stay.id, other_id=later.id)
    whole = await stay_of(world, later.id)
    assert (whole.open, whole.holds, "dispute" in whole.flags) == (True, ("dispute",), True)
    assert {fact.stay_id for fact in await world.facts(StayDisputed)} == {stay.id, later.id}

    await world.run(claim_review, actor=CLERK, review_id=review.id)
    await decide(world, review, actor=CLERK)
    freed = await stay_of(world, later.id)
    assert (freed.holds, freed.flags) == ((), ())
    assert later.id in {fact.stay_id for fact in await world.facts(StayReleased)}


async def test_two_disputes_that_became_one_stay_are_both_to_be_decided(world: World) -> None:
    stay = await disputed(world)
    later = await come_again(world)
    said: dict[str, Any] = {"reason": DisputeReason.CHARGED_TWICE, "statement": "收了两次"}
    await world.run(dispute_stay, actor=OWNER, stay_id=later.id, **said)
    await edit(world, EditKind.MERGE, stay_id=stay.id, other_id=later.id)

    for review, left in zip(await reviews(world), (("dispute",), ()), strict=True):
        await world.run(claim_review, actor=CLERK, review_id=review.id)
        await decide(world, review, actor=CLERK)
        assert (await stay_of(world, stay.id)).holds == left


async def test_both_parts_of_a_stay_in_dispute_are_in_dispute(world: World) -> None:
    stay = await disputed(world)
    [review] = await reviews(world)

    done = await edit(world, EditKind.SPLIT, stay_id=stay.id, at=at(30))
    parts = [await stay_of(world, id) for id in done.stay_ids]
    await bill(world)
    billed = await due(world)
    await world.run(withdraw_dispute, actor=OWNER, stay_id=stay.id)

    assert [one.holds for one in parts] == [("dispute",)] * 2
    assert billed == {}
    assert [(await stay_of(world, one.id)).holds for one in parts] == [(), ()]
    assert (await reviews(world))[0].heirs == (parts[1].id,) != review.heirs


async def test_another_cars_part_is_not_in_dispute(world: World) -> None:
    stay = await disputed(world)

    done = await edit(world, EditKind.SPLIT, stay_id=stay.id, at=at(30), plate=OTHER)

    assert [(await stay_of(world, id)).holds for id in done.stay_ids] == [("dispute",), ()]


async def test_an_undone_merge_leaves_the_dispute_where_it_was(world: World) -> None:
    stay = await disputed(world)
    later = await come_again(world, leaves=False)
    merged = await edit(world, EditKind.MERGE, stay_id=stay.id, other_id=later.id)

    await edit(world, EditKind.UNDO, other_id=merged.id)

    assert (await stay_of(world, stay.id)).holds == ("dispute",)
    assert (await stay_of(world, later.id)).holds == ()
    assert (await reviews(world))[0].heirs == ()
    assert later.id in {fact.stay_id for fact in await world.facts(StayReleased)}


async def test_a_dispute_is_taken_back_and_not_raised_again(world: World) -> None:
    stay = await disputed(world)

    await world.run(withdraw_dispute, actor=OWNER, stay_id=stay.id)

    assert (await stay_of(world, stay.id)).holds == ()
    with pytest.raises(Refused, match="dispute_exists"):
        await disputed_again(world, stay)


async def disputed_again(world: World, stay: Stay, actor: Actor = OWNER) -> None:
    said: dict[str, Any] = {"reason": DisputeReason.OTHER, "statement": "再看看"}
    await world.run(dispute_stay, actor=actor, stay_id=stay.id, **said)


async def test_nobody_disputes_anothers_stay_or_one_long_ago(world: World) -> None:
    await own(world)
    stay = await stay_over(world)

    with pytest.raises(NotFound, match="stay_not_found"):
        await disputed_again(world, stay, Actor("ben", Audience.MOTORIST))
    world.now = at(0) + timedelta(days=91)
    with pytest.raises(Refused, match="dispute_too_late"):
        await disputed_again(world, stay)


async def test_a_review_out_of_sight_is_not_there(world: World) -> None:
    await disputed(world)
    [review] = await reviews(world)
    elsewhere = Actor("x", Audience.CONSOLE, scope=Scope(division_codes=frozenset({"440303"})))

    with pytest.raises(DomainError, match="review_not_found"):
        await world.run(claim_review, actor=elsewhere, review_id=review.id)


async def test_a_berth_taken_out_of_service_lets_its_car_go_free(world: World) -> None:
    stay = await park(world)
    world.now = at(200)

    await world.run(suspend_berth, berth_id="b1")

    after = await stay_of(world, stay.id)
    assert (after.state, after.amount, after.left_at) == (StayState.CLOSED, 0, at(200))
    assert [one.reason for one in await reviews(world)] == [ReviewReason.SUSPENDED_BERTH]
    await world.see("d1", "arrived", at_s=201 * 60)
    assert (await world.occupancy()).state is OccupancyState.OUT_OF_SERVICE
    await world.run(resume_berth, berth_id="b1")
    assert (await world.occupancy()).state is OccupancyState.UNKNOWN
