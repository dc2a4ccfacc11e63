"""The unit of work: reads pass through it, writes are gathered, and all land at once or not at all.

A use case loads nouns, decides, saves what changed and tells what happened. The store then writes
one bulk a collection and the outbox in one transaction, checking that no row has changed since it
was read. So one HTTP command is a batch of one, and three hundred readings are a batch of three
hundred: the same rules, one set of round trips.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from server.kernel.access import Actor
from server.kernel.errors import NotFound
from server.kernel.events import Fact
from server.kernel.nouns import replace, stamp
from server.kernel.table import TABLES, Noun, Table

N = TypeVar("N", bound=Noun)


@dataclass(frozen=True, slots=True)
class AtMost:
    """In a `where`: not greater than the value."""

    value: Any


@dataclass(frozen=True, slots=True)
class AtLeast:
    """In a `where`: not less than the value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Near:
    """In a `where`: GeoJSON within that many metres of (lng, lat), the nearest first."""

    point: tuple[float, float]
    distance_m: int


Where = Mapping[str, Any]
"""Field path to a value it equals, a list it is in, `AtMost`, `AtLeast` or `Near`; all must hold."""


class Source(Protocol):
    """Where rows are read from."""

    async def fetch(
        self, table: Table[N], where: Where, *, sort: str = "", limit: int = 0
    ) -> list[N]:
        """Read rows; `sort` is a field, `-field` for the greatest first."""
        ...

    async def aggregate(
        self, table: Table[Any], pipeline: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Let the store compute over the committed rows of a table."""
        ...

    async def count(self, table: Table[Any], match: Mapping[str, Any]) -> int:
        """Count the committed rows of a table."""
        ...


@dataclass(slots=True)
class Held(Generic[N]):
    """A row as this unit of work knows it; `base` is what the store has, if it has it."""

    noun: N
    base: N | None
    dirty: bool = False


class Rows(Generic[N]):
    """One table as seen through a unit of work: what it has changed is what it reads."""

    __slots__ = ("_held", "_source", "table")

    def __init__(self, table: Table[N], source: Source) -> None:
        self.table = table
        self._source = source
        self._held: dict[str, Held[N]] = {}

    async def get(self, id: str) -> N:
        """Read one row; refuses with `<noun>_not_found`."""
        found = await self.maybe(id)
        if found is None:
            name = self.table.noun.__name__
            raise NotFound(f"{_snake(name)}_not_found", "没有找到这条记录", id=id)
        return found

    async def maybe(self, id: str) -> N | None:
        """Read one row, if it is there."""
        return (await self.load([id])).get(id)

    async def load(self, ids: Iterable[str]) -> dict[str, N]:
        """Read rows by id in one round trip; absent ones are left out."""
        wanted = list(dict.fromkeys(ids))
        missing = [id for id in wanted if id not in self._held]
        if missing:
            for noun in await self._source.fetch(self.table, {"_id": missing}):
                self._held[noun.id] = Held(noun, noun)
        return {id: self._held[id].noun for id in wanted if id in self._held}

    async def find(self, where: Where, *, sort: str = "", limit: int = 0) -> list[N]:
        """Read the rows for which all of `where` holds, own changes included."""
        dirty = [held.noun for held in self._held.values() if held.dirty]
        # Each changed row may drop out of what is fetched, so that many more are asked for.
        reach = limit + len(dirty) if limit else 0
        fetched = await self._source.fetch(self.table, where, sort=sort, limit=reach)
        found = [self._adopt(noun) for noun in fetched]
        if not dirty:
            return found
        seen = {noun.id for noun in found}
        found = [noun for noun in found if not self._held[noun.id].dirty or _holds(noun, where)]
        found += [noun for noun in dirty if noun.id not in seen and _holds(noun, where)]
        if sort:
            found.sort(key=_sort_key(sort.removeprefix("-")), reverse=sort.startswith("-"))
        return found[:limit] if limit else found

    async def one(self, where: Where) -> N | None:
        """Read the row for which `where` holds, if there is one."""
        found = await self.find(where, limit=1)
        return found[0] if found else None

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Let the store compute over committed rows; own changes are not seen. For queries only."""
        return await self._source.aggregate(self.table, pipeline)

    async def count(self, match: Mapping[str, Any]) -> int:
        """Count committed rows; own changes are not seen. For queries only."""
        return await self._source.count(self.table, match)

    def add(self, noun: N) -> N:
        """Put in a new row; its version becomes 1."""
        assert noun.id not in self._held, f"{noun.id} is there already"
        stamp(noun, 1)
        self._held[noun.id] = Held(noun, None, dirty=True)
        return noun

    def save(self, noun: N) -> N:
        """Put a changed row back; gives it with its new version."""
        assert not self.table.append_only, f"{self.table.name} is never changed"
        held = self._held[noun.id]
        # What the store has, or a caller still holds, is not to change under them.
        known = noun is held.noun or noun is held.base
        kept = replace(noun) if known else noun  # type: ignore[type-var]
        stamp(kept, held.noun.v + 1)
        held.noun, held.dirty = kept, True
        return kept

    def changes(self) -> list[Held[N]]:
        """List what is to be written."""
        return [held for held in self._held.values() if held.dirty]

    def versions(self) -> dict[str, int]:
        """Give the versions of the rows that were read, by id."""
        return {id: held.base.v for id, held in self._held.items() if held.base is not None}

    def _adopt(self, noun: N) -> N:
        return self._held.setdefault(noun.id, Held(noun, noun)).noun


class Work:
    """One unit of work, by one actor, at one instant."""

    __slots__ = ("_rows", "_source", "actor", "facts", "new_id", "now")

    def __init__(
        self, source: Source, *, actor: Actor, now: datetime, new_id: Callable[[], str]
    ) -> None:
        self.actor = actor
        self.now = now
        self.new_id = new_id
        self.facts: list[Fact] = []
        self._source = source
        self._rows: dict[type, Rows[Any]] = {}

    def table(self, noun: type[N]) -> Rows[N]:
        """Give the rows of a noun."""
        rows = self._rows.get(noun)
        if rows is None:
            rows = self._rows[noun] = Rows(TABLES[noun], self._source)
        return rows

    def tell(self, fact: Fact) -> None:
        """Say what has happened; it leaves through the outbox once this work is committed."""
        self.facts.append(fact)

    def read(self) -> Sequence[tuple[Table[Any], Mapping[str, int]]]:
        """List the versions of what was read, table by table."""
        return [(rows.table, rows.versions()) for rows in self._rows.values()]

    def changes(self) -> Sequence[tuple[Table[Any], list[Held[Any]]]]:
        """List what is to be written, table by table."""
        written = ((rows.table, rows.changes()) for rows in self._rows.values())
        return [(table, held) for table, held in written if held]


def _holds(noun: Any, where: Where) -> bool:
    return all(
        any(_matches(value, want) for value in _values([noun], key)) for key, want in where.items()
    )


def _values(nouns: Iterable[Any], key: str) -> list[Any]:
    """Read what stands at a path; through a list it stands at each of its elements, as in the store."""
    name, _, rest = ("id" if key == "_id" else key).partition(".")
    found: list[Any] = []
    for noun in nouns:
        value = getattr(noun, name, None)
        found.extend(value if isinstance(value, tuple) else (value,))
    return _values(found, rest) if rest else found


def _value(noun: Any, key: str) -> Any:
    try:
        return attrgetter("id" if key == "_id" else key)(noun)
    except AttributeError:  # a path through something that is None
        return None


def _sort_key(key: str) -> Callable[[Any], tuple[bool, Any]]:
    """Sort as the store does, where nothing is less than anything."""

    def read(noun: Any) -> tuple[bool, Any]:
        value = _value(noun, key)
        return value is not None, value if value is not None else 0

    return read


def _matches(value: Any, want: Any) -> bool:
    if isinstance(want, AtMost):
        return value is not None and bool(value <= want.value)
    if isinstance(want, AtLeast):
        return value is not None and bool(value >= want.value)
    if isinstance(want, list | tuple | set | frozenset):
        return value in want
    return bool(value == want)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
