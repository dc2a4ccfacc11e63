"""Each process says every two seconds that it is there, and how it is."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from server.store.mongo import Database
from server.store.stopping import stop_if_cancelled

COLLECTION = "beats"
EVERY_S = 2.0
# 3 beats missed: the process is gone, or so busy that it may as well be.
FRESH = timedelta(seconds=3 * EVERY_S + 1)
log = logging.getLogger(__name__)


async def beat(
    database: Database, *, process: str, node: str, state: Callable[[], Mapping[str, Any]]
) -> None:
    """Say how this process is until cancelled; `state` has `well` and whatever explains it."""
    while True:
        stop_if_cancelled()
        row = {"process": process, "at": datetime.now(UTC), **state()}
        try:
            await database[COLLECTION].replace_one({"_id": node}, row, upsert=True)
        except PyMongoError:
            log.debug("Beat not kept: the store is away")
        await asyncio.sleep(EVERY_S)


async def read_beats(database: Database) -> dict[str, dict[str, Any]]:
    """Say of each kind of process how many there are, and whether all are well."""
    since = datetime.now(UTC) - FRESH
    found: dict[str, dict[str, Any]] = {}
    async for row in database[COLLECTION].find({"at": {"$gte": since}}):
        one = found.setdefault(row["process"], {"well": True, "count": 0})
        one["count"] += 1
        one["well"] = one["well"] and row.get("well", True)
    return found
