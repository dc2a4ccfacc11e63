"""Reviews that nobody decides: those about one stay alone lapse where policy says so, the others wait."""

from datetime import timedelta

import pytest

from server.domain.stay import (
    ReviewOutcome,
    ReviewReason,
    ReviewState,
    StayDoubted,
    change_policy,
    claim_review,
    suspend_berth,
)
from server.domain.stay.jobs import lapse_reviews
from server.domain.stay.queries.timeline import EntryKind, evidence_of
from server.domain.stay.reactions import look_into_doubts
from server.domain.stay.service.reviews import raise_review
from server.kernel.errors import Refused
from tests.domain.test_stay_edits import CLERK, OTHER, park, stay_of, stay_over
from tests.domain.test_stay_reviews import decide, disputed, put_far, read_again, reviews
from tests.world import World


async def waits(world: World, hours: int, *, scope: str = "city") -> None:
    await world.run(change_policy, scope=scope, values={"review_after_h": hours}, v=0)


async def later(world: World, **time: int) -> None:
    world.now += timedelta(**time)
    await world.job(lapse_reviews)
    await world.job(lapse_reviews)


@pytest.mark.parametrize("scope", ["city", "place:s1"])
async def test_a_berth_taken_out_of_service_needs_nobody_after_so_many_hours(
    world: World, scope: str
) -> None:
    await waits(world, 24, scope=scope)
    stay = await park(world)
    await world.run(suspend_berth, berth_id="b1")

    await later(world, hours=23, minutes=59)
    assert [one.state for one in await reviews(world)] == [ReviewState.OPEN]
    await later(world, minutes=1)

    [review] = await reviews(world)
    assert (review.state, review.outcome, review.resolved_at) == (
        ReviewState.RESOLVED,
        ReviewOutcome.LAPSED,
        world.now,
    )
    after = await stay_of(world, stay.id)
    assert (after.amount, "suspended_berth" in after.flags) == (0, False)
    found = await world.run(evidence_of, actor=CLERK, stay_id=stay.id)
    entry = [one for one in found.entries if one.kind is EntryKind.REVIEW][-1]
    assert (entry.actor_id, entry.said["outcome"]) == ("system", "lapsed")
    with pytest.raises(Refused, match="review_resolved"):
        await world.run(claim_review, actor=CLERK, review_id=review.id)


async def test_a_missed_leave_is_charged_as_it_stands(world: World) -> None:
    await waits(world, 1)
    first = await park(world)
    world.reading("d1", "left", at_s=2400)
    again = world.reading("d1", "arrived", at_s=5400)
    await world.take(again, force=[again])
    await world.run(look_into_doubts, facts=await world.facts(StayDoubted))
    before = await stay_of(world, first.id)

    await later(world, hours=3)

    [review] = await reviews(world)
    assert (review.reason, review.outcome) == (ReviewReason.MISSED_LEAVE, ReviewOutcome.LAPSED)
    after = await stay_of(world, first.id)
    assert (after.amount, after.left_at) == (before.amount, before.left_at)
    assert "missed_leave" not in after.flags


async def test_never_is_what_it_says(world: World) -> None:
    await park(world)
    await world.run(suspend_berth, berth_id="b1")

    await later(world, days=400)

    assert [one.state for one in await reviews(world)] == [ReviewState.OPEN]


async def test_a_place_may_wait_for_people_where_its_city_does_not(world: World) -> None:
    await waits(world, 1)
    await waits(world, 0, scope="place:s1")
    await park(world)
    await world.run(suspend_berth, berth_id="b1")

    await later(world, days=10)

    assert [one.state for one in await reviews(world)] == [ReviewState.OPEN]


async def test_who_has_taken_one_up_has_as_long_again(world: World) -> None:
    await waits(world, 24)
    await park(world)
    await world.run(suspend_berth, berth_id="b1")
    world.now += timedelta(hours=20)
    [review] = await reviews(world)
    await world.run(claim_review, actor=CLERK, review_id=review.id)

    await later(world, hours=23)

    assert (await decide(world, review, actor=CLERK)).outcome is ReviewOutcome.DISMISSED


async def test_a_dispute_waits_for_a_person_for_ever(world: World) -> None:
    await waits(world, 1)
    stay = await disputed(world)

    await later(world, days=400)

    [review] = await reviews(world)
    assert review.state is ReviewState.OPEN
    assert (await stay_of(world, stay.id)).holds == ("dispute",)


async def test_so_does_a_suspected_clone(world: World) -> None:
    await waits(world, 1)
    await put_far(world, "b3")
    first = await park(world)
    await read_again(world, minutes=4)

    await later(world, days=400)

    assert {one.state for one in await reviews(world)} == {ReviewState.OPEN}
    assert (await stay_of(world, first.id)).holds == ("clone",)


@pytest.mark.parametrize("reason", [ReviewReason.PLATE_CONFLICT, ReviewReason.PLATE_ELSEWHERE])
async def test_so_does_what_is_about_another_car(world: World, reason: ReviewReason) -> None:
    await waits(world, 1)
    stay = await stay_over(world)
    await world.run(raise_review, stay=stay, reason=reason, seen=OTHER)

    await later(world, days=400)

    assert [one.state for one in await reviews(world)] == [ReviewState.OPEN]
