"""Keeps what devices sent and nobody could read or believe, to be looked at and played again."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from devices.dead_letters import DeadLetter, Reason
from server.kernel.errors import Unavailable
from server.kernel.ids import new_id
from server.store.mongo import Database

COLLECTION = "dead_letters"
KEPT_S = int(timedelta(days=30).total_seconds())


@dataclass(frozen=True, slots=True)
class Sought:
    """Which letters are meant; what is None does not matter, `fresh` ones were not played again."""

    reason: Reason | None = None
    device_id: str | None = None
    since: datetime | None = None
    fresh: bool = False

    def not_replayed(self) -> "Sought":
        """Leave out what was played again."""
        return replace(self, fresh=True)

    def filter(self) -> Mapping[str, Any]:
        """Put it as the store understands it."""
        wanted: dict[str, Any] = {}
        if self.reason is not None:
            wanted["reason"] = self.reason.value
        if self.device_id is not None:
            wanted["device_id"] = self.device_id
        if self.since is not None:
            wanted["received_at"] = {"$gte": self.since}
        if self.fresh:
            wanted["replayed_at"] = None
        return wanted


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter as it is kept, and when it was played again."""

    id: str
    letter: DeadLetter
    replayed_at: datetime | None


async def prepare(database: Database) -> None:
    """Make the indexes."""
    letters = database[COLLECTION]
    await letters.create_index("received_at", name="kept", expireAfterSeconds=KEPT_S)
    await letters.create_index([("device_id", 1), ("received_at", -1)], name="by_device")


async def bury(database: Database, letters: Sequence[DeadLetter]) -> None:
    """Keep dead letters; raises `Unavailable` while the store is away."""
    rows = [
        {
            "_id": new_id(),
            "topic": letter.topic,
            "payload": letter.payload,
            "size": letter.size,
            "reason": letter.reason.value,
            "detail": letter.detail,
            "received_at": letter.received_at,
            "device_id": letter.device_id,
        }
        for letter in letters
    ]
    try:
        await database[COLLECTION].insert_many(rows, ordered=False)
    except PyMongoError as error:
        raise Unavailable("store_away", "数据服务暂时不可用") from error


async def newest(database: Database, sought: Sought, *, limit: int) -> list[Kept]:
    """List letters, the newest first."""
    rows = database[COLLECTION].find(sought.filter()).sort("received_at", -1).limit(limit)
    return [_kept(row) async for row in rows]


async def batches(
    database: Database, sought: Sought, *, before: datetime, size: int
) -> AsyncIterator[list[Kept]]:
    """Go through letters that came before then, the oldest first, so that readings keep their order."""
    wanted = {"$and": [sought.filter(), {"received_at": {"$lt": before}}]}
    rows = database[COLLECTION].find(wanted).sort([("received_at", 1), ("_id", 1)])
    batch: list[Kept] = []
    async for row in rows:
        batch.append(_kept(row))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def mark_replayed(database: Database, ids: Sequence[str], *, at: datetime) -> None:
    """Note that letters were played again."""
    await database[COLLECTION].update_many(
        {"_id": {"$in": list(ids)}}, {"$set": {"replayed_at": at}}
    )


def _kept(row: Mapping[str, Any]) -> Kept:
    letter = DeadLetter(
        topic=row["topic"],
        payload=row["payload"],
        size=row["size"],
        reason=Reason(row["reason"]),
        detail=row["detail"],
        received_at=row["received_at"],
        device_id=row["device_id"],
    )
    return Kept(row["_id"], letter, row.get("replayed_at"))
