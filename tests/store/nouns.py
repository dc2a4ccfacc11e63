"""Two nouns of no meaning, a fact of each, for tests of the unit of work and its store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from server.kernel.access import Actor, Audience, system
from server.kernel.events import Fact
from server.kernel.table import index, table, unique
from server.kernel.work import Work
from server.store.mongo import OUTBOX, Store

T = TypeVar("T")
NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
SYSTEM = system("test")
PERSON = Actor("p1", Audience.CONSOLE, login_id="l1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pet:
    """A noun whose name is taken once, and whose secret is nobody's matter."""

    id: str
    v: int = 0
    name: str
    age: int = 0
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """Another noun, to be written beside."""

    id: str
    v: int = 0
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PetTested(Fact):
    """Something happened to a pet, in a test."""

    pet_id: str
    number: int = 0

    @property
    def key(self) -> str:
        """Keep the order of one pet's facts."""
        return f"pet:{self.pet_id}"


table(
    Pet,
    "test_pets",
    unique("name", code="pet_name_taken", message="名字已被使用"),
    index("age"),
    hidden=frozenset({"secret"}),
)
table(Toy, "test_toys", unique("label", code="toy_label_taken"))


async def add_pet(work: Work, **said: Any) -> Pet:
    """Put in a pet and tell it."""
    pet = work.table(Pet).add(Pet(**{"id": work.new_id(), **said}))
    work.tell(PetTested(at=work.now, pet_id=pet.id))
    return pet


async def run(
    store: Store,
    use_case: Callable[[Work], Awaitable[T]],
    *,
    actor: Actor = SYSTEM,
    bulk: bool = False,
) -> T:
    """Run a use case as a unit of work of its own."""
    return await store.run(actor, use_case, bulk=bulk)


async def outbox(store: Store) -> list[dict[str, Any]]:
    """Read the outbox in its order."""
    return await store.database[OUTBOX].find({}).sort("_id", 1).to_list(None)
