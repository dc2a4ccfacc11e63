"""Who a connection acts for, and what the channels of one kind can do."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or device behind a connection; an empty user is an anonymous one."""

    user: str
    meta: Mapping[str, object] = field(default_factory=dict)
    expires_at: datetime | None = None


Access = Callable[[Actor, str], Awaitable[bool] | bool]


@dataclass(frozen=True, slots=True)
class Namespace:
    """What the channels of one kind keep, show and allow.

    `history_size` and `history_ttl_s` bound what a channel remembers; a channel with
    `recoverable` gives a returning client what it missed. `state` says that a publication
    replaces earlier ones of the same key, so that an outdated one has no worth of its own; `merge`
    then makes of the data of two the data that says both, for readers that are behind.
    `access` decides whether an actor may subscribe to a channel.
    """

    name: str
    _: KW_ONLY
    access: Access
    history_size: int = 0
    history_ttl_s: int = 0
    recoverable: bool = False
    presence: bool = False
    join_leave: bool = False
    publish: Literal["nobody", "subscriber"] = "nobody"
    state: bool = False
    merge: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        assert (self.history_size > 0) == (self.history_ttl_s > 0), "history has a size and a time"
        assert not self.recoverable or self.history_size > 0, "recovery needs history"
        assert self.merge is None or self.state, "only what is replaced can be merged"


class UnknownChannel(LookupError):
    """No namespace covers this channel."""


class ChannelBook(Protocol):
    """Maps a channel to its namespace."""

    def namespace_of(self, channel: str) -> Namespace:
        """Give the namespace of a channel; raises UnknownChannel."""
        ...


class PrefixBook:
    """A book by the text before the first colon; channels without one share `plain`."""

    def __init__(self, namespaces: Iterable[Namespace], plain: Namespace | None = None) -> None:
        self._namespaces = {namespace.name: namespace for namespace in namespaces}
        self._plain = plain

    def namespace_of(self, channel: str) -> Namespace:
        """Give the namespace of a channel; raises UnknownChannel."""
        kind, colon, _ = channel.partition(":")
        found = self._namespaces.get(kind) if colon else self._plain
        if found is None:
            raise UnknownChannel(channel)
        return found


def anyone(actor: Actor, channel: str) -> bool:
    """Allow each actor, anonymous ones too."""
    return True


def signed_in(actor: Actor, channel: str) -> bool:
    """Allow each actor who is not anonymous."""
    return bool(actor.user)
