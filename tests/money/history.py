"""One history: a motorist's stays, two providers, a wallet and a bag of cash, and all that goes wrong.

Each step may be one of several at once, and may die at any commit. Whoever asked then asks again
under the same key; a provider tells again until it is answered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from redis.asyncio import Redis

from server.domain.billing import Bill, BillState, waive_bill
from server.domain.billing.reactions import bill_priced_stays
from server.domain.ledger import Balance, Entry
from server.domain.payment import (
    CashShift,
    Intent,
    Method,
    Payment,
    Purpose,
    begin_payment,
    begin_top_up,
    close_intent,
    open_shift,
    pay_by_cash,
    pay_from_wallet,
)
from server.domain.refund import (
    Refund,
    RefundState,
    approve_refund,
    open_refund,
    pay_out_refund,
)
from server.domain.stay import Stay, StayState
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience, system
from server.kernel.errors import DomainError
from server.kernel.work import Work
from server.paying import Desk
from server.providers.payment import TradeState
from server.store.relay import Relay
from server.store.wake import Wake
from tests.domain.money import CHIEF, CLERK, OWNER, PATROL, PLATE, closed_fact, closed_stay
from tests.money.byways import BONUS, Byways
from tests.money.checks import (
    COLLECTOR,
    COMMISSION_BP,
    PROVIDERS,
    check_commissions,
    check_disowned,
    check_payments,
    paid_for_last_car,
)
from tests.money.crashes import Crash, CrashingStore
from tests.paying import FakeProvider

# Whose car it turns out to have been.
OTHER = Plate("粤B54321", PlateColor.BLUE)
AMOUNTS = (100, 250, 400, 700)


@dataclass
class Clock:
    """What stands for the time in one slot."""

    now: Any

    def __call__(self) -> Any:
        return self.now


async def _forward(_: Any) -> bool:
    return True


@dataclass
class History(Byways):
    """One motorist's history in a store; `faults` is what turned out not to hold."""

    store: CrashingStore
    clock: Clock
    name: str
    random: Random
    providers: dict[str, FakeProvider] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    untold: list[tuple[str, str]] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    priced: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    keys: int = 0

    def __post_init__(self) -> None:
        self.providers = {one.value: FakeProvider(name=one.value) for one in PROVIDERS}
        self.owner: Actor = replace(OWNER, id=f"m-{self.name}")
        self.patrol: Actor = replace(PATROL, id=f"p-{self.name}")
        self.passer = Actor(f"l-{self.name}", Audience.OPEN)
        self.stranger: Actor = replace(PATROL, id=f"x-{self.name}", organization_id=COLLECTOR)
        self.desk = Desk(self.store, list(self.providers.values()), public_url="http://city")
        self.relaying = asyncio.Lock()
        self.relay = Relay(
            self.store,
            holder="check",
            wake=Wake(Redis.from_url("redis://127.0.0.1:1")),
            forward=_forward,
        )

    async def run(self, use_case: Callable[..., Awaitable[Any]], actor: Actor, **named: Any) -> Any:
        """Ask for a use case as a client does: again when nobody answered, under the same key."""
        for _ in range(4):
            try:
                return await self.store.run(actor, lambda work: use_case(work, **named))
            except Crash:
                continue
            except DomainError as refusal:
                if refusal.code not in ("store_busy", "bill_has_live_intent", "intent_requested"):
                    return None
        return None

    def key(self) -> str:
        """Make a key for a request."""
        self.keys += 1
        return f"{self.name}-{self.keys}"

    # --- what may happen ---------------------------------------------------------------------

    async def price(self) -> None:
        """Let a stay end, or be priced anew."""
        if len(self.stays) < 3 and (not self.stays or self.random.random() < 0.5):
            stay_id = f"{self.name}-s{len(self.stays)}"
            self.stays.append(stay_id)
        else:
            stay_id = self.random.choice(self.stays)
        # Rarely it turns out to be another's car, or no car's: what was paid stays with who paid it.
        owner_id = self.owner.id if self.random.random() < 0.9 else f"o-{self.name}"
        known = stay_id in self.priced
        self.priced.add(stay_id)
        plate = OTHER if known and self.random.random() < 0.3 else PLATE
        if plate is OTHER:
            owner_id = f"o-{self.name}"
        void = self.random.random() < 0.08
        await self.run(
            _price,
            system("test"),
            stay_id=stay_id,
            owner_id=owner_id,
            plate=plate,
            amount=self.random.choice(AMOUNTS),
            void=void,
        )

    async def wish(self) -> None:
        """Begin to pay some bills, whole or in part, and tell the provider."""
        bills = await self.bills()
        some = self.random.sample(bills, self.random.randint(1, len(bills))) if bills else []
        amount = self.random.choice((None, None, 60))
        intent = await self.run(
            begin_payment,
            self.owner,
            bill_ids=[bill.id for bill in some] or ["none"],
            provider=self.random.choice(PROVIDERS),
            scene="native",
            amount=amount,
            request_key=self.key(),
        )
        await self.start(intent)

    async def top_up(self) -> None:
        """Begin to put money into the wallet."""
        intent = await self.run(
            begin_top_up,
            self.owner,
            amount=500,
            provider=self.random.choice(PROVIDERS),
            scene="native",
            request_key=self.key(),
        )
        await self.start(intent)

    async def start(self, intent: Intent | None) -> None:
        """Tell the provider of an intent."""
        if intent is None:
            return
        self.intents.append(intent)
        provider = self.providers[intent.provider.value]
        provider.away = int(self.random.random() < 0.1)
        await self.dying(self.desk.start(intent))

    async def pay(self) -> None:
        """Let somebody pay a trade, rarely with another amount than was asked."""
        unpaid = [
            (provider, number)
            for provider in self.providers.values()
            for number, trade in provider.trades.items()
            if trade.state is TradeState.UNPAID
        ]
        if not unpaid:
            return
        provider, number = self.random.choice(unpaid)
        wrong = self.random.random() < 0.04
        asked = provider.orders[number].amount
        if wrong:
            self.wrong.add(number)
        provider.pay(number, at=self.clock.now, amount=asked - 1 if wrong else asked)
        if self.random.random() < 0.85:
            self.untold.append((provider.name, number))

    async def tell(self) -> None:
        """Let providers tell what they have to tell, each several times at once."""
        telling, self.untold = dict.fromkeys(self.untold), []
        await asyncio.gather(
            *(self.notice(*one) for one in telling for _ in range(self.random.randint(1, 4)))
        )

    async def notice(self, name: str, number: str) -> None:
        """Send one notice; it comes again where it was not taken."""
        try:
            reply = await self.desk.hear(name, *self.providers[name].notice(number))
        except Crash:
            self.untold.append((name, number))
            return
        if reply.status >= 300 and number not in self.wrong:
            self.untold.append((name, number))

    async def ask(self) -> None:
        """Let the time pass, and the desk ask."""
        self.clock.now += timedelta(seconds=self.random.choice((5, 30, 120, 600)))
        for provider in self.providers.values():
            provider.away = int(self.random.random() < 0.1)
        await self.dying(self.desk.ask())

    async def close(self) -> None:
        """Let the motorist end an intent."""
        if self.intents:
            intent = self.random.choice(self.intents)
            await self.run(close_intent, self.owner, intent_id=intent.id)

    async def from_wallet(self) -> None:
        """Pay out of the wallet."""
        bills = await self.bills()
        if bills:
            bill = self.random.choice(bills)
            amount = self.random.choice((None, None, 50))
            named = {"bill_ids": [bill.id], "amount": amount, "request_key": self.key()}
            await self.run(pay_from_wallet, self.owner, **named)

    async def by_cash(self) -> None:
        """Pay in cash, at times to an officer of another operator who pursues the debt."""
        bills = [*await self.bills(), *await self.others_bills()]
        officer = self.random.choice((self.patrol, self.stranger))
        await self.run(open_shift, officer)
        if bills:
            bill = self.random.choice(bills)
            pursued = {bill.id: COMMISSION_BP} if officer is self.stranger else {}
            named = {"bill_ids": [bill.id], "request_key": self.key(), "pursued": pursued}
            await self.run(pay_by_cash, officer, **named)

    async def refund(self) -> None:
        """Ask for a refund of something that was paid, and approve it, twice."""
        parts = [
            (payment, part)
            for payment in await self.payments()
            for part in payment.applied
            if part.stay_id
        ]
        if not parts:
            return
        payment, part = self.random.choice(parts)
        amount = max(1, part.amount // self.random.choice((1, 1, 2)))
        asked = {
            "payment_id": payment.id,
            "amount": amount,
            "reason": "误收",
            "stay_id": part.stay_id,
        }
        for key in (self.key(), self.key()):
            refund = await self.run(open_refund, CLERK, request_key=key, **asked)
            if refund is not None:
                await self.run(approve_refund, CHIEF, refund_id=refund.id)
                await self.run(pay_out_refund, CHIEF, refund_id=refund.id)

    async def waive(self) -> None:
        """Take a little off a bill."""
        bills = await self.bills()
        if bills:
            await self.run(
                waive_bill, CLERK, bill_id=self.random.choice(bills).id, amount=40, reason="减免"
            )

    async def react(self) -> None:
        """Let the relay carry what was told; there is one at a time."""
        async with self.relaying:
            await self.dying(self.relay.drain())

    STEPS = (
        *("price", "price", "wish", "wish", "wish", "pay", "pay", "tell", "tell", "ask"),
        *("close", "from_wallet", "by_cash", "refund", "waive", "react", "top_up"),
        *("coupon", "by_link", "decline"),
    )

    async def step(self, *names: str) -> None:
        """Let these happen at once."""
        done = await asyncio.gather(
            *(getattr(self, name)() for name in names), return_exceptions=True
        )
        self.faults += [
            f"{type(one).__name__}: {one}" for one in done if isinstance(one, Exception)
        ]

    async def live(self) -> None:
        """Live through a seeded history, and settle it."""
        await self.step("price")
        self.store.plan_crashes(self.random, within=20, count=self.random.randint(0, 4))
        for _ in range(self.random.randint(3, 7)):
            await self.step(*self.random.choices(self.STEPS, k=self.random.choice((1, 1, 2, 3))))
        await self.settle()
        self.faults += await self.check()

    async def settle(self) -> None:
        """Let nothing go wrong any more, until nothing is left to do."""
        self.store.plan = {}
        for _ in range(16):
            for provider in self.providers.values():
                provider.away = provider.refuses = 0
            await self.step("tell")
            await self.look_after()
            await self.relay.drain()
            self.clock.now += timedelta(minutes=31)
            await self.step("settle_ask")
            if not self.untold and not await self.waiting():
                return
        self.faults.append("it does not come to rest")

    async def settle_ask(self) -> None:
        """Ask about all that is due."""
        await self.desk.ask()

    async def waiting(self) -> bool:
        """Say whether something is still to be asked or told; a wrong amount waits for a person."""
        database = self.store.database
        if await database["outbox"].find_one({"relayed_at": None}):
            return True
        due = {"ask_at": {"$type": "date"}}
        intents = {**due, "_id": {"$nin": list(self.wrong)}}
        found = await database["payment_intents"].find_one({**intents, "payer_id": self.owner.id})
        return bool(found or await database["refunds"].find_one(due))

    # --- what must hold ----------------------------------------------------------------------

    async def check(self) -> list[str]:
        """List what does not hold once all has come to rest."""
        payments = await self.payments()
        refunds, entries = await self.refunds(), await self.entries(payments)
        return [
            *self._providers_and_books(payments, refunds),
            *check_payments(payments, refunds, entries),
            *await self._bills(payments, refunds),
            *await self._wallet(payments, refunds),
            *check_commissions(payments, refunds, entries),
            *await self._bags(payments),
            *await self.check_coupons(),
            *self.check_declined(refunds),
        ]

    def _providers_and_books(self, payments: list[Payment], refunds: list[Refund]) -> list[str]:
        """Compare with the truth, which only the providers know."""
        faults = []
        for provider in self.providers.values():
            for number, trade in provider.trades.items():
                if trade.state is not TradeState.PAID:
                    continue
                taken = [one.amount for one in payments if one.intent_id == number]
                wanted = [] if number in self.wrong else [trade.amount]
                if taken != wanted:
                    faults.append(f"trade {number}: paid {trade.amount}, taken {taken}")
                back = [o.amount for o, _ in provider.refunds.values() if o.trade_no == number]
                if sum(back) > trade.amount:
                    faults.append(f"trade {number}: over-refunded")
            there = {number: order.amount for number, (order, _) in provider.refunds.items()}
            here = {
                one.id: one.amount
                for one in refunds
                if one.provider == provider.name
                and one.target == "origin"
                and one.state is RefundState.SUCCEEDED
            }
            if here != there:
                faults.append(f"refunds differ at {provider.name}")
        return faults

    async def _bills(self, payments: list[Payment], refunds: list[Refund]) -> list[str]:
        """Check that each stay's bill says what was paid for it."""
        faults = []
        for stay_id in self.stays:
            bills = await self._find(Bill, {"stay_id": stay_id})
            bills.sort(key=lambda one: one.revision)
            standing = [bill for bill in bills if bill.standing]
            faults += check_disowned(bills, payments, refunds)
            own = paid_for_last_car(bills, payments)
            paid = sum(part.amount for part in own.values())
            of_stay = [one for one in refunds if one.stay_id == stay_id and one.payment_id in own]
            back = sum(one.amount for one in of_stay if one.state is RefundState.SUCCEEDED)
            if not standing and paid == back:
                continue  # voided, or another car's, and nothing was kept
            if len(standing) != 1:
                faults.append(f"{stay_id}: {len(standing)} bills stand")
                continue
            bill = standing[0]
            [stay] = await self._find(Stay, {"_id": stay_id})
            if bill.plate != stay.plate:
                faults.append(f"{stay_id}: is another car's")
            if bill.paid + bill.surplus != paid - back:
                faults.append(f"{stay_id}: bill says {bill.paid}, paid {paid} - {back}")
            # What a refund has set aside is not a surplus of ours to give back twice.
            under_way = sum(one.amount for one in of_stay if one.state is not RefundState.SUCCEEDED)
            if bill.surplus > under_way:
                faults.append(f"{stay_id}: surplus {bill.surplus} is kept")
            if bill.paid + bill.waived > bill.due or bill.paid < 0:
                faults.append(f"{stay_id}: settled beyond what is due")
            if (bill.state is BillState.PAID) != (bill.paid + bill.waived == bill.due):
                faults.append(f"{stay_id}: is {bill.state}")
        return faults

    async def _wallet(self, payments: list[Payment], refunds: list[Refund]) -> list[str]:
        """Check that the wallet holds what went in and not out, with its bonus."""
        names = [f"wallet:{self.owner.id}", f"bonus:{self.owner.id}"]
        held = {one.id: one.amount for one in await self._find(Balance, {"_id": names})}
        balance = sum(held.values())
        filled = [one for one in payments if one.purpose is Purpose.TOP_UP]
        top_ups = sum(one.amount + BONUS for one in filled)
        if held.get(names[1], 0) > BONUS * len(filled):
            return [f"bonus grew to {held[names[1]]}"]
        spent = sum(one.amount for one in payments if one.provider is Method.WALLET)
        back = sum(
            one.amount
            for one in refunds
            if one.target == "wallet" and one.state is RefundState.SUCCEEDED
        )
        if min(held.values(), default=0) < 0 or balance != top_ups - spent + back:
            return [f"wallet holds {balance}, of {top_ups} - {spent} + {back}"]
        return []

    async def _bags(self, payments: list[Payment]) -> list[str]:
        """Check that each officer's bag holds what he took, and what of it is for others."""
        faults = []
        for officer in (self.patrol, self.stranger):
            taken = [one for one in payments if one.payer_id == officer.id]
            wanted = sum(one.amount for one in taken), sum(one.for_others for one in taken)
            bags = await self.rows(CashShift, "patroller_id", officer.id)
            held = sum(one.expected for one in bags), sum(one.for_others for one in bags)
            if held != wanted:
                faults.append(f"bag of {officer.id}: {held} of {wanted}")
        return faults

    async def bills(self) -> list[Bill]:
        """Read the bills that are open."""
        found = await self._find(Bill, {"owner_id": self.owner.id, "standing": True})
        return [bill for bill in found if bill.open]

    async def others_bills(self) -> list[Bill]:
        """Read the bills that are open for another car."""
        found = await self._find(Bill, {"stay_id": self.stays, "standing": True})
        return [bill for bill in found if bill.open and bill.owner_id != self.owner.id]

    async def payments(self) -> list[Payment]:
        """Read this history's payments: the owner's, and what officers took in cash."""
        mine = {"payer_id": [self.owner.id, self.patrol.id, self.stranger.id, self.passer.id]}
        return await self._find(Payment, mine)

    async def refunds(self) -> list[Refund]:
        """Read this history's refunds."""
        mine = {"payer_id": [self.owner.id, self.patrol.id, self.stranger.id, self.passer.id]}
        return await self._find(Refund, mine)

    async def entries(self, payments: list[Payment]) -> list[Entry]:
        """Read the entries of payments and their refunds."""
        references = [one.id for one in payments] + [one.id for one in await self.refunds()]
        return await self._find(Entry, {"reference": references}) if references else []

    async def rows(self, noun: type[Any], owner: str, id: str = "") -> list[Any]:
        """Read this history's rows of a noun."""
        return await self._find(noun, {owner: id or self.owner.id})

    async def _find(self, noun: type[Any], where: dict[str, Any]) -> list[Any]:
        return await self.store.run(
            system("check"), lambda work: work.table(noun).find(where, sort="_id")
        )

    async def dying(self, doing: Awaitable[Any]) -> None:
        """Do something in a process that may die of it."""
        try:
            await doing
        except (Crash, DomainError):
            return


async def _price(
    work: Work, *, stay_id: str, owner_id: str, plate: Plate, amount: int, void: bool = False
) -> None:
    """Price a stay, or void it, and bring its bill in line, as the reaction does."""
    rows = work.table(Stay)
    before = await rows.maybe(stay_id)
    fresh = replace(closed_stay(stay_id, amount), owner_id=owner_id, plate=plate, berth_id=stay_id)
    if before is None:
        stay = rows.add(fresh)
    else:
        now: dict[str, Any] = {"amount": amount, "lines": fresh.lines}
        now |= {"owner_id": owner_id, "plate": plate}
        state = StayState.VOID if void else before.state
        stay = rows.save(replace(before, state=state, **now))
    await bill_priced_stays(work, [closed_fact(work.now, stay)])
