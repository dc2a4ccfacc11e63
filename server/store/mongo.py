"""MongoDB behind the unit of work: reads, one transaction a commit, indexes, the outbox."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import pymongo
from pymongo import ASCENDING, AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from server.kernel.access import Actor
from server.kernel.codec import from_document, to_changes, to_document
from server.kernel.errors import Conflict, Refused, Unavailable
from server.kernel.ids import new_id
from server.kernel.period import whole_ms
from server.kernel.table import TABLES, Index, Noun, Table
from server.kernel.work import Held, Source, Where, Work
from server.store.documents import Document, audit_row, filter_of, outbox_row
from server.store.memory import Memory

N = TypeVar("N", bound=Noun)
T = TypeVar("T")
Database = AsyncDatabase[Document]

OUTBOX = "outbox"
AUDIT = "audit_entries"
# 3 days: long enough to look into last weekend's trouble, short enough to stay in memory.
OUTBOX_KEPT_S = 3 * 86_400
# 8 tries: 2 ingest lanes on one berth settle within 3; 8 has never been reached.
TRIES = 8
# 20 ms: a row is in the way of another before majority reads see it, 5 ms at most on one node.
VISIBLE_WITHIN_S = 0.02
# 5 s: a payment provider waits no longer for an answer, and an election is over by then. PyMongo by
# itself would ask for two minutes whether a commit was done.
COMMITTED_WITHIN_S = 5.0
# 50 ms: a new primary is there or not; faster would only burn the wait.
ASKED_AGAIN_AFTER_S = 0.05
SNAPSHOT = ReadConcern("snapshot")
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
    """Runs units of work against one database.

    Rows of the nouns in `remembered` may be a second old: for a process that only reads them.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = lambda: whole_ms(datetime.now(UTC)),
        ids: Callable[[], str] = new_id,
        on_told: Callable[[], None] = lambda: None,
        remembered: Collection[type] = (),
    ) -> None:
        self.database = database
        self.clock = clock
        self.new_id = ids
        self._on_told = on_told
        self._remembered = frozenset(remembered)
        self._memory = Memory()

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
        self,
        actor: Actor,
        use_case: Callable[[Work], Awaitable[T]],
        *,
        action: str = "",
        bulk: bool = False,
    ) -> T:
        """Run a use case and commit it whole; on a conflict it is run again from the start.

        `bulk` says that it changes rows by the hundred: they are read inside the transaction then.
        Raises the refusals of the use case, `Refused` with an index's code where a second row was
        put in for good, and `Unavailable` when the store is away, or does not say within seconds whether
        it has committed: then nothing was done, or it was done whole and running it again is harmless.
        """
        take = self._run_bulk if bulk else self._run_versioned
        refusal: Exception = Unavailable("store_busy", "系统繁忙，请稍后再试")
        looked_again = False
        for attempt in range(TRIES):
            try:
                work, result = await take(actor, use_case, action)
            except Conflict as conflict:
                if isinstance(conflict.__cause__, Refused):
                    refusal = conflict.__cause__
                    if looked_again:  # it was no race: the second look met the same row
                        break
                    looked_again = True
                    await asyncio.sleep(VISIBLE_WITHIN_S)
            except PyMongoError as away:
                if isinstance(away, ConnectionFailure) or away.timeout:
                    raise _away() from away
                raise
            else:
                if work.facts:
                    self._on_told()
                return result
            await asyncio.sleep(random.random() * 0.004 * 2**attempt)  # noqa: S311
        raise refusal

    async def _run_versioned(
        self, actor: Actor, use_case: Callable[[Work], Awaitable[T]], action: str
    ) -> tuple[Work, T]:
        """Read beside the transaction, and write only rows that still have the version read."""
        work = self._work(actor, self)
        result = await self._decide(work, use_case)
        if work.changes() or work.facts:

            async def write(session: AsyncClientSession) -> None:
                await self._commit(work, action, session, versioned=True)

            async with self.database.client.start_session() as session:
                await _transact(session, write)
        return work, result

    async def _run_bulk(
        self, actor: Actor, use_case: Callable[[Work], Awaitable[T]], action: str
    ) -> tuple[Work, T]:
        """Read and write in one transaction, which fails by itself where a row has changed since.

        A row is then written by its id alone, 25 µs of mongod; asking for its version as well
        costs 50. But the reads wait for one another, and conflicts show only at the end.
        """

        async def whole(session: AsyncClientSession) -> tuple[Work, T]:
            work = self._work(actor, _Inside(self, session))
            with _conflicts():
                result = await use_case(work)
            await self._commit(work, action, session, versioned=False)
            return work, result

        async with self.database.client.start_session() as session:
            return await _transact(session, whole)

    def _work(self, actor: Actor, source: Source) -> Work:
        return Work(source, actor=actor, now=self.clock(), new_id=self.new_id)

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
        self,
        table: Table[N],
        where: Where,
        *,
        sort: str = "",
        limit: int = 0,
        session: AsyncClientSession | None = None,
    ) -> list[N]:
        """Read rows of a table."""

        async def read() -> list[N]:
            rows = self.database[table.name].find(filter_of(where), limit=limit, session=session)
            if sort:
                rows = rows.sort(sort.removeprefix("-"), -1 if sort.startswith("-") else 1)
            return [from_document(table.noun, row) for row in await rows.to_list(None)]

        if table.noun not in self._remembered:
            return await read()
        return await self._memory.ask(f"{table.name} {where} {sort} {limit}", read)

    async def aggregate(
        self, table: Table[Any], pipeline: Sequence[Mapping[str, Any]]
    ) -> list[Document]:
        """Compute over the rows of a table."""
        cursor = await self.database[table.name].aggregate(list(pipeline))
        return await cursor.to_list(None)

    async def count(self, table: Table[Any], match: Mapping[str, Any]) -> int:
        """Count the rows of a table."""
        return await self.database[table.name].count_documents(dict(match))

    async def _commit(
        self, work: Work, action: str, session: AsyncClientSession, *, versioned: bool
    ) -> None:
        """Write what a unit of work has changed and told, in the transaction of the session."""
        changes = work.changes()
        told = outbox_row(work)
        audit = audit_row(work, changes, action) if work.actor.audience in PEOPLE else None
        with _conflicts():
            for table, held in changes:
                await self._write(table, held, session, versioned=versioned)
            if told:
                await self.database[OUTBOX].insert_one(told, session=session)
            if audit:
                await self.database[AUDIT].insert_one(audit, session=session)

    async def _write(
        self,
        table: Table[Any],
        held: Sequence[Held[Any]],
        session: AsyncClientSession,
        *,
        versioned: bool,
    ) -> None:
        """Write one table's rows as raw commands: half the CPU of `bulk_write` at 300 rows."""
        added = [to_document(one.noun) for one in held if one.base is None]
        updates = [
            {
                "q": {"_id": one.base.id, "v": one.base.v} if versioned else {"_id": one.base.id},
                "u": {"$set": to_changes(one.base, one.noun)},
            }
            for one in held
            if one.base is not None
        ]
        # Changes first: a stay that closes makes room under the unique indexes for one that opens.
        if updates:
            answer = await self.database.command(
                {"update": table.name, "updates": updates, "ordered": False}, session=session
            )
            _raise_errors(table, answer)
            if answer["n"] != len(updates):
                raise Conflict(table.name)
        if added:
            answer = await self.database.command(
                {"insert": table.name, "documents": added, "ordered": False}, session=session
            )
            _raise_errors(table, answer)

    async def _versions(self, table: Table[Any], ids: list[str]) -> dict[str, int]:
        cursor = self.database[table.name].find({"_id": {"$in": ids}}, {"v": 1})
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


class _Inside:
    """Reads within one transaction: one after the other, as a session does no two things at once."""

    def __init__(self, store: Store, session: AsyncClientSession) -> None:
        self._store = store
        self._session = session
        self._turn = asyncio.Lock()

    async def fetch(
        self, table: Table[N], where: Where, *, sort: str = "", limit: int = 0
    ) -> list[N]:
        async with self._turn:
            return await self._store.fetch(
                table, where, sort=sort, limit=limit, session=self._session
            )

    async def aggregate(
        self, table: Table[Any], pipeline: Sequence[Mapping[str, Any]]
    ) -> list[Document]:
        return await self._store.aggregate(table, pipeline)

    async def count(self, table: Table[Any], match: Mapping[str, Any]) -> int:
        return await self._store.count(table, match)


async def _transact(
    session: AsyncClientSession, body: Callable[[AsyncClientSession], Awaitable[T]]
) -> T:
    """Run a body in a transaction and commit it.

    PyMongo's `with_transaction` asks for two minutes whether a commit was done. Whoever waits for us
    has gone by then: it is asked again for some seconds, and then nobody knows.
    """
    await session.start_transaction(SNAPSHOT)
    try:
        result = await body(session)
    except BaseException:
        if session.in_transaction:
            await session.abort_transaction()
        raise
    ends = asyncio.get_running_loop().time() + COMMITTED_WITHIN_S
    with pymongo.timeout(COMMITTED_WITHIN_S), _conflicts():
        while True:
            try:
                await session.commit_transaction()
            except PyMongoError as error:
                unknown = error.has_error_label("UnknownTransactionCommitResult")
                if not unknown or asyncio.get_running_loop().time() > ends:
                    raise
                await asyncio.sleep(ASKED_AGAIN_AFTER_S)
            else:
                return result


@contextmanager
def _conflicts() -> Iterator[None]:
    """Give up a transaction at once where PyMongo would try again for up to two minutes."""
    try:
        yield
    except OperationFailure as failure:
        # Somebody else writes one of these rows now. PyMongo would wait, write the same again and
        # find the versions changed; reading anew at once is all that helps.
        if failure.has_error_label("TransientTransactionError"):
            raise Conflict from failure
        raise
    except ConnectionFailure as away:
        # Callers must not queue up behind it.
        raise _away() from away


def _away() -> Unavailable:
    return Unavailable("store_away", "数据服务暂时不可用，请稍后再试")


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
