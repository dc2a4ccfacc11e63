"""Checks the books each night while they are in use: chains, wallets, payments, refunds and bills."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import Gauge
from pymongo.errors import PyMongoError

from server.domain.ledger import Fault
from server.domain.ledger.queries import chain_ids, check_chain, check_wallet, wallets_astray
from server.domain.reconciliation import BooksCheck, note_check
from server.domain.reconciliation.queries.books import (
    bills_astray,
    check_bill,
    check_payment,
    payments_astray,
)
from server.kernel.access import system
from server.kernel.errors import Unavailable
from server.kernel.work import Work
from server.store.lease import Lease
from server.store.mongo import Store
from server.store.stopping import stop_if_cancelled

log = structlog.get_logger(__name__)
AUDITOR = system("auditor")
BEIJING = ZoneInfo("Asia/Shanghai")
# 3:30: the quietest hour of a city, and before the day's bills are compared.
FROM = (3, 30)
EVERY_S = 60.0
# Half an hour: a million entries take a minute; whoever died at it is followed that late.
LEASE_S = 1_800.0
FAULTS = Gauge("smartcloud_books_faults", "Faults that the last check of the books has found")

Confirm = Callable[..., Awaitable[list[Fault]]]


class Auditor:
    """Checks the books of a store, once a day by itself or when it is asked to."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def check(self) -> list[Fault]:
        """List all that contradicts itself in the books; what is written meanwhile is no fault."""
        faults: list[Fault] = []
        for chain_id in await self._read(chain_ids):
            faults += await self._read(check_chain, chain_id=chain_id)
        faults += await self._confirmed(wallets_astray, check_wallet, "account")
        faults += await self._confirmed(payments_astray, check_payment, "payment_id")
        faults += await self._confirmed(bills_astray, check_bill, "bill_id")
        return faults

    async def check_and_note(self, id: str) -> BooksCheck:
        """Check the books, and write down under an id what was found."""
        faults = await self.check()
        FAULTS.set(len(faults))
        for one in faults[:20]:
            log.error("Books contradict themselves", where=one.where, what=one.what)
        noted: BooksCheck = await self._read(note_check, id=id, faults=faults)
        return noted

    async def catch_up(self, now: datetime) -> None:
        """Check today's books, if the time has come and nobody has."""
        local = now.astimezone(BEIJING)
        day = local.date().isoformat()
        if (local.hour, local.minute) < FROM:
            return
        if await self._store.run(AUDITOR, lambda work: work.table(BooksCheck).maybe(day)) is None:
            await self.check_and_note(day)

    async def run(self, *, holder: str) -> None:
        """Check once a day until cancelled, in one process at a time."""
        lease = Lease(self._store.database, name="books", holder=holder, lasts_s=LEASE_S)
        while True:
            stop_if_cancelled()
            try:
                if await lease.take():
                    await self.catch_up(self._store.clock())
            except (PyMongoError, Unavailable):
                log.warning("Books wait: the store is away")
            await asyncio.sleep(EVERY_S)

    async def _confirmed(
        self, suspects: Callable[[Work], Awaitable[list[str]]], confirm: Confirm, name: str
    ) -> list[Fault]:
        """Look at what seems wrong in one snapshot each, as somebody may just have written there."""
        faults: list[Fault] = []
        for suspect in await self._read(suspects):
            looking = functools.partial(confirm, **{name: suspect})
            faults += await self._store.run(AUDITOR, looking, bulk=True)
        return faults

    async def _read(self, use_case: Any, **named: Any) -> Any:
        return await self._store.run(AUDITOR, lambda work: use_case(work, **named))
