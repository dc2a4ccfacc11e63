"""MongoDB behind the unit of work: reads, one transaction a commit, indexes, the outbox."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pymongo import ASCENDING, AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure
from pymongo.read_concern import ReadConcern

from server.kernel.access import Actor
from server.kernel.codec import from_document, to_changes, to_document, to_plain
from server.kernel.errors import Conflict, Refused, Unavailable
from server.kernel.ids import new_id
from server.kernel.period import whole_ms
from server.kernel.table import TABLES, Index, Noun, Table
from server.kernel.work import AtLeast, AtMost, Held, Near, Where, Work

N = TypeVar("N", bound=Noun)
T = TypeVar("T")
Document = dict[str, Any]
Database = AsyncDatabase[Document]

OUTBOX = "outbox"
AUDIT = "audit_entries"
# 3 days: long enough to look into last weekend's trouble, short enough to stay in memory.
OUTBOX_KEPT_S = 3 * 86_400
# 8 tries: 2 ingest lanes on one berth settle within 3; 8 has never been reached.
TRIES = 8
# 40 rows: from there on 25 µs a row outweigh a round trip of 1 ms.
MANY = 40
# 20 ms: a row is in the way of another before majority reads see it, 5 ms at most on one node.
VISIBLE_WITHIN_S = 0.02
PEOPLE = frozenset({"motorist", "patrol", "console"})
_DUPLICATE_KEY = 11000


def connect(url: str) -> AsyncMongoClient[Document]:
    """Open a client whose writes are durable and whose reads are of durable data."""
    return AsyncMongoClient(
        url,
        w="majority",
        readConcernLevel="majority",
        retryWrites=True,
        tz_aware=True,
        # 3 s: an election takes 1-4 s here; longer, and callers queue up behind a dead store.
        serverSelectionTimeoutMS=3_000,
        connectTimeoutMS=3_000,
        socketTimeoutMS=20_000,
        maxPoolSize=50,
    )


class Store:
    """Runs units of work against one database."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: whole_ms(datetime.now(UTC)),
        ids: Callable[[], str] = new_id,
        on_told: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.new_id = ids
        self._on_told = on_told

    async def prepare(self) -> None:
        """Create the collections and indexes that are declared and not there yet."""
        have = set(await self.database.list_collection_names())
        for name in [table.name for table in TABLES] + [OUTBOX, AUDIT]:
            if name not in have:  # a transaction must not wait for a collection to be made
                await self.database.create_collection(name)
        for table in TABLES:
            for index in table.indexes:
                await self._create_index(table.name, index)
        outbox = self.database[OUTBOX]
        pending = {"relayed_at": None}
        await outbox.create_index(
            [("relayed_at", ASCENDING), ("_id", ASCENDING)],
            name="pending",
            partialFilterExpression=pending,
        )
        await outbox.create_index("relayed_at", name="kept", expireAfterSeconds=OUTBOX_KEPT_S)
        await self.database[AUDIT].create_index([("actor_id", 1), ("at", -1)], name="by_actor")

    async def run(
        self, actor: Actor, use_case: Callable[[Work], Awaitable[T]], *, action: str = ""
    ) -> T:
        """Run a use case and commit it whole; on a conflict it is run again from the start.

        Raises the refusals of the use case, `Refused` with an index's code where a second row was
        put in for good, and `Unavailable` when the store is away: then nothing was done, or it was
        done whole and running it again is harmless.
        """
        refusal: Exception = Unavailable("store_busy", "系统繁忙，请稍后再试")
        looked_again = False
        for attempt in range(TRIES):
            work = Work(self, actor=actor, now=self.clock(), new_id=self.new_id)
            try:
                result = await self._decide(work, use_case)
                await self._commit(work, action)
            except Conflict as conflict:
                if isinstance(conflict.__cause__, Refused):
                    refusal = conflict.__cause__
                    if looked_again:  # it was no race: the second look met the same row
                        break
                    looked_again = True
                    await asyncio.sleep(VISIBLE_WITHIN_S)
            except (ConnectionFailure, ExecutionTimeout) as away:
                raise _away() from away
            else:
                if work.facts:
                    self._on_told()
                return result
            await asyncio.sleep(random.random() * 0.004 * 2**attempt)  # noqa: S311
        raise refusal

    async def _decide(self, work: Work, use_case: Callable[[Work], Awaitable[T]]) -> T:
        """Run a use case; what it refuses counts only if all that it has read still holds.

        Rows are read one table after the other. Where somebody commits in between, a berth may be
        seen with its stay and the stay as closed: that is no state of things, but a race.
        """
        try:
            return await use_case(work)
        except (Refused, AssertionError):
            for table, versions in work.read():
                if await self._versions(table, list(versions)) != versions:
                    raise Conflict(table.name) from None
            raise

    async def fetch(
        self, table: Table[N], where: Where, *, sort: str = "", limit: int = 0
    ) -> list[N]:
        """Read rows of a table."""
        cursor = self.database[table.name].find(filter_of(where), limit=limit)
        if sort:
            cursor = cursor.sort(sort.removeprefix("-"), -1 if sort.startswith("-") else 1)
        return [from_document(table.noun, row) for row in await cursor.to_list(None)]

    async def aggregate(
        self, table: Table[Any], pipeline: Sequence[Mapping[str, Any]]
    ) -> list[Document]:
        """Compute over the rows of a table."""
        cursor = await self.database[table.name].aggregate(list(pipeline))
        return await cursor.to_list(None)

    async def count(self, table: Table[Any], match: Mapping[str, Any]) -> int:
        """Count the rows of a table."""
        return await self.database[table.name].count_documents(dict(match))

    async def _commit(self, work: Work, action: str) -> None:
        changes = work.changes()
        if not changes and not work.facts:
            return
        told = outbox_row(work)
        audit = audit_row(work, changes, action) if work.actor.audience in PEOPLE else None

        async def write(session: AsyncClientSession) -> None:
            try:
                for table, held in changes:
                    await self._write(table, held, session)
                if told:
                    await self.database[OUTBOX].insert_one(told, session=session)
                if audit:
                    await self.database[AUDIT].insert_one(audit, session=session)
            except OperationFailure as failure:
                # Somebody else writes one of these rows now. PyMongo would wait, write the same
                # again and find the versions changed; reading anew at once is all that helps.
                if failure.has_error_label("TransientTransactionError"):
                    raise Conflict from failure
                raise
            except ConnectionFailure as away:
                # Nothing was committed. PyMongo would try for two minutes, with callers queued up.
                raise _away() from away

        async with self.database.client.start_session() as session:
            await session.with_transaction(write, ReadConcern("snapshot"))

    async def _write(
        self, table: Table[Any], held: Sequence[Held[Any]], session: AsyncClientSession
    ) -> None:
        """Write one table's rows as raw commands: half the CPU of `bulk_write` at 300 rows.

        Each row must still have the version that was read. Of a few rows the filter asks for it;
        of many it is read first, inside the transaction, and rows are written by id alone, which
        costs mongod half as much a row (25 µs instead of 50) but a round trip more.
        """
        added = [to_document(one.noun) for one in held if one.base is None]
        changed = {one.noun.id: one for one in held if one.base is not None}
        # Changes first: a stay that closes makes room under the unique indexes for one that opens.
        if changed:
            versions = {id: one.base.v for id, one in changed.items() if one.base}
            many = len(changed) > MANY
            if many and versions != await self._versions(table, list(changed), session):
                raise Conflict(table.name)
            updates = [
                {
                    "q": {"_id": id} if many else {"_id": id, "v": versions[id]},
                    "u": {"$set": to_changes(one.base, one.noun)},
                }
                for id, one in changed.items()
            ]
            answer = await self.database.command(
                {"update": table.name, "updates": updates, "ordered": False}, session=session
            )
            _raise_errors(table, answer)
            if answer["n"] != len(changed):
                raise Conflict(table.name)
        if added:
            answer = await self.database.command(
                {"insert": table.name, "documents": added, "ordered": False}, session=session
            )
            _raise_errors(table, answer)

    async def _versions(
        self, table: Table[Any], ids: list[str], session: AsyncClientSession | None = None
    ) -> dict[str, int]:
        cursor = self.database[table.name].find({"_id": {"$in": ids}}, {"v": 1}, session=session)
        return {row["_id"]: row["v"] for row in await cursor.to_list(None)}

    async def _create_index(self, collection: str, index: Index) -> None:
        options: Document = {"name": index.name}
        if index.unique:
            options["unique"] = True
        if index.where is not None:
            options["partialFilterExpression"] = dict(index.where)
        if index.ttl_s is not None:
            options["expireAfterSeconds"] = index.ttl_s
        await self.database[collection].create_index(list(index.keys), **options)


def _away() -> Unavailable:
    return Unavailable("store_away", "数据服务暂时不可用，请稍后再试")


def filter_of(where: Where) -> Document:
    """Turn a `where` into a filter; values never become operators."""
    return {key: _condition(value) for key, value in where.items()}


def _condition(value: Any) -> Any:
    if isinstance(value, AtMost):
        return {"$lte": value.value}
    if isinstance(value, AtLeast):
        return {"$gte": value.value}
    if isinstance(value, Near):
        point = {"type": "Point", "coordinates": list(value.point)}
        return {"$nearSphere": {"$geometry": point, "$maxDistance": value.distance_m}}
    if isinstance(value, list | tuple | set | frozenset):
        return {"$in": list(value)}
    return {"$eq": value}


def outbox_row(work: Work) -> Document | None:
    """Gather all that a unit of work tells into one row of the outbox."""
    if not work.facts:
        return None
    row_id = work.new_id()
    facts = [
        {"kind": type(fact).__name__, "key": fact.key, "body": to_plain(fact)}
        for fact in work.facts
    ]
    return {"_id": row_id, "at": work.now, "relayed_at": None, "facts": facts}


def audit_row(
    work: Work, changes: Sequence[tuple[Table[Any], list[Held[Any]]]], action: str
) -> Document | None:
    """Write down who changed what, before and after."""
    if not changes:
        return None
    return {
        "_id": work.new_id(),
        "at": work.now,
        "actor_id": work.actor.id,
        "audience": work.actor.audience.value,
        "login_id": work.actor.login_id,
        "action": action,
        "changes": [
            {
                "table": table.name,
                "id": table.shown({"id": one.noun.id})["id"],
                "before": table.shown(to_plain(one.base)) if one.base else None,
                "after": table.shown(to_plain(one.noun)),
            }
            for table, held in changes
            for one in held
        ],
    }


def _raise_errors(table: Table[Any], answer: Mapping[str, Any]) -> None:
    errors = answer.get("writeErrors")
    if not errors:
        return
    duplicate = next((error for error in errors if error["code"] == _DUPLICATE_KEY), None)
    if duplicate is None:
        raise OperationFailure(errors[0]["errmsg"], errors[0]["code"])
    keys = set(duplicate.get("keyPattern", {}))
    name = duplicate["errmsg"].split("index: ", 1)[-1].split(" ", 1)[0]
    index = table.index(name)
    refused = Refused(
        index.code if index and index.code else "row_exists",
        (index.message if index else "") or "记录已存在",
        keys=sorted(keys),
    )
    raise Conflict(table.name) from refused
