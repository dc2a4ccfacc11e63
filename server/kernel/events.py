"""Facts: what has happened, past tense, told through the outbox.

A fact is a frozen dataclass that derives from `Fact`. Its `key` says within what order is kept:
two facts with one key reach every listener in the order in which they were told.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from server.kernel.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact has: when it happened, by the judged clock."""

    at: datetime

    @property
    def key(self) -> str:
        """Name the thing that this is a fact about."""
        raise NotImplementedError


F = TypeVar("F", bound=Fact)
Reaction = Callable[["Work", Sequence[Any]], Awaitable[None]]


@dataclass(slots=True)
class Facts:
    """Every kind of fact by its name, and who reacts to it."""

    kinds: ClassVar[dict[str, type[Fact]]] = {}
    reactions: ClassVar[dict[type[Fact], list[Reaction]]] = {}


def fact(kind: type[F]) -> type[F]:
    """Declare a kind of fact, so that the outbox can name it."""
    assert kind.__name__ not in Facts.kinds, f"{kind.__name__} is declared already"
    Facts.kinds[kind.__name__] = kind
    return kind


def reacts_to(*kinds: type[Fact]) -> Callable[[Reaction], Reaction]:
    """Declare a reaction: it gets the facts of these kinds, in batches, at least once each."""

    def declare(reaction: Reaction) -> Reaction:
        for kind in kinds:
            Facts.reactions.setdefault(kind, []).append(reaction)
        return reaction

    return declare
