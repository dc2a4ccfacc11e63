"""What is done for berths at a pace: pending states settle, and room is counted."""

from datetime import timedelta

from server.domain.estate import Place
from server.domain.stay.events import SupplyChanged
from server.domain.stay.model import Occupancy, Supply
from server.domain.stay.queries import changed_places, count_berths
from server.domain.stay.queries.lists import doubtful_places
from server.domain.stay.rules import is_uncontradicted, settle
from server.domain.stay.service import Stays, policy_of
from server.domain.stay.service.policies import policy_for
from server.domain.stay.service.reviews import lapse_reviews_at
from server.kernel.nouns import replace
from server.kernel.schedule import job
from server.kernel.work import AtLeast, AtMost, Where, Work

# 500 berths a run: a rush hour's leaves of one second in a city of 100,000 berths.
SETTLED_AT_ONCE = 500
# 50 a place and minute: a night's doubts of a district are closed before its people come.
LAPSED_AT_ONCE = 50
# 2 min: far beyond any debounce. An index on settle_at alone would cost each reading 20 µs of mongod.
SETTLE_LOOK_BACK = timedelta(minutes=2)
# 5 s: a run that was skipped or slow is made up for by the next ones.
LOOK_BACK = timedelta(seconds=5)


@job(every_s=0.5)
async def settle_berths(work: Work) -> None:
    """Settle the pending berths whose time has come, among those that have changed lately."""
    lately = work.now - SETTLE_LOOK_BACK
    await _settle(work, {"changed_at": AtLeast(lately), "settle_at": AtMost(work.now)})


@job(every_s=60)
async def settle_forgotten_berths(work: Work) -> None:
    """Settle the pending berths whose time had come while nobody was there to see to it."""
    await _settle(work, {"settle_at": AtMost(work.now)})


async def _settle(work: Work, where: Where) -> None:
    pending = await work.table(Occupancy).find(where, limit=SETTLED_AT_ONCE)
    policy = await policy_of(work)
    due = [one for one in pending if is_uncontradicted(one, policy, now=work.now)]
    if not due:
        return
    stays = Stays(work, policy)
    await stays.load(due, {one.seen_plate for one in due if one.seen_plate})
    for occupancy in due:
        stays.apply(occupancy, settle(occupancy, until=work.now, new_id=work.new_id))


@job(every_s=60)
async def lapse_reviews(work: Work) -> None:
    """Close the reviews that nobody has decided for as long as their place waits."""
    for organization_id, place_id in await doubtful_places(work):
        policy = await policy_for(work, organization_id=organization_id, place_id=place_id)
        if policy.review_after_h:
            since = work.now - timedelta(hours=policy.review_after_h)
            await lapse_reviews_at(work, place_id=place_id, since=since, limit=LAPSED_AT_ONCE)


@job(every_s=1)
async def count_room(work: Work) -> None:
    """Count the room of the places where something has changed lately."""
    await count_room_of(work, await changed_places(work, since=work.now - LOOK_BACK))


@job(every_s=60)
async def count_all_room(work: Work) -> None:
    """Count the room of every place, whatever was missed."""
    await count_room_of(work, [place.id for place in await work.table(Place).find({})])


async def count_room_of(work: Work, place_ids: list[str]) -> None:
    """Count anew, and tell where the figures have changed."""
    if not place_ids:
        return
    rows = work.table(Supply)
    held = await rows.load(place_ids)
    places = await work.table(Place).load(place_ids)
    for place_id, counts in (await count_berths(work, place_ids)).items():
        place = places[place_id]
        before = held.get(place_id) or Supply(
            id=place_id, organization_id=place.organization_id, cell=place.cell
        )
        after = replace(before, **counts)  # type: ignore[arg-type]
        if after == before:
            continue
        after = rows.save(after) if place_id in held else rows.add(after)
        work.tell(
            SupplyChanged(at=work.now, place_id=place_id, cell=after.cell, v=after.v, **counts)
        )
