"""Stays that are edited after they were paid: what was paid stays paid, what is too much goes back."""

import pytest

from server.domain.billing import Bill, BillOverpaid, bill_running_stay
from server.domain.refund import Refund
from server.domain.refund.reactions import give_back_surplus
from server.domain.stay import EditKind, Stay
from server.domain.stay.jobs import settle_berths
from server.domain.vehicle import Vehicle, register_vehicles
from tests.domain.money import OWNER, paid, rows, wish
from tests.domain.test_stay_edits import PLATE, at, bill, edit, park, stay_of, stay_over
from tests.world import World


@pytest.fixture
async def owned(world: World) -> World:
    """The street, with somebody who drives under the plate."""
    own = Vehicle(id="v1", plate=PLATE, owner_id=OWNER.id)
    await world.run(register_vehicles, vehicles=[own])
    return world


async def paid_stay(world: World, *, minutes: int) -> Stay:
    """Let a car stay for so long, and pay."""
    stay = await stay_over(world, minutes=minutes)
    [due] = await rows(world, Bill)
    await paid(world, await wish(world, due))
    return stay


async def settled(world: World) -> tuple[dict[str, int], int]:
    """Let the bills follow, and say what is open by stay, and how much goes back in all."""
    await bill(world)
    await world.run(give_back_surplus, facts=await world.facts(BillOverpaid))
    bills = [one for one in await rows(world, Bill) if one.standing]
    back = sum(one.amount for one in await rows(world, Refund))
    for one in bills:
        stay = await stay_of(world, one.stay_id)
        assert stay.open or one.paid + one.open == stay.amount
    return {one.stay_id: one.open for one in bills}, back


async def leave(world: World, *, minutes: int) -> None:
    """Let the car leave the first berth."""
    await world.see("d1", "left", at_s=minutes * 60)
    world.now = at(minutes + 2)
    await world.job(settle_berths)


async def test_what_was_paid_for_a_part_goes_back_and_the_whole_is_billed(owned: World) -> None:
    first = await paid_stay(owned, minutes=30)
    await owned.see("d1", "arrived", at_s=40 * 60)
    owned.now = at(42)
    await owned.job(settle_berths)
    running = (await owned.stays())[-1]

    await edit(owned, EditKind.MERGE, stay_id=first.id, other_id=running.id)
    await leave(owned, minutes=100)

    whole = await stay_of(owned, running.id)
    assert await settled(owned) == ({first.id: 0, whole.id: whole.amount}, 300)
    assert whole.amount == 500  # one first hour, not two


async def test_a_void_stay_is_given_back_whole_and_once(owned: World) -> None:
    stay = await paid_stay(owned, minutes=61)

    await edit(owned, EditKind.VOID, stay_id=stay.id)
    assert await settled(owned) == ({stay.id: 0}, 400)
    assert await settled(owned) == ({stay.id: 0}, 400)


async def test_what_was_paid_ahead_is_for_the_part_that_goes_on(owned: World) -> None:
    running = await park(owned)
    owned.now = at(60)
    ahead = await owned.run(bill_running_stay, actor=OWNER, stay_id=running.id)
    await paid(owned, await wish(owned, ahead))
    owned.now = at(100)

    done = await edit(owned, EditKind.SPLIT, stay_id=running.id, at=at(60))
    await leave(owned, minutes=100)

    [part_id] = {one.after.id for one in done.versions} - {running.id}
    opened, back = await settled(owned)
    later = await stay_of(owned, running.id)
    assert (ahead.due, later.amount) == (300, 300)
    assert (opened, back) == ({running.id: 0, part_id: 300}, 0)


async def test_a_part_of_a_paid_stay_is_billed_and_what_it_cost_goes_back(owned: World) -> None:
    stay = await paid_stay(owned, minutes=180)
    assert stay.amount == 700

    done = await edit(owned, EditKind.SPLIT, stay_id=stay.id, at=at(60))

    [part_id] = {one.after.id for one in done.versions} - {stay.id}
    part = await stay_of(owned, part_id)
    assert await settled(owned) == ({stay.id: 0, part_id: part.amount}, 400)


async def test_a_paid_stay_that_was_longer_owes_the_rest_alone(owned: World) -> None:
    stay = await paid_stay(owned, minutes=61)
    owned.now = at(200)

    await edit(owned, EditKind.TIMES, stay_id=stay.id, left_at=at(121))

    assert await settled(owned) == ({stay.id: 200}, 0)
