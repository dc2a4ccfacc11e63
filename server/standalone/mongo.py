"""mongod as a replica set of one node, because transactions and change streams need a replica set."""

from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from server.config import MONGO_OPTIONS
from server.standalone.place import Place
from server.standalone.ports import LOOPBACK
from server.standalone.programs import Program

REPLICA_SET = "rs0"
NOT_YET_INITIALIZED = 94
CACHE_GB = 1


def url(port: int) -> str:
    """URL for clients: majority in everything, so that what was acknowledged survives a kill -9."""
    return f"mongodb://{LOOPBACK}:{port}/?{MONGO_OPTIONS}"


def command(program: Program, place: Place) -> list[str]:
    """Say how mongod is run on the place."""
    return [
        *program.command,
        *("--dbpath", str(place.folder), "--port", str(place.port), "--bind_ip", LOOPBACK),
        *("--replSet", REPLICA_SET, "--oplogSize", "256"),
        # The default cache is half of the machine, which the demo shares with everything else.
        *("--wiredTigerCacheSizeGB", str(CACHE_GB)),
        # A socket file in /tmp would outlive a kill -9.
        "--nounixsocket",
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # A process that is killed in a transaction leaves its rows locked for so long; 60 s by
        # default. Ours take 0.1 s.
        *("--setParameter", "transactionLifetimeLimitSeconds=5"),
        # Nobody here reads the past: 5 min of it, the default, is written aside again and again.
        *("--setParameter", "minSnapshotHistoryWindowInSeconds=0"),
        # A lone node has nobody to hand over to: stopping took 0.48 s before, 0.12 s with this.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
    ]


async def answer(place: Place) -> None:
    """Bring the replica set to life and see that its node takes writes; raises until it does."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        LOOPBACK, place.port, directConnection=True, serverSelectionTimeoutMS=500
    )
    async with client:
        member = f"{LOOPBACK}:{place.port}"
        try:
            status = await client.admin.command("replSetGetConfig")
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED:
                raise
            await client.admin.command("replSetInitiate", _members(member))
        else:
            config = status["config"]
            if config["members"][0]["host"] != member:
                # The data was last used on another port: tell the set where its node is now.
                config |= _members(member) | {"version": config["version"] + 1}
                await client.admin.command("replSetReconfig", config, force=True)
        hello = await client.admin.command("hello")
        if not hello.get("isWritablePrimary"):
            raise ConnectionError("mongod has not elected itself yet")


def _members(member: str) -> dict[str, Any]:
    return {"_id": REPLICA_SET, "members": [{"_id": 0, "host": member}]}
