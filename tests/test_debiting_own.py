"""What a motorist reads of autopay: his cars, where it is on, and what came of each stay."""

from datetime import timedelta

import pytest

from server.domain.autopay.queries import OwnAutopay, own_autopay
from server.domain.autopay.rules import Outcome
from server.domain.identity import Organization, enrol
from server.domain.stay import change_policy
from server.domain.vehicle import Vehicle, register_vehicles
from server.kernel.access import Actor, Audience
from server.providers.payment import BlockReason, TradeState
from tests.autopay import CLERK, OTHER, PLATE, Cars, cars_on
from tests.domain.money import OWNER
from tests.world import World

STRANGER = Actor("somebody-else", Audience.MOTORIST)


@pytest.fixture
async def cars(world: World) -> Cars:
    vehicles = [
        Vehicle(id="v1", plate=PLATE, owner_id=OWNER.id),
        Vehicle(id="v2", plate=OTHER, owner_id=STRANGER.id),
    ]
    await world.run(register_vehicles, vehicles=vehicles)
    await world.run(enrol, organizations=[Organization(id="city", name="鹏城停车")], accounts=[])
    return await cars_on(world)


async def read(cars: Cars, actor: Actor = OWNER) -> OwnAutopay:
    return await cars.world.run(own_autopay, actor=actor)


async def test_a_stay_is_followed_from_standing_to_paid(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    [standing] = (await read(cars)).debits
    await cars.go()
    await cars.round()
    [under_way] = (await read(cars)).debits
    [intent] = await cars.intents()
    cars.parking.decide(intent.id)
    await cars.notice(intent.id)

    own = await read(cars)

    [paid] = own.debits
    seen = [one.outcome for one in (standing, under_way, paid)]
    assert seen == [Outcome.STANDING, Outcome.UNDER_WAY, Outcome.PAID]
    assert paid.payment is not None
    assert paid.payment.amount == intent.amount
    assert own.last_told["v1"].block is None


async def test_what_fails_is_tried_again_at_a_time_and_left_to_be_paid_by_hand(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    await cars.go()
    seen = []
    for wait in (timedelta(minutes=31), timedelta(days=1, minutes=1), timedelta()):
        await cars.round()
        await cars.round()
        intent = (await cars.intents())[-1]
        cars.parking.decide(intent.id, TradeState.CLOSED)
        await cars.notice(intent.id)
        [debit] = (await read(cars)).debits
        due = debit.entry.ask_at - cars.world.now if debit.entry.ask_at else None
        seen.append((debit.outcome, debit.entry.attempt, due))
        cars.world.now += wait

    again = [(Outcome.AGAIN, 2, timedelta(minutes=30)), (Outcome.AGAIN, 3, timedelta(days=1))]
    assert seen == [*again, (Outcome.LEFT, 3, None)]
    [left] = (await read(cars)).debits
    assert left.bill is not None
    assert left.bill.open > 0


async def test_a_car_that_may_not_be_debited_says_why_and_its_bill_is_left(cars: Cars) -> None:
    cars.parking.block = BlockReason.PAUSED
    await cars.come()
    await cars.round()
    before = await read(cars)
    await cars.go()
    await cars.round()

    after = await read(cars)

    [told] = {before.last_told["v1"].block, after.last_told["v1"].block}
    assert told is not None
    assert told.value == "paused"
    outcomes = [one.outcome for own in (before, after) for one in own.debits]
    assert outcomes == [Outcome.STANDING, Outcome.LEFT]


async def test_others_see_nothing_of_it(cars: Cars) -> None:
    await cars.come()
    await cars.round()

    own = await read(cars, STRANGER)

    assert [one.id for one in own.vehicles] == ["v2"]
    assert (dict(own.last_told), own.debits) == ({}, [])


async def test_where_it_is_on_is_told_with_the_limit_of_each_operator(cars: Cars) -> None:
    [everywhere] = (await read(cars)).grounds
    off = {"autopay": "off"}
    await cars.world.run(change_policy, actor=CLERK, scope="operator:city", values=off, v=0)
    nowhere = (await read(cars)).grounds
    one = {"autopay": "on", "autopay_limit": 3_000}
    await cars.world.run(change_policy, scope="place:s1", values=one, v=0)

    [at_one] = (await read(cars)).grounds

    assert (everywhere.everywhere, everywhere.limit) == (True, 10_000)
    assert nowhere == []
    assert (at_one.operator, at_one.everywhere, at_one.places) == ("鹏城停车", False, 1)
    assert at_one.limit == 3_000
