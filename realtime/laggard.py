"""A reader that is behind: what waits for it is folded where it can be, until it has caught up."""

from collections.abc import Sequence
from typing import Protocol

from realtime.folding import Waiting
from realtime.peers import Peer

# What waits is folded when it has grown to so many, or so many bytes.
FOLD_AT = 64
FOLD_BYTES = 64 * 1024


class Entry:
    """A publication in the log, with the frames that have been made of it."""

    __slots__ = ("deflated", "frame", "sent_at", "waiting")

    def __init__(self, frame: bytes, sent_at: float, waiting: Waiting) -> None:
        self.frame = frame
        self.deflated = b""
        self.sent_at = sent_at
        self.waiting = waiting

    def form(self, frames: "Frames", *, deflates: bool) -> bytes:
        """Give the frame in the form that a peer takes."""
        if not deflates:
            return self.frame
        if not self.deflated:
            self.deflated = frames.frame(self.waiting, deflates=True)
        return self.deflated


class Frames(Protocol):
    """Makes a channel's frames."""

    def frame(self, waiting: Waiting, *, deflates: bool) -> bytes:
        """Give the frame of a publication, compressed or not."""
        ...

    def fold(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Give fewer publications that say the same, on a channel that carries state."""
        ...


class Laggard:
    """A subscriber that is behind, and what waits for it beside what its transport holds."""

    __slots__ = ("folds", "frames", "held", "peer", "size")

    def __init__(self, peer: Peer, frames: Frames, *, folds: bool) -> None:
        self.peer = peer
        self.frames = frames
        self.folds = folds
        self.held: list[Waiting] = []
        self.size = 0

    def take(self, entry: Entry) -> None:
        """Let a publication wait, folded with others, or go to the transport where it cannot be."""
        transport = self.peer.transport
        if not self.folds:
            transport.push(entry.form(self.frames, deflates=transport.deflates))
            return
        self.held.append(entry.waiting)
        self.size += len(entry.waiting[1])
        if len(self.held) >= FOLD_AT or self.size > FOLD_BYTES:
            self._fold()
            transport.hold(self.size)

    def flush(self) -> None:
        """Send all that waits."""
        if self.held:
            self._fold()
            held, self.held, self.size = self.held, [], 0
            frames, transport = self.frames, self.peer.transport
            transport.push(
                b"".join([frames.frame(one, deflates=transport.deflates) for one in held])
            )

    def _fold(self) -> None:
        self.held = self.frames.fold(self.held)
        self.size = sum(len(body) for _, body in self.held)
