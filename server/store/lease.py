"""One runner at a time: a lease that is held, renewed, and taken over when its holder is gone."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

COLLECTION = "leases"


class Lease:
    """The right to do one thing, for a while. `fence` rises with each new holder."""

    def __init__(
        self, database: AsyncDatabase[dict[str, Any]], *, name: str, holder: str, lasts_s: float
    ) -> None:
        self.fence = 0
        self._leases = database[COLLECTION]
        self._name = name
        self._holder = holder
        self._lasts = timedelta(seconds=lasts_s)

    async def take(self) -> bool:
        """Take or renew the lease; says whether it is held now."""
        now = datetime.now(UTC)
        free = {"$or": [{"holder": self._holder}, {"until": {"$lte": now}}]}
        change: list[dict[str, Any]] = [
            {
                "$set": {
                    "fence": {
                        "$cond": [
                            {"$eq": ["$holder", self._holder]},
                            "$fence",
                            {"$add": [{"$ifNull": ["$fence", 0]}, 1]},
                        ]
                    },
                    "holder": self._holder,
                    "until": now + self._lasts,
                }
            }
        ]
        try:
            row = await self._leases.find_one_and_update(
                {"_id": self._name, **free},
                change,
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:  # somebody else holds it: the upsert met his row
            return False
        assert row is not None
        self.fence = row["fence"]
        return True

    async def give_back(self) -> None:
        """End the lease, so that the next one need not wait for it to run out."""
        await self._leases.update_one(
            {"_id": self._name, "holder": self._holder},
            {"$set": {"until": datetime.now(UTC)}},
        )
