"""Serves a channel's publications to its subscribers, in chunks that join what waits.

Each chunk of subscribers has its own cursor in the channel's log of frames. One turn of the event
loop serves some hundred sends; publications that arrive meanwhile lengthen the log, so that a
chunk whose turn comes later gets all of them in one send. Nobody waits for a timer.

A reader that is behind leaves its chunk and is served alone until it has caught up. On a channel
that carries state, what waits for it meanwhile is folded, and so is what a whole chunk waits for.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from realtime.folding import Waiting
from realtime.laggard import Entry, Frames, Laggard
from realtime.metrics import DELIVERIES, JOINED, LATENCY
from realtime.peers import Peer, Sends

# 128 sends take about 0.5 ms, which is how long a turn may keep others waiting. Between turns the
# loop hears what was published meanwhile, and the chunks that are left get it in the same send: of
# 1,000 subscribers and one publication in flight through Redis, turns of 256 join 1.13 publications
# a send, of 128 1.77, of 64 2.26; but with 32 in flight those of 64 cost a quarter of the speed.
CHUNK = 128


class Chunk:
    """Subscribers that have been sent the same part of the log, and take frames of one form."""

    __slots__ = ("_line", "cursor", "deflates", "log", "peers", "queued")

    def __init__(self, log: "Log", *, deflates: bool) -> None:
        self.log = log
        self.deflates = deflates
        self.cursor = log.end
        self.peers: dict[Peer, Sends] = {}
        self.queued = False
        # The sends of all peers, in their order: 1,000 subscribers are 1,000 cold objects, and each
        # more that is touched on the way to the kernel costs 3 %.
        self._line: list[Callable[[bytes], int]] = []

    def add(self, peer: Peer) -> None:
        """Send to this peer too."""
        self.peers[peer] = peer.transport
        self._line.clear()

    def remove(self, peer: Peer) -> None:
        """No longer send to this peer."""
        del self.peers[peer]
        self._line.clear()

    def serve(self) -> int:
        """Send what this chunk has not been sent yet; gives the number of sends."""
        log, start = self.log, self.cursor
        self.cursor = end = log.end
        count = len(self.peers)
        if start < end and count:
            self._send(log.joined(start, deflates=self.deflates))
            DELIVERIES.inc((end - start) * count)
            JOINED.inc((end - start - 1) * count)
        log.trim()
        return count

    def _send(self, frame: bytes) -> None:
        line = self._line
        if not line:
            line.extend([transport.send for transport in self.peers.values()])
        size, left = len(frame), []
        for i, send in enumerate(line):
            try:
                sent = send(frame)
            except BlockingIOError:
                sent = 0
            except OSError:
                # The stream is being read, and so finds out by itself.
                continue
            if sent != size:
                left.append((i, sent))
        if left:
            # They leave the chunk while they are told.
            transports = list(self.peers.values())
            for i, sent in left:
                transports[i].take_rest(frame, sent)


class Log:
    """The frames of one channel that are still to be sent to some chunk."""

    __slots__ = (
        "_base",
        "_chunks",
        "_entries",
        "_joined",
        "_laggards",
        "_of_peer",
        "_pump",
        "folds",
        "frames",
    )

    def __init__(self, pump: "Pump", frames: Frames, *, folds: bool) -> None:
        self.frames = frames
        self.folds = folds
        self._pump = pump
        self._base = 0
        self._entries: deque[Entry] = deque()
        self._chunks: list[Chunk] = []
        self._of_peer: dict[Peer, Chunk] = {}
        self._laggards: dict[Peer, Laggard] = {}
        # What chunks of the same cursor share, by form, with the part of the log that it is.
        self._joined: dict[bool, tuple[int, int, bytes]] = {}

    @property
    def end(self) -> int:
        """The index after the last frame."""
        return self._base + len(self._entries)

    def __len__(self) -> int:
        """Tell how many peers are subscribed."""
        return len(self._of_peer) + len(self._laggards)

    def append(self, frame: bytes, sent_at: float, waiting: Waiting) -> None:
        """Send a frame to each subscriber of now; `sent_at` in seconds since 1970."""
        entry = Entry(frame, sent_at, waiting)
        if self._of_peer:
            self._entries.append(entry)
            for chunk in self._chunks:
                if not chunk.queued:
                    self._pump.wake(chunk)
        # After the chunks: one that catches up here begins behind this entry.
        for laggard in list(self._laggards.values()):
            laggard.take(entry)
            DELIVERIES.inc()

    def add(self, peer: Peer) -> None:
        """Send to this peer too, from the next frame on."""
        transport = peer.transport
        if transport.behind:
            self._alone(peer)
            return
        for chunk in reversed(self._chunks[-2:]):
            if chunk.deflates == transport.deflates and self._has_room(chunk):
                break
        else:
            chunk = Chunk(self, deflates=transport.deflates)
            self._chunks.append(chunk)
        chunk.add(peer)
        self._of_peer[peer] = chunk

    def remove(self, peer: Peer) -> None:
        """No longer send to this peer."""
        self._laggards.pop(peer, None)
        chunk = self._of_peer.pop(peer, None)
        if chunk is not None:
            chunk.remove(peer)
            if not chunk.peers:
                self._chunks.remove(chunk)
                self.trim()

    def part(self, peer: Peer) -> None:
        """A peer has fallen behind: serve it alone."""
        chunk = self._of_peer.get(peer)
        if chunk is None:
            return
        missed = list(self._entries)[chunk.cursor - self._base :]
        self.remove(peer)
        laggard = self._alone(peer)
        for entry in missed:
            laggard.take(entry)

    def rejoin(self, peer: Peer) -> None:
        """A peer has caught up: send what waits for it, and serve it with the others."""
        laggard = self._laggards.get(peer)
        if laggard is None or peer.transport.behind:
            return
        laggard.flush()
        if not peer.transport.behind and peer in self._laggards:
            del self._laggards[peer]
            self.add(peer)

    def peers(self) -> list[Peer]:
        """Give all who are subscribed."""
        return [*self._of_peer, *self._laggards]

    def joined(self, start: int, *, deflates: bool) -> bytes:
        """Give all frames from `start` on as one; chunks of the same cursor share it."""
        held = self._joined.get(deflates)
        if held is not None and held[:2] == (start, self.end):
            return held[2]
        entries = list(self._entries)[start - self._base :]
        if len(entries) > 1 and self.folds:
            entries = self._folded(entries)
        frames = [entry.form(self.frames, deflates=deflates) for entry in entries]
        joined = frames[0] if len(frames) == 1 else b"".join(frames)
        self._joined[deflates] = (start, self.end, joined)
        return joined

    def trim(self) -> None:
        """Forget the frames that each chunk has been sent."""
        least = min((chunk.cursor for chunk in self._chunks), default=self.end)
        if least > self._base:
            now = time.time()
            while self._base < least:
                LATENCY.observe(max(0.0, now - self._entries.popleft().sent_at))
                self._base += 1
        if not self._entries:
            self._joined.clear()
            # Peers that came while frames waited began chunks of their own.
            if len(self._chunks) > 2 * (len(self._of_peer) // CHUNK + 2):
                self._regroup()

    def _folded(self, entries: Sequence[Entry]) -> list[Entry]:
        folded = self.frames.fold([entry.waiting for entry in entries])
        if len(folded) == len(entries):
            return list(entries)
        return [Entry(self.frames.frame(one, deflates=False), 0.0, one) for one in folded]

    def _alone(self, peer: Peer) -> Laggard:
        laggard = self._laggards[peer] = Laggard(peer, self.frames, folds=self.folds)
        return laggard

    def _has_room(self, chunk: Chunk) -> bool:
        return chunk.cursor == self.end and len(chunk.peers) < CHUNK

    def _regroup(self) -> None:
        peers = list(self._of_peer)
        self._chunks = []
        for peer in peers:
            self.add(peer)


class Pump:
    """Gives the chunks that have something to send their turns, fairly, some hundred sends each."""

    def __init__(self) -> None:
        self._queue: deque[Chunk] = deque()
        self._scheduled: asyncio.Handle | None = None

    def wake(self, chunk: Chunk) -> None:
        """Serve this chunk soon."""
        chunk.queued = True
        self._queue.append(chunk)
        if self._scheduled is None:
            self._scheduled = asyncio.get_running_loop().call_soon(self._turn)

    def drain(self) -> None:
        """Serve all that waits, now."""
        while self._queue:
            self._serve_next()

    def close(self) -> None:
        """Serve no more."""
        self._queue.clear()
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None

    def _turn(self) -> None:
        self._scheduled = None
        sends = 0
        while self._queue and sends < CHUNK:
            sends += self._serve_next()
        if self._queue and self._scheduled is None:
            self._scheduled = asyncio.get_running_loop().call_soon(self._breathe)

    def _breathe(self) -> None:
        """Let the loop look at its sockets once more before the next turn.

        A publication takes two looks on its way through the store, and a turn takes 50 of them:
        what comes in between joins what the next chunk is sent.
        """
        self._scheduled = asyncio.get_running_loop().call_soon(self._turn)

    def _serve_next(self) -> int:
        chunk = self._queue.popleft()
        chunk.queued = False
        return chunk.serve()
