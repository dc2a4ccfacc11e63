"""Carries what was told from the outbox to those who listen: reactions first come, feeds at once.

One relay runs at a time, under a lease. It takes the pending rows in order, hands their facts to
the feeds in one batch, and beside that runs the reactions, in the same order, and marks the rows.
If it dies in between, the next one does the same rows again: whoever listens is safe to be told
twice. One relay hands a row to the feeds once, however often its reactions are tried, and again
only when the feeds said that it may not have arrived; then the same rows come in one batch again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from prometheus_client import Counter, Gauge, Histogram
from pymongo.errors import PyMongoError

from server.kernel.access import system
from server.kernel.codec import from_text
from server.kernel.errors import DomainError
from server.kernel.events import Fact, Facts, Reaction
from server.kernel.work import Work
from server.store.lease import Lease
from server.store.mongo import OUTBOX, Store
from server.store.stopping import stop_if_cancelled
from server.store.wake import Wake

log = logging.getLogger(__name__)

# 200 rows: a row holds a whole unit of work, up to 500 facts of a busy gateway.
ROWS_AT_ONCE = 200
POLL_S = 0.25
LEASE_S = 5.0
# After 5 tries a row is set aside and counted: one bad reaction must not stop the city.
TRIES = 5
# A fact was renamed, or its body changed, while a row of it was waiting.
UNREADABLE = (KeyError, msgspec.DecodeError)

LAG = Histogram(
    "smartcloud_relay_lag_seconds",
    "From the commit of a unit of work to its facts being handed on",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 30),
)
RELAYED = Counter("smartcloud_relay_facts_total", "Facts handed on", ["kind"])
SET_ASIDE = Counter("smartcloud_relay_set_aside_total", "Outbox rows given up on")
LEADS = Gauge("smartcloud_relay_leads", "Whether this process is the relay")


@dataclass(frozen=True, slots=True)
class Told:
    """A fact as it left the outbox, with an id that is the same each time it is told."""

    id: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox: what one unit of work told."""

    at: datetime
    facts: list[Told]


Rows = Mapping[str, Row]
"""Rows of the outbox by their ids, in order."""

Forward = Callable[[Sequence[Told]], Awaitable[bool]]
"""Hands facts to the feeds; False says that they could not be sent and are to come again."""


class Relay:
    """The one that empties the outbox."""

    def __init__(self, store: Store, *, holder: str, wake: Wake, forward: Forward) -> None:
        self._store = store
        self._outbox = store.database[OUTBOX]
        self._lease = Lease(store.database, name="relay", holder=holder, lasts_s=LEASE_S)
        self._wake = wake
        self._forward = forward
        self._tries: dict[str, int] = {}
        # Rows that the feeds could not send, or may have sent in part.
        self._unsent: Rows = {}
        # Rows that are on the screens already and whose reactions are still to run, in order.
        self._reacting: dict[str, Row] = {}

    async def run(self) -> None:
        """Relay until cancelled."""
        try:
            while True:
                try:
                    await self._lead()
                except PyMongoError:
                    log.warning("Relay waits: the store is away")
                    await asyncio.sleep(1.0)
        finally:
            LEADS.set(0)
            with contextlib.suppress(PyMongoError):
                await self._lease.give_back()

    async def _lead(self) -> None:
        """Forward and react side by side: what a reaction does takes longer than a screen waits."""
        renewed = 0.0
        loop = asyncio.get_running_loop()
        reacting: asyncio.Task[None] | None = None
        try:
            while True:
                stop_if_cancelled()
                if loop.time() - renewed > LEASE_S / 3:
                    if not await self._lease.take():
                        LEADS.set(0)
                        self._forget()
                        await asyncio.sleep(LEASE_S / 3)
                        continue
                    LEADS.set(1)
                    renewed = loop.time()
                news = await self.forward()
                if self._reacting and (reacting is None or reacting.done()):
                    if reacting is not None:
                        reacting.result()
                    reacting = asyncio.create_task(self.react())
                if not news:
                    await self._wake.wait(POLL_S)
        finally:
            if reacting is not None:
                reacting.cancel()
                await asyncio.gather(reacting, return_exceptions=True)
            self._forget()

    def _forget(self) -> None:
        """Another may lead now, and do what this one has in hand."""
        self._reacting.clear()
        self._unsent = {}

    async def drain(self) -> int:
        """Relay the rows that are pending now, oldest first; gives how many were in hand."""
        count = len(self._reacting) + await self.forward()
        await self.react()
        return count

    async def forward(self) -> int:
        """Hand the facts of pending rows to the feeds; gives how many rows are new."""
        rows = self._unsent or await self._pending()
        told = [one for row in rows.values() for one in row.facts]
        if not rows or not await self._forward(told):
            # What may have arrived comes again as it was, so that the feeds can know it again.
            self._unsent = rows
            return 0
        self._unsent = {}
        now = datetime.now(UTC)
        for row in rows.values():
            LAG.observe((now - row.at).total_seconds())
        for one in told:
            RELAYED.labels(type(one.fact).__name__).inc()
        self._reacting.update(rows)
        return len(rows)

    async def _pending(self) -> Rows:
        """Read the oldest rows that wait and are not being reacted to."""
        # As they are before the query: a row whose reactions end meanwhile may still be found.
        known = set(self._reacting)
        room = ROWS_AT_ONCE - len(known)
        if room <= 0:
            return {}
        pending = self._outbox.find({"relayed_at": None}).hint("pending").sort("_id", 1)
        found = await pending.limit(ROWS_AT_ONCE).to_list(None)
        return await self._read([row for row in found if row["_id"] not in known][:room])

    async def react(self) -> None:
        """Run the reactions to what has been forwarded, and mark the rows that are done."""
        rows = dict(self._reacting)
        if not rows:
            return
        done = await self._react(rows)
        now = datetime.now(UTC)
        await self._outbox.update_many({"_id": {"$in": done}}, {"$set": {"relayed_at": now}})
        for row_id in done:
            self._reacting.pop(row_id, None)

    async def _react(self, rows: Rows) -> list[str]:
        """Run the reactions over all rows; where that fails, row by row, to find the bad one."""
        if await self._try([one for row in rows.values() for one in row.facts]):
            return list(rows)
        done = []
        for row_id, row in rows.items():
            if await self._try(row.facts) or self._give_up(row_id):
                done.append(row_id)
                self._tries.pop(row_id, None)
        if not done:
            await asyncio.sleep(POLL_S)
        return done

    async def _try(self, told: Sequence[Told]) -> bool:
        try:
            for reaction, facts in _reactions_to(told):
                await self._store.run(system(reaction.__name__), _told(reaction, facts))
        except DomainError as refusal:
            log.error("Reaction refused: %s", refusal)
            return False
        except Exception:
            log.exception("Reaction failed")
            return False
        return True

    async def _read(self, found: Sequence[dict[str, Any]]) -> Rows:
        """Read rows; those that no code knows any more, and would come for ever, are marked."""
        rows, odd = {}, []
        for row in found:
            try:
                rows[row["_id"]] = Row(row["at"], _facts_of(row))
            except UNREADABLE:
                odd.append(row["_id"])
        if odd:
            log.error("Outbox rows cannot be read and are set aside", extra={"row_ids": odd})
            SET_ASIDE.inc(len(odd))
            done = {"$set": {"relayed_at": datetime.now(UTC)}}
            await self._outbox.update_many({"_id": {"$in": odd}}, done)
        return rows

    def _give_up(self, row_id: str) -> bool:
        tries = self._tries[row_id] = self._tries.get(row_id, 0) + 1
        if tries < TRIES:
            return False
        log.error("Outbox row set aside", extra={"row_id": row_id})
        SET_ASIDE.inc()
        return True


def _told(reaction: Reaction, facts: Sequence[Fact]) -> Callable[[Work], Awaitable[None]]:
    return lambda work: reaction(work, facts)


def _facts_of(row: dict[str, Any]) -> list[Told]:
    return [
        Told(f"{row['_id']}-{number}", from_text(Facts.kinds[told["kind"]], told["body"]))
        for number, told in enumerate(row["facts"])
    ]


def _reactions_to(told: Sequence[Told]) -> list[tuple[Reaction, list[Fact]]]:
    """Gather for each reaction, in the order of declaration, the facts that it wants."""
    wanted: dict[Reaction, list[Fact]] = {}
    for one in told:
        for reaction in Facts.reactions.get(type(one.fact), ()):
            wanted.setdefault(reaction, []).append(one.fact)
    return list(wanted.items())
