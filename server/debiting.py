"""Stands between autopay and its provider: tells of cars, asks for debits, and takes the answers.

As at the desk, nobody is asked inside a unit of work, and whatever is asked again has the number
that it had: a debit whose answer was lost is looked for before it is sent once more.
"""

import asyncio
import logging
from datetime import datetime
from typing import Any

from server.domain.autopay import (
    Block,
    Debit,
    ParkingEntry,
    begin_debit,
    debit_of,
    decline_entry,
    hear_entry,
    put_off_entry,
)
from server.domain.autopay.queries import entries_to_ask
from server.domain.payment import Intent, IntentState, end_intent, tell_client
from server.domain.vehicle import Plate
from server.kernel.access import system
from server.kernel.errors import DomainError, Refused
from server.providers.parking import (
    DebitOrder,
    EntryOrder,
    Parked,
    ParkingProvider,
    ProviderPage,
    ServiceState,
)
from server.providers.payment import EntryStanding, EntryTold, Trade, TradeState
from server.store.mongo import Store

log = logging.getLogger(__name__)
CLERK = system("autopay")
# 8: of the ten connections that a process has at a time, two are left to whoever pays by hand.
AT_ONCE = 8


class Debiting:
    """Carries entries and debits to the provider, and its words of them to the domain."""

    def __init__(self, store: Store, parking: ParkingProvider, *, public_url: str) -> None:
        self._store = store
        self._parking = parking
        self._notify_url = f"{public_url}/hooks/{parking.name}"

    @property
    def name(self) -> str:
        """The provider's name."""
        return self._parking.name

    async def service_of(self, *, plate: Plate, payer: str, web: bool = False) -> ServiceState:
        """Ask whether a payer has given a mandate for a plate."""
        color = plate.color.value
        return await self._parking.find_service(
            number=plate.number, color=color, payer=payer, web=web
        )

    def pages_of(self, *, plate: Plate, payer: str) -> tuple[ProviderPage, ProviderPage]:
        """Name the provider's pages where a mandate is given or ended, and where debts are repaid."""
        color = plate.color.value
        service = self._parking.service_page(number=plate.number, color=color, payer=payer)
        return service, self._parking.repay_page(payer=payer)

    async def ask(self) -> int:
        """Tell of all cars and ask for all debits that are due now; gives how many there were."""
        due = await self._run(entries_to_ask)
        for first in range(0, len(due), AT_ONCE):
            await asyncio.gather(*(self._ask(one) for one in due[first : first + AT_ONCE]))
        return len(due)

    async def hear(self, told: EntryTold) -> None:
        """Take a notice of an entry."""
        assert told.at is not None
        await self._take(told, at=told.at)

    async def learn(self, intent: Intent) -> Trade:
        """Ask what became of a debit; where the provider never heard of it, ask for it now."""
        trade = await self._parking.query_debit(intent.id)
        if trade.state is TradeState.UNKNOWN and intent.live:
            debit = await self._run(debit_of, intent_id=intent.id)
            return trade if debit is None else await self._send(debit)
        return trade

    async def look(self, trade_no: str) -> Trade:
        """Ask what became of a debit, and nothing more."""
        return await self._parking.query_debit(trade_no)

    async def _ask(self, entry: ParkingEntry) -> None:
        """Ask; where nobody answers, ask again later."""
        try:
            await (self._debit(entry) if entry.parking_id else self._enter(entry))
        except DomainError as refusal:
            extra = {"cause": str(refusal), "entry_id": entry.id}
            log.warning("Provider asked in vain", extra=extra)
            await self._run(put_off_entry, entry_id=entry.id)

    async def _enter(self, entry: ParkingEntry) -> None:
        """Tell of a car; the answer is as old as the question, so that a notice outruns it."""
        asked_at = self._store.clock()
        order = EntryOrder(
            entry_no=entry.id,
            parked=_parked(entry),
            free_s=entry.free_time_s,
            notify_url=self._notify_url,
        )
        try:
            told = await self._parking.enter(order)
        except Refused as refusal:
            log.warning("Entry declined", extra={"cause": str(refusal), "entry_id": entry.id})
            await self._run(decline_entry, entry_id=entry.id)
            return
        await self._take(told, at=asked_at)

    async def _debit(self, entry: ParkingEntry) -> None:
        debit = await self._run(begin_debit, entry_id=entry.id)
        if debit is None:
            return
        trade = await self._send(debit)
        if trade.state in (TradeState.CLOSED, TradeState.UNKNOWN):
            await self._run(end_intent, intent_id=debit.intent.id)

    async def _send(self, debit: Debit) -> Trade:
        """Ask for a debit. Where it is declined, only what the provider then knows of it counts."""
        intent, entry = debit.intent, debit.entry
        order = DebitOrder(
            trade_no=intent.id,
            amount=intent.amount,
            description=intent.description,
            parking_id=entry.parking_id,
            parked=_parked(entry),
            left_at=debit.left_at,
            device_id=debit.berth_code,
            notify_url=self._notify_url,
        )
        try:
            trade = await self._parking.debit(order)
        except Refused as refusal:
            log.warning("Debit declined", extra={"cause": str(refusal), "intent_id": intent.id})
            trade = await self._parking.query_debit(intent.id)
        if trade.state is TradeState.UNPAID and intent.state is IntentState.CREATED:
            await self._run(tell_client, intent_id=intent.id, client={})
        return trade

    async def _take(self, told: EntryTold, *, at: datetime) -> None:
        await self._run(
            hear_entry,
            entry_id=told.entry_no,
            parking_id=told.parking_id,
            block=_block(told),
            at=at,
        )

    async def _run(self, use_case: Any, **arguments: Any) -> Any:
        return await self._store.run(CLERK, lambda work: use_case(work, **arguments))


def _parked(entry: ParkingEntry) -> Parked:
    return Parked(
        plate_number=entry.plate.number,
        plate_color=entry.plate.color.value,
        arrived_at=entry.arrived_at,
        place_name=entry.place_name,
    )


def _block(told: EntryTold) -> Block | None:
    if told.standing is EntryStanding.NORMAL:
        return None
    return Block(told.reason.value) if told.reason else Block.OTHER
