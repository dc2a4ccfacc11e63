"""What a session needs of its socket."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from realtime.session import Session


class Transport(Protocol):
    """A socket, or in tests something that only looks like one."""

    session: "Session"
    send: Callable[[bytes], int]
    behind: bool
    deflates: bool

    def take_rest(self, frame: bytes, sent: int) -> None:
        """Send soon what the kernel did not take of a frame."""
        ...

    def hold(self, size: int) -> bool:
        """Tell whether so much may wait elsewhere for this reader; it is closed if not."""
        ...

    def push(self, frame: bytes) -> None:
        """Send a frame that may be dropped together with the whole connection, if its reader is slow."""
        ...

    def answer(self, frame: bytes) -> None:
        """Send a frame that was asked for, whatever its size."""
        ...

    def overflowing(self) -> bool:
        """Tell whether more waits to be sent than a connection may leave unread."""
        ...

    async def drained(self) -> None:
        """Wait until all is sent, or the connection is over."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Begin to close."""
        ...

    def abort(self) -> None:
        """Drop the connection."""
        ...

    def visit(self, now: float) -> float:
        """Look how far the reader is behind; gives the loop time of the next look."""
        ...
