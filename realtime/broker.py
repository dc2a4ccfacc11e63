"""What carries publications between nodes and remembers them: one interface, several stores.

A channel with history is a stream. A stream has an epoch, a name that changes when its contents
were lost, and gives each publication the next offset, from 1. Appending and publishing are one
step, so that whoever listens hears the offsets without a hole.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream: after the publication with this offset. Without history: ("", 0)."""

    epoch: str
    offset: int


NOWHERE = Position("", 0)
# A key is remembered for this long.
ONCE_S = 300


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A publication on its way: body is opaque; history_size 0 means that it is not kept.

    With a key it is published unless one with this key was, on this channel, within 5 minutes.
    """

    channel: str
    body: bytes
    history_size: int = 0
    history_ttl_s: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A publication as a stream remembers it."""

    offset: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a stream, and where the stream stood when it was read."""

    position: Position
    kept: Sequence[Kept]


class BrokerUnavailable(Exception):
    """The store cannot be reached now; a publication may or may not have been kept."""


class Listener(Protocol):
    """What a broker calls on its node, from the event loop, never waiting for it."""

    def deliver(
        self, channel: str, epoch: str, offset: int, bodies: Sequence[bytes], sent_at: float
    ) -> None:
        """Take publications of a channel; `offset` is the first one's, 0 without history.

        `sent_at` is in seconds since 1970, by the sender's clock.
        """
        ...

    def announce(self, channel: str, body: bytes) -> None:
        """Take a notice to a channel's subscribers that is no publication (join, leave)."""
        ...

    def hear(self, message: bytes) -> None:
        """Take a control message of another node, or of this one."""
        ...

    def doubt(self) -> None:
        """Publications may have been missed: each channel's position has to be checked."""
        ...


class Broker(Protocol):
    """Streams, subscriptions of this node, presence, and control messages between nodes.

    Each method that waits raises BrokerUnavailable when the store cannot be reached.
    """

    async def start(self, listener: Listener) -> None:
        """Begin to listen for this node."""
        ...

    async def close(self) -> None:
        """Stop listening; nothing is delivered afterwards."""
        ...

    def publish(self, outgoing: Sequence[Outgoing]) -> "asyncio.Future[list[Position]]":
        """Append and publish several in one round trip, in order within a channel.

        They are on their way when this returns, in the order of the calls; the future gives the
        position after each; of one whose key was used before, the position from then.
        """
        ...

    async def history(
        self, channel: str, *, since: int | None = None, limit: int = -1, reverse: bool = False
    ) -> Page:
        """Read a stream: after offset `since` (in reverse: before it), at most `limit` (-1: all)."""
        ...

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        """Tell where streams stand, in one round trip; a stream that never was is begun."""
        ...

    async def remove_history(self, channel: str) -> None:
        """Forget a stream; its next position has another epoch."""
        ...

    async def subscribe(self, channel: str) -> None:
        """Hear this channel on this node; whatever is published after the return is delivered."""
        ...

    async def unsubscribe(self, channel: str) -> None:
        """No longer hear this channel on this node."""
        ...

    async def send_announcement(self, channel: str, body: bytes) -> None:
        """Send a notice to the channel's subscribers on all nodes."""
        ...

    async def send_control(self, message: bytes) -> None:
        """Send a message to all nodes, this one too."""
        ...

    async def keep_presence(self, channel: str, clients: Mapping[str, bytes], ttl_s: int) -> None:
        """Say that these clients are on the channel, for `ttl_s` from now."""
        ...

    async def drop_presence(self, channel: str, client: str) -> None:
        """Say that a client left the channel."""
        ...

    async def presence(self, channel: str) -> dict[str, bytes]:
        """Give what was said of each client that is on the channel."""
        ...
