"""Keeps what devices sent and nobody could read."""

from collections.abc import Sequence
from datetime import timedelta

from pymongo.errors import PyMongoError

from devices.dead_letters import DeadLetter
from server.kernel.errors import Unavailable
from server.kernel.ids import new_id
from server.store.mongo import Database

COLLECTION = "dead_letters"
KEPT_S = int(timedelta(days=30).total_seconds())


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
