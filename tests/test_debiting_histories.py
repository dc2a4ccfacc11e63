"""Whatever happens to cars, clerks, notices and answers, and in whatever order: what always holds."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from server.domain.autopay import EntryState
from server.domain.billing import Bill
from server.domain.payment import Intent, Method, begin_payment
from server.domain.stay import EditKind, Stay
from server.kernel.errors import DomainError
from server.providers.payment import BlockReason, TradeState
from tests.autopay import OTHER, PLATE, Cars, cars_on
from tests.domain.money import rows, sound
from tests.world import NOON, World

STEPS = 80


class History:
    """One street's fortunes, drawn from a seed."""

    def __init__(self, cars: Cars, seed: int) -> None:
        self.cars = cars
        self.draw = random.Random(seed)
        cars.twice = seed % 2 == 0

    async def step(self) -> None:
        """Let something happen; what is refused happens not."""
        happenings: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (4, self.come),
            (5, self.go),
            (1, self.correct),
            (1, self.shift),
            (9, self.ask),
            (5, self.decide),
            (1, self.say_again),
            (1, self.block),
            (1, self.pay_by_hand),
            (1, self.break_down),
        ]
        weights = [weight for weight, _ in happenings]
        [(_, happen)] = self.draw.choices(happenings, weights)
        try:
            await happen()
        except DomainError:
            await self.cars.relay()
        await self.check()

    async def come(self) -> None:
        berth, world = self.draw.choice((1, 2)), self.cars.world
        world.now += timedelta(minutes=1)
        while (world.now - NOON) % timedelta(days=1) > timedelta(hours=6):
            world.now += timedelta(hours=1)  # by night it costs nothing
        await self.cars.come(self.draw.choice((PLATE, OTHER)), berth=berth)

    async def go(self) -> None:
        minutes = self.draw.choice((61, 61, 200, 5))
        await self.cars.go(after_min=minutes, berth=self.draw.choice((1, 2)))

    async def correct(self) -> None:
        stay = await self._stay()
        plate = self.draw.choice((PLATE, OTHER))
        await self.cars.edit(EditKind.PLATE, stay, plate=plate)

    async def shift(self) -> None:
        stay = await self._stay()
        earlier = stay.arrived_at - timedelta(minutes=self.draw.choice((1, 40)))
        await self.cars.edit(EditKind.TIMES, stay, arrived_at=earlier)

    async def ask(self) -> None:
        await self.cars.round(after_s=self.draw.choice((0, 5, 5, 60, 1800, 90_000)))

    async def decide(self) -> None:
        open_ones = self.debits(TradeState.UNPAID)
        if open_ones:
            number = self.draw.choice(open_ones)
            end = self.draw.choice((TradeState.PAID, TradeState.PAID, TradeState.CLOSED))
            self.cars.parking.decide(number, end)
            if self.draw.random() < 0.6:
                await self.cars.notice(number)

    async def say_again(self) -> None:
        if self.cars.parking.debits:
            await self.cars.notice(self.draw.choice([*self.cars.parking.debits]))

    async def block(self) -> None:
        self.cars.parking.block = self.draw.choice((None, None, None, BlockReason.OVERDUE))
        known = [one for one in await self.cars.entries() if one.parking_id]
        if known:
            entry = self.draw.choice(known)
            at = self.cars.world.now - timedelta(minutes=self.draw.choice((0, 0, 30)))
            await self.cars.notice(entry.id, self.cars.parking.told(entry.id, at=at))

    async def pay_by_hand(self) -> None:
        open_ones = [one for one in await rows(self.cars.world, Bill) if one.standing and one.open]
        if open_ones:
            bill = self.draw.choice(open_ones)
            begun = await self.cars.world.run(
                begin_payment,
                bill_ids=[bill.id],
                provider=Method.WECHAT,
                scene="native",
                vouched=True,
            )
            intent = await self.cars.desk.start(begun)
            if self.draw.random() < 0.5:
                self.cars.provider.pay(intent.id)
                await self.cars.notice(intent.id, self.cars.provider.trades[intent.id])

    async def break_down(self) -> None:
        setattr(self.cars.parking, self.draw.choice(("away", "lost")), self.draw.choice((1, 2)))

    def debits(self, state: TradeState) -> list[str]:
        """List the debits that stand so at the provider."""
        parking = self.cars.parking
        return [number for number in parking.debits if parking.trades[number].state is state]

    async def _stay(self) -> Stay:
        stays = await rows(self.cars.world, Stay)
        if not stays:
            await self.come()
            stays = await rows(self.cars.world, Stay)
        found: Stay = self.draw.choice(sorted(stays, key=lambda one: one.arrived_at)[-2:])
        return found

    async def check(self) -> None:
        """A plate and a stay have one live entry; an entry has one debit; the books balance."""
        entries = await self.cars.entries()
        live = [one for one in entries if one.live]
        assert max(Counter(one.plate for one in live).values(), default=0) <= 1
        assert max(Counter(one.stay_id for one in live).values(), default=0) <= 1
        asked = [one.intent_id for one in entries if one.intent_id]
        assert len(asked) == len(set(asked))
        # The double itself refuses a second debit by an entry, and one that says another car.
        assert set(self.cars.parking.debits) <= set(asked)
        for entry in entries:
            if entry.state is EntryState.USED:
                assert self.cars.parking.trades[entry.intent_id].state is TradeState.PAID
        intents: list[Intent] = [one for one in await rows(self.cars.world, Intent) if one.live]
        held = Counter(bill_id for one in intents for bill_id in one.holding)
        assert max(held.values(), default=0) <= 1
        await sound(self.cars.world)


@pytest.mark.parametrize("seed", range(5))
async def test_no_car_is_debited_twice_and_no_fen_is_lost(world: World, seed: int) -> None:
    history = History(await cars_on(world), seed)

    for _ in range(STEPS):
        await history.step()
    history.cars.parking.away = history.cars.parking.lost = 0
    for number in history.debits(TradeState.UNPAID):
        history.cars.parking.decide(number)
    for _ in range(4):
        await history.cars.round(after_s=3600)
    await history.check()

    taken = {one.intent_id for one in await history.cars.payments()}
    paid = set(history.debits(TradeState.PAID))
    forgotten = paid - taken
    for number in forgotten:  # given up after a day: the day's comparing finds it
        await history.cars.desk.learn("wechat", number)
    await history.cars.relay()
    await history.check()
    assert paid <= {one.intent_id for one in await history.cars.payments()}
