"""The demo's simulated drivers: they pay as people do, leave alone who is a person, and never rush."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from devices.simulator.payers import Habit, draw_payer
from server.demo_drivers import AT_ONCE, Drivers
from server.domain.autopay import follow_stays
from server.domain.billing import Bill, BillState
from server.domain.identity import Login
from server.domain.payment import Method, Payment
from server.domain.stay import Stay, StayState, change_policy
from server.kernel.access import Audience
from server.kernel.work import Work
from server.paying import Desk
from tests.domain.money import OWNER, PLATE, billed, closed_stay, rows, sound
from tests.paying import FakeProvider
from tests.world import NOON, World

SEED = 1


class City:
    """Drivers, and the providers at whose cashiers they pay."""

    def __init__(self, world: World, *, providers: dict[str, FakeProvider] | None = None) -> None:
        self.world = world
        fresh = {name: FakeProvider(name=name) for name in ("wechat", "alipay")}
        self.providers = providers or fresh
        self.desk = Desk(world.store, [*self.providers.values()], public_url="http://city")
        self.drivers = Drivers(
            world.store,
            self.desk,
            organization_id="city",
            plates=[PLATE.number],
            seed=SEED,
            pay=self.pay,
        )

    async def pay(self, address: str) -> None:
        """Be the cashier: take the money, and tell us."""
        number = address.removeprefix("pay://")
        [name] = [name for name, one in self.providers.items() if number in one.trades]
        self.providers[name].pay(number, at=self.world.now)
        await self.desk.hear(name, *self.providers[name].notice(number))

    async def live(self, minutes: int, *, step_s: int = 30) -> list[int]:
        """Let time go by; gives how many paid in each round."""
        counts = []
        for _ in range(minutes * 60 // step_s):
            counts.append(await self.drivers.round())
            self.world.now += timedelta(seconds=step_s)
        return counts


@pytest.fixture
def city(world: World) -> City:
    return City(world)


def named(habit: Habit, count: int, *, prefix: str = "stay") -> list[str]:
    """Find stays whose drivers have that habit."""
    ids = (f"{prefix}{number}" for number in range(1, 10_000))
    return [id for id in ids if draw_payer(SEED, id).habit is habit][:count]


def test_of_a_thousand_most_pay_on_leaving_some_ahead_or_late_and_a_few_never() -> None:
    drawn = Counter(draw_payer(SEED, f"stay-{number}").habit for number in range(1_000))

    assert [habit for habit, _ in drawn.most_common()] == [
        Habit.LEAVING,
        Habit.LATE,
        Habit.AHEAD,
        Habit.NEVER,
    ]
    assert 60 <= drawn[Habit.NEVER] <= 140
    assert draw_payer(SEED, "stay-1") == draw_payer(SEED, "stay-1")
    assert drawn != Counter(draw_payer(2, f"stay-{number}").habit for number in range(1_000))


async def test_bills_are_paid_in_their_time_by_all_ways_and_the_books_balance(city: City) -> None:
    bills = await billed(city.world, *[400] * 40)

    counts = await city.live(59)

    left = {bill.stay_id for bill in await rows(city.world, Bill) if bill.state is BillState.DUE}
    never = {bill.stay_id for bill in bills if draw_payer(SEED, bill.stay_id).habit is Habit.NEVER}
    assert never
    assert left == never
    assert max(counts) <= AT_ONCE
    methods = {payment.provider for payment in await rows(city.world, Payment)}
    assert methods == {Method.WECHAT, Method.ALIPAY, Method.WALLET}
    await sound(city.world)


async def test_who_pays_late_pays_after_the_grace(city: City) -> None:
    await billed(city.world, *[400] * 20)

    await city.live(10)

    paid = {one.stay_id for one in await rows(city.world, Bill) if one.state is BillState.PAID}
    assert paid
    assert not paid & {*named(Habit.LATE, 10), *named(Habit.NEVER, 10)}


async def test_a_restart_goes_on_where_the_last_run_ended(city: City) -> None:
    await billed(city.world, *[400] * 10)
    await city.live(2)
    before = len(await rows(city.world, Payment))
    again = City(city.world, providers=city.providers)

    await again.live(57)

    never = [
        id for id in (f"stay{number}" for number in range(1, 11)) if id in named(Habit.NEVER, 9)
    ]
    bought = [one for one in await rows(city.world, Payment) if one.purpose.value == "bills"]
    assert before > 0
    assert len(bought) == 10 - len(never)


async def test_a_person_who_has_logged_in_pays_himself(city: City) -> None:
    await billed(city.world, *[400] * 10)

    async def log_in(work: Work) -> None:
        login = Login(
            id="l1",
            account_id=OWNER.id,
            audience=Audience.MOTORIST,
            created_at=NOON,
            expires_at=NOON + timedelta(days=30),
        )
        work.table(Login).add(login)

    await city.world.run(log_in)

    assert sum(await city.live(59)) == 0


async def test_debts_of_before_are_left_as_they_are(city: City) -> None:
    await billed(city.world, *[400] * 10)
    city.world.now += timedelta(hours=1, minutes=1)

    assert sum(await city.live(10)) == 0


async def stand(world: World, id: str) -> None:
    """Let the owner's car stand since an hour."""

    async def park(work: Work) -> None:
        stay = replace(
            closed_stay(id, 0, at=world.now - timedelta(hours=1)),
            state=StayState.RUNNING,
            open=True,
            left_at=None,
            amount=None,
            lines=(),
        )
        work.table(Stay).add(stay)

    await world.run(park)


async def test_some_pay_ahead_while_the_car_stands(city: City) -> None:
    [ahead] = named(Habit.AHEAD, 1, prefix="parked")
    await stand(city.world, ahead)

    await city.live(1)

    [bill] = await rows(city.world, Bill)
    assert bill.state is BillState.PAID
    assert bill.valid_until is not None


async def test_who_is_about_to_be_debited_is_left_to_that(city: City) -> None:
    [ahead] = named(Habit.AHEAD, 1, prefix="parked")
    await stand(city.world, ahead)
    await city.world.run(change_policy, scope="place:s1", values={"autopay": "on"}, v=0)
    await city.world.run(follow_stays, stay_ids=[ahead])

    assert sum(await city.live(1)) == 0
    assert await rows(city.world, Bill) == []
