"""Where a noun is kept: its collection and the indexes that guard it, declared beside the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class Noun(Protocol):
    """A frozen dataclass with an id and a version."""

    @property
    def id(self) -> str: ...
    @property
    def v(self) -> int: ...


N = TypeVar("N", bound=Noun)


@dataclass(frozen=True, slots=True)
class Index:
    """One index. A unique one carries the code and message of the refusal that it stands for."""

    keys: tuple[tuple[str, int | str], ...]
    unique: bool = False
    where: Mapping[str, Any] | None = None
    code: str = ""
    message: str = ""
    ttl_s: int | None = None

    @property
    def name(self) -> str:
        """Name the index after its code, or after its keys."""
        return self.code or "_".join(f"{key}_{way}" for key, way in self.keys)


@dataclass(frozen=True, slots=True)
class Table(Generic[N]):
    """A noun's collection; what is in `hidden` is never shown in the audit.

    Rows of an `append_only` one are added and never saved again; one that is not `audited` is nobody's
    business but the platform's.
    """

    noun: type[N]
    name: str
    indexes: tuple[Index, ...] = ()
    hidden: frozenset[str] = frozenset()
    append_only: bool = False
    audited: bool = True

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give a row's fields as the audit may keep them."""
        return {key: "***" if key in self.hidden else value for key, value in row.items()}

    def index(self, name: str) -> Index | None:
        """Find an index by its name."""
        return next((index for index in self.indexes if index.name == name), None)


@dataclass(slots=True)
class Tables:
    """Every declared table, by noun."""

    by_noun: dict[type, Table[Any]] = field(default_factory=dict)

    def __getitem__(self, noun: type[N]) -> Table[N]:
        return self.by_noun[noun]

    def __iter__(self) -> Any:
        return iter(self.by_noun.values())


TABLES = Tables()


def table(
    noun: type[N],
    name: str,
    *indexes: Index,
    hidden: frozenset[str] = frozenset(),
    append_only: bool = False,
    audited: bool = True,
) -> Table[N]:
    """Declare where a noun is kept."""
    assert noun not in TABLES.by_noun, f"{noun.__name__} has a table already"
    assert all(other.name != name for other in TABLES), f"{name} is taken"
    declared = Table(noun, name, indexes, hidden, append_only, audited)
    TABLES.by_noun[noun] = declared
    return declared


def unique(
    *keys: str, code: str, message: str = "", where: Mapping[str, Any] | None = None
) -> Index:
    """Declare that no two rows share these keys; a second one is refused with the code."""
    return Index(_ascending(keys), True, where, code, message)


def index(*keys: str, where: Mapping[str, Any] | None = None) -> Index:
    """Declare an index to find rows by."""
    return Index(_ascending(keys), where=where)


def geo_index(key: str) -> Index:
    """Declare an index over GeoJSON, WGS-84."""
    return Index(((key, "2dsphere"),))


def expires(key: str, *, ttl_s: int) -> Index:
    """Declare that rows go away that many seconds after the instant in `key`."""
    return Index(((key, 1),), ttl_s=ttl_s)


def _ascending(keys: Sequence[str]) -> tuple[tuple[str, int | str], ...]:
    return tuple((key.removeprefix("-"), -1 if key.startswith("-") else 1) for key in keys)
