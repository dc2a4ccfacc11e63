"""Lets the demo's simulated drivers pay as people do: through bills, intents and the providers' cashiers.

Nothing is posted by hand: an intent is begun and started as for anybody, the double's cashier is
paid as by a thumb, and what comes of it comes by the provider's notice. What is due follows from
the seed and the bills alone, so that a restart goes on where the last run ended.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from devices.simulator.payers import Habit, Payer, Way, draw_payer
from server.domain.autopay import ParkingEntry
from server.domain.billing import PAYABLE, Bill, bill_running_stay
from server.domain.identity import Login
from server.domain.payment import (
    Intent,
    Method,
    begin_payment,
    begin_top_up,
    pay_from_wallet,
)
from server.domain.payment.queries import wallet_of
from server.domain.stay import Stay
from server.kernel.access import Actor, Audience, system
from server.kernel.errors import DomainError, Refused, Unavailable
from server.kernel.work import AtLeast, Work
from server.paying import Desk
from server.store.lease import Lease
from server.store.mongo import Store
from server.store.stopping import stop_if_cancelled

log = logging.getLogger(__name__)
# 2 s and four at a time: two payments a second, four times what the simulated city's cars owe.
EVERY_S = 2.0
AT_ONCE = 4
LEASE_S = 10.0
# An hour: the latest payer pays 40 minutes after his bill. Older debts are the demo's own.
LOOK_BACK = timedelta(hours=1)
SEEN_AT_MOST = 400
TOP_UP = 5_000
SCENES = {Way.WECHAT: "native", Way.ALIPAY: "wap"}
PASSER_BY = system("drivers")
Pay = Callable[[str], Awaitable[None]]


class Drivers:
    """The city's drivers, but for those whose account a person has logged in to."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        *,
        organization_id: str,
        plates: Collection[str],
        seed: int = 1,
        pay: Pay | None = None,
    ) -> None:
        self._store = store
        self._desk = desk
        self._organization_id = organization_id
        self._plates = list(plates)
        self._seed = seed
        self._pay_at = pay or pay_at_cashier
        # Asked once: a wish that was refused is not repeated for as long as this runs.
        self._tried: dict[str, None] = {}

    async def run(self, *, holder: str) -> None:
        """Pay what is due until cancelled, in one process at a time."""
        lease = Lease(self._store.database, name="drivers", holder=holder, lasts_s=LEASE_S)
        while True:
            stop_if_cancelled()
            try:
                if await lease.take():
                    await self.round()
            except (PyMongoError, Unavailable):
                log.warning("Drivers wait: the store is away")
            await asyncio.sleep(EVERY_S)

    async def round(self) -> int:
        """Pay a few of what is due now, the longest overdue first; gives how many were tried."""
        now = self._store.clock()
        due = [*await self._store.run(PASSER_BY, self._left), *await self._ahead()]
        due = [one for one in due if one[0] <= now and one[1].id not in self._tried]
        chosen = sorted(due, key=lambda one: one[0])[:AT_ONCE]
        for _, bill, payer in chosen:
            self._tried[bill.id] = None
            try:
                await self._pay(bill, payer)
            except (DomainError, OSError, HTTPClientError) as refusal:
                extra = {"bill_id": bill.id, "cause": str(refusal)}
                log.info("Driver could not pay", extra=extra)
        while len(self._tried) > 10 * SEEN_AT_MOST:
            del self._tried[next(iter(self._tried))]
        return len(chosen)

    async def _left(self, work: Work) -> Sequence[tuple[datetime, Bill, Payer]]:
        """Find the bills of cars that have gone, with who pays each and when."""
        where = {
            "organization_id": self._organization_id,
            "issued_at": AtLeast(work.now - LOOK_BACK),
            "state": list(PAYABLE),
            "valid_until": None,
        }
        bills = await work.table(Bill).find(where, sort="-issued_at", limit=SEEN_AT_MOST)
        persons = await _persons(work, {bill.owner_id for bill in bills if bill.owner_id})
        debited = await _debited(work, [bill.stay_id for bill in bills])
        found = []
        for bill in bills:
            payer = draw_payer(self._seed, bill.stay_id)
            ours = bill.owner_id not in persons and bill.stay_id not in debited
            if ours and payer.after_bill_s is not None:
                at = bill.issued_at + timedelta(seconds=payer.after_bill_s)
                found.append((at, bill, payer))
        return found

    async def _ahead(self) -> Sequence[tuple[datetime, Bill, Payer]]:
        """Have the cars billed whose drivers pay ahead now."""
        stays = await self._store.run(PASSER_BY, self._standing)
        found = []
        for stay, payer in stays[:AT_ONCE]:
            driver = Actor(stay.owner_id or "", Audience.MOTORIST)
            self._tried[stay.id] = None
            try:
                bill = await self._store.run(driver, _billing(stay.id))
            except Refused:  # nothing is due yet
                continue
            found.append((bill.issued_at, bill, payer))
        return found

    async def _standing(self, work: Work) -> Sequence[tuple[Stay, Payer]]:
        where = {"open": True, "plate.number": self._plates}
        stays = [one for one in await work.table(Stay).find(where) if one.owner_id]
        persons = await _persons(work, {stay.owner_id for stay in stays if stay.owner_id})
        debited = await _debited(work, [stay.id for stay in stays])
        found = []
        for stay in stays:
            payer = draw_payer(self._seed, stay.id)
            ours = stay.owner_id not in persons and stay.id not in debited
            if not ours or payer.habit is not Habit.AHEAD or payer.after_s is None:
                continue
            ready = stay.arrived_at + timedelta(seconds=payer.after_s) <= work.now
            if ready and stay.id not in self._tried:
                found.append((stay, payer))
        return found

    async def _pay(self, bill: Bill, payer: Payer) -> None:
        """Pay a bill in the app, or, without an account, by the code on the slip."""
        if payer.way is Way.WALLET and bill.owner_id:
            return await self._pay_from_wallet(bill)
        way = Way.ALIPAY if payer.way is Way.ALIPAY else Way.WECHAT
        wish = {"provider": Method(way.value), "scene": SCENES[way]}
        driver = Actor(bill.owner_id, Audience.MOTORIST) if bill.owner_id else PASSER_BY

        async def begin(work: Work) -> Intent:
            return await begin_payment(
                work,
                bill_ids=[bill.id],
                request_key=f"driver:{bill.id}",
                vouched=not bill.owner_id,
                payer_id=bill.owner_id or "",
                **wish,  # type: ignore[arg-type]
            )

        await self._at_cashier(await self._store.run(driver, begin))
        return None

    async def _pay_from_wallet(self, bill: Bill) -> None:
        driver = Actor(bill.owner_id or "", Audience.MOTORIST)
        if sum(await self._store.run(driver, wallet_of)) < bill.open:
            named = {"amount": max(TOP_UP, bill.open), "provider": Method.WECHAT, "scene": "native"}
            key = f"driver:top-up:{bill.id}"
            intent = await self._store.run(
                driver,
                lambda work: begin_top_up(work, request_key=key, **named),  # type: ignore[arg-type]
            )
            await self._at_cashier(intent)
            # The bill is paid once the money is there.
            del self._tried[bill.id]
            return
        await self._store.run(
            driver,
            lambda work: pay_from_wallet(work, bill_ids=[bill.id], request_key=f"driver:{bill.id}"),
        )

    async def _at_cashier(self, intent: Intent) -> None:
        started = await self._desk.start(intent)
        address = started.client.get("code_url") or started.client.get("url")
        if started.live and address:
            await self._pay_at(address)


def _billing(stay_id: str) -> Callable[[Work], Awaitable[Bill]]:
    return lambda work: bill_running_stay(work, stay_id=stay_id)


async def pay_at_cashier(address: str) -> None:
    """Open the cashier's page of a double, as a phone does that scans its code, and confirm."""
    page = await AsyncHTTPClient().fetch(address)
    await AsyncHTTPClient().fetch(
        HTTPRequest(f"{page.effective_url}/pay", method="POST", body=b""), raise_error=False
    )


async def _persons(work: Work, owners: Collection[str]) -> set[str]:
    """Name those whose account a person uses, who pays himself."""
    found = await work.table(Login).find({"account_id": sorted(owners)}) if owners else []
    return {login.account_id for login in found}


async def _debited(work: Work, stay_ids: Sequence[str]) -> set[str]:
    """Name the stays that a provider is about to debit."""
    where = {"stay_id": list(stay_ids), "live": True}
    found = await work.table(ParkingEntry).find(where) if stay_ids else []
    return {entry.stay_id for entry in found}
