"""Who a channel's publications are served to, as its log sees them."""

from collections.abc import Callable
from typing import Protocol

from realtime.codes import UnsubscribeCode


class Sends(Protocol):
    """Where a subscriber's frames go."""

    send: Callable[[bytes], int]
    """Give bytes to the kernel, as a non-blocking socket's `send`; only for one that is not behind."""
    behind: bool
    """Whether something waits that the kernel did not take; the hub is told when it changes."""
    deflates: bool
    """Whether frames are to be compressed."""

    def push(self, frame: bytes) -> None:
        """Send a frame (or several joined) now or soon, without waiting and without raising."""
        ...

    def take_rest(self, frame: bytes, sent: int) -> None:
        """Send soon what the kernel did not take of a frame."""
        ...

    def hold(self, size: int) -> bool:
        """Tell whether so much may wait elsewhere for this reader; it is closed if not."""
        ...


class Peer(Protocol):
    """A subscriber."""

    @property
    def transport(self) -> Sends:
        """Where the subscriber's frames go."""
        ...

    def unsubscribe(self, channel: str, code: UnsubscribeCode) -> None:
        """End the subscription, and tell the client why."""
        ...
