"""Runs seeded histories in slots: each slot has a database, a clock and one history at a time."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import server.main  # noqa: F401 - declares every table and reaction
from server.domain.ledger.queries import check_ledger
from server.domain.payment import TopUpOffer, offer_top_ups
from server.kernel.access import system
from server.store.mongo import connect
from tests.money.byways import BONUS
from tests.money.crashes import CrashingStore
from tests.money.history import Clock, History
from tests.world import NOON


@dataclass
class Findings:
    """What a run has shown."""

    histories: int = 0
    commits: int = 0
    crashes: int = 0
    payments: int = 0
    refunds: int = 0
    took_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Say it in a line."""
        return (
            f"{self.histories} histories, {self.commits} commits, {self.crashes} crashes, "
            f"{self.payments} payments, {self.refunds} refunds, {len(self.faults)} faults "
            f"in {self.took_s:.1f} s"
        )


@asynccontextmanager
async def slot(mongo_url: str, name: str) -> AsyncIterator[tuple[CrashingStore, Clock]]:
    """Open an empty database of its own; one that was made before is emptied, which is faster."""
    async with connect(mongo_url) as client:
        clock = Clock(NOON)
        store = CrashingStore(client[name], clock=clock)
        names = await store.database.list_collection_names()
        await asyncio.gather(*(store.database[one].delete_many({}) for one in names))
        await store.prepare()
        offer = TopUpOffer(id="o1", amount=500, bonus=BONUS)
        await store.run(system("check"), lambda work: offer_top_ups(work, offers=[offer]))
        yield store, clock


async def run_seeds(
    mongo_url: str,
    seeds: Iterable[int],
    *,
    slots: int = 4,
    until_fault: bool = False,
    database: str = "money_check",
) -> Findings:
    """Live through the histories of the seeds, and check the ledgers at the end."""
    waiting, found = iter(seeds), Findings()
    began = time.perf_counter()

    async def work(number: int) -> None:
        async with slot(mongo_url, f"{database}_{number}") as (store, clock):
            for seed in waiting:
                history = History(store, clock, f"h{seed}", Random(seed))
                await history.live()
                found.histories += 1
                found.faults += [f"seed {seed}: {fault}" for fault in history.faults]
                if until_fault and found.faults:
                    break
            ledger = await store.run(system("check"), check_ledger)
            found.faults += [f"ledger {number}: {one.where} {one.what}" for one in ledger]
            found.commits += store.commits
            found.crashes += store.crashes
            found.payments += await store.database["payments"].count_documents({})
            found.refunds += await store.database["refunds"].count_documents({})

    await asyncio.gather(*(work(number) for number in range(slots)))
    found.took_s = time.perf_counter() - began
    return found
