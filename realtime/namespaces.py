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
    # Of the token that it came with, by which it can be revoked.
    token_id: str = ""
    issued_at: int = 0


Access = Callable[[Actor, str], Awaitable[bool] | bool]


@dataclass(frozen=True, slots=True)
class Allow:
    """Who may do one thing on a channel: each client, or those who hear it; anonymous ones too or not."""

    client: bool = False
    subscriber: bool = False
    anonymous: bool = False

    def covers(self, actor: Actor, *, subscribed: bool) -> bool:
        """Tell whether this actor may."""
        named = bool(actor.user) or self.anonymous
        return named and (self.client or (self.subscriber and subscribed))


NOBODY = Allow()
SUBSCRIBERS = Allow(subscriber=True, anonymous=True)


@dataclass(frozen=True, slots=True)
class Namespace:
    """What the channels of one kind keep, show and allow.

    `history_size` and `history_ttl_s` bound what a channel remembers; a channel with
    `recoverable` gives a returning client what it missed, or in recovery mode `cache` the newest
    publication alone; `positioned` only tells it when something was lost. With `may_recover` and
    `may_position` the client is asked. `state` says that a publication replaces earlier ones of
    the same key, so that an outdated one has no worth of its own; `merge` then makes of the data
    of two the data that says both, for readers that are behind.

    `access` decides whether an actor may subscribe to a channel; `publish`, `show_presence` and
    `show_history` say who may do that. With `push_join_leave` each subscriber hears who comes and
    goes, otherwise those who asked for it.
    """

    name: str
    _: KW_ONLY
    access: Access
    history_size: int = 0
    history_ttl_s: int = 0
    recoverable: bool = False
    positioned: bool = False
    recovery_mode: Literal["stream", "cache"] = "stream"
    may_recover: bool = False
    may_position: bool = False
    presence: bool = False
    join_leave: bool = False
    push_join_leave: bool = False
    publish: Allow = NOBODY
    show_presence: Allow = SUBSCRIBERS
    show_history: Allow = SUBSCRIBERS
    state: bool = False
    merge: Callable[[Any, Any], Any] | None = None

    def __post_init__(self) -> None:
        assert (self.history_size > 0) == (self.history_ttl_s > 0), "history has a size and a time"
        assert not self.recoverable or self.history_size > 0, "recovery needs history"
        assert not self.positioned or self.history_size > 0, "positions need history"
        assert self.merge is None or self.state, "only what is replaced can be merged"


class UnknownChannel(LookupError):
    """No namespace covers this channel."""


class InvalidChannel(ValueError):
    """No channel can be called so."""


class ChannelBook(Protocol):
    """Maps a channel to its namespace."""

    def namespace_of(self, channel: str) -> Namespace:
        """Give the namespace of a channel; raises UnknownChannel, or InvalidChannel."""
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
