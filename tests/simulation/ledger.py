"""What the platform has in its books after a rush, read past its own code."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pymongo import AsyncMongoClient

from server.domain.equipment import KeptReading
from server.domain.stay import Policy
from server.domain.tariff import Rate, Tariff, Terms
from server.kernel.access import system
from server.kernel.codec import from_text
from server.kernel.work import Work
from server.store.mongo import Store, connect
from tests.city import City

# 1 s: long enough that the worker settles berths too, short enough to flip a berth every 2 s.
DEBOUNCE_S = 1
# 12 hours: the debts that a demo begins with are of stays a day old or more.
RUN_LASTS = timedelta(hours=12)
Row = dict[str, Any]


class Ledger:
    """The database of a running city."""

    def __init__(self, city: City) -> None:
        self._client: AsyncMongoClient[Row] = connect(city.mongo_url)
        self.database = self._client["smartcloud"]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def kept_readings(self, device_ids: Sequence[str]) -> Counter[tuple[str, int, int]]:
        """Count how often each reading of the devices is kept."""
        match = {"device_ids": {"$in": list(device_ids)}}
        wanted = set(device_ids)
        batches = await self.database["reading_batches"].find(match).to_list(None)
        return Counter(
            (kept.reading.device_id, kept.reading.boot, kept.reading.seq)
            for batch in batches
            for kept in from_text(list[KeptReading], batch["readings"])
            if kept.reading.device_id in wanted
        )

    async def occupancies(self, berth_ids: Sequence[str]) -> dict[str, Row]:
        """Read berths by id."""
        found = self.database["occupancies"].find({"_id": {"$in": list(berth_ids)}})
        return {row["_id"]: row async for row in found}

    async def stays(self, berth_ids: Sequence[str]) -> list[Row]:
        """Read the berths' stays of this run, in the order in which they began."""
        since = datetime.now(UTC) - RUN_LASTS
        of_run = {"berth_id": {"$in": list(berth_ids)}, "arrived_at": {"$gte": since}}
        found = self.database["stays"].find(of_run)
        return await found.sort([("arrived_at", 1), ("_id", 1)]).to_list(None)

    async def bills(self, stay_ids: Sequence[str]) -> list[Row]:
        """Read the bills of stays, whatever state they are in."""
        return await self.database["bills"].find({"stay_id": {"$in": list(stay_ids)}}).to_list(None)

    async def twice_open(self, *keys: str) -> list[Row]:
        """Find what has more than one open stay."""
        match = {"open": True} | {key: {"$type": "string"} for key in keys}
        group = {"_id": {key.replace(".", "_"): f"${key}" for key in keys}, "count": {"$sum": 1}}
        pipeline = [{"$match": match}, {"$group": group}, {"$match": {"count": {"$gt": 1}}}]
        return await (await self.database["stays"].aggregate(pipeline)).to_list(None)

    async def pending(self) -> int:
        """Count the rows of the outbox that nobody has heard of yet."""
        return await self.database["outbox"].count_documents({"relayed_at": None})

    async def unsettled(self, berth_ids: Sequence[str]) -> int:
        """Count the berths that still wait for a contradiction."""
        match = {"_id": {"$in": list(berth_ids)}, "settle_at": {"$ne": None}}
        return await self.database["occupancies"].count_documents(match)

    async def dead_letters(self, device_ids: Sequence[str]) -> list[Row]:
        """Read what of these devices was set aside."""
        found = self.database["dead_letters"].find({"device_id": {"$in": list(device_ids)}})
        return await found.to_list(None)


async def make_every_stay_cost(ledger: Ledger) -> None:
    """Be quick to settle, and charge one yuan a begun minute from the first second."""

    async def change(work: Work) -> None:
        policies = work.table(Policy)
        [policy] = await policies.find({})
        quick = {"arrive_debounce_s": DEBOUNCE_S, "leave_debounce_s": DEBOUNCE_S}
        policies.save(replace(policy, **quick))
        tariffs = work.table(Tariff)
        for tariff in await tariffs.find({}):
            always = Rate(0, 1_440, unit_min=1, unit_amount=100)
            tariffs.save(replace(tariff, terms=Terms(rates=(always,))))

    await Store(ledger.database).run(system("test"), change)
