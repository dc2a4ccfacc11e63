"""What the tests about autopay share: cars on a street that has it switched on, and who debits them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from server.debiting import Debiting
from server.domain.autopay import EntryState, ParkingEntry
from server.domain.autopay.reactions import follow_cars, follow_debits
from server.domain.billing.reactions import bill_priced_stays
from server.domain.payment import Intent, Payment
from server.domain.refund.reactions import give_back_surplus, give_back_unapplied
from server.domain.stay import Change, EditKind, Stay, change_policy, edit_stay, identify_berth
from server.domain.stay.jobs import settle_berths
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience, Scope
from server.kernel.events import Facts
from server.paying import Desk
from tests.domain.money import rows
from tests.paying import FakeParking, FakeProvider
from tests.world import NOON, World

CLERK = Actor("clerk", Audience.CONSOLE, scope=Scope(everything=True), organization_id="city")
PLATE = Plate("粤B12345", PlateColor.BLUE)
OTHER = Plate("粤B54321", PlateColor.GREEN)
Reaction = Callable[..., Awaitable[None]]
REACTIONS: tuple[Reaction, ...] = (
    bill_priced_stays,
    follow_cars,
    follow_debits,
    give_back_surplus,
    give_back_unapplied,
)


@dataclass
class Cars:
    """A street, its desk, and the provider that debits; `relay` carries what was told."""

    world: World
    desk: Desk
    provider: FakeProvider
    parking: FakeParking
    reactions: Sequence[Reaction] = REACTIONS
    carried: int = 0
    twice: bool = False

    async def relay(self) -> None:
        """Carry all facts to the reactions, and what these tell, until nothing is left."""
        while len(facts := await self.world.facts()) > self.carried:
            fresh, self.carried = facts[self.carried :], len(facts)
            for reaction in self.reactions:
                heard = [one for one in fresh if reaction in Facts.reactions.get(type(one), [])]
                for _ in range(2 if self.twice else 1):
                    if heard:
                        await self.world.run(reaction, facts=heard)

    async def round(self, *, after_s: float = 0) -> None:
        """Let the desk ask once, that much later, and what it heard be carried."""
        self.world.now += timedelta(seconds=after_s)
        await self.desk.ask()
        await self.relay()

    async def come(self, plate: Plate = PLATE, *, berth: int = 1) -> Stay:
        """Let a car come, be read and be told of."""
        since_s = (self.world.now - NOON).total_seconds()
        await self.world.see(f"d{berth}", "arrived", at_s=since_s)
        stay = await self.world.run(identify_berth, berth_id=f"b{berth}", plate=plate)
        await self.relay()
        return stay

    async def go(self, *, after_min: int = 61, berth: int = 1) -> None:
        """Let it go, be priced and billed."""
        at_s = (self.world.now - NOON).total_seconds() + after_min * 60
        await self.world.see(f"d{berth}", "left", at_s=at_s)
        self.world.now += timedelta(minutes=1)
        await self.world.job(settle_berths)
        await self.relay()

    async def edit(self, kind: EditKind, stay: Stay, **fields: Any) -> None:
        """Let a clerk put a stay right."""
        change = Change(kind=kind, reason="核实监控", stay_id=stay.id, **fields)
        await self.world.run(edit_stay, actor=CLERK, change=change)
        await self.relay()

    async def notice(self, number: str, said: Any = None) -> int:
        """Let the provider tell of a debit or an entry; gives what it is answered."""
        self.provider.said[number] = said or self.parking.trades[number]
        reply = await self.desk.hear("wechat", *self.provider.notice(number))
        await self.relay()
        return reply.status

    async def entries(self) -> list[ParkingEntry]:
        """Read all entries, in the order in which they were made."""
        found = await rows(self.world, ParkingEntry)
        return sorted(found, key=lambda one: (one.created_at, one.attempt))

    async def states(self) -> list[tuple[EntryState, str | None]]:
        """Tell the state of each entry, and why it was closed."""
        return [
            (one.state, one.closing.value if one.closing else None) for one in await self.entries()
        ]

    async def intents(self) -> list[Intent]:
        """Read all intents, in the order in which they were begun."""
        found = await rows(self.world, Intent)
        return sorted(found, key=lambda one: one.created_at)

    async def payments(self) -> Sequence[Payment]:
        """Read all payments."""
        return await rows(self.world, Payment)


async def cars_on(world: World, **policy: Any) -> Cars:
    """Switch autopay on, and open the desk."""
    values = {"autopay": "on", **policy}
    await world.run(change_policy, scope="city", values=values, v=0)
    provider = FakeProvider()
    parking = FakeParking(trades=provider.trades)  # one provider: what was debited it gives back
    debiting = Debiting(world.store, parking, public_url="http://city")
    desk = Desk(world.store, [provider], public_url="http://city", debiting=debiting)
    return Cars(world, desk, provider, parking)
