"""Serves a channel's publications to its subscribers, in chunks that join what waits.

Each chunk of subscribers has its own cursor in the channel's log of frames. One turn of the event
loop serves a few hundred sends; publications that arrive meanwhile lengthen the log, so that a
chunk whose turn comes later gets all of them in one send. Nobody waits for a timer.
"""

import asyncio
import time
from collections import deque
from typing import Protocol

from realtime.codes import UnsubscribeCode
from realtime.metrics import DELIVERIES, JOINED, LATENCY

# 256 sends take about 1 ms, which is how long a turn may keep others waiting.
CHUNK = 256


class Sends(Protocol):
    """Where a subscriber's frames go."""

    def push(self, frame: bytes) -> None:
        """Send a frame (or several joined) now or soon, without waiting and without raising."""
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


class Chunk:
    """Subscribers that have been sent the same part of the log."""

    __slots__ = ("cursor", "log", "peers", "queued")

    def __init__(self, log: "Log") -> None:
        self.log = log
        self.cursor = log.end
        self.peers: dict[Peer, Sends] = {}
        self.queued = False

    def serve(self) -> int:
        """Send what this chunk has not been sent yet; gives the number of sends."""
        log, start = self.log, self.cursor
        self.cursor = end = log.end
        # A copy: whoever turns out to be too slow leaves while we are here.
        transports = list(self.peers.values())
        if start < end and transports:
            frame = log.joined(start)
            for transport in transports:
                transport.push(frame)
            DELIVERIES.inc((end - start) * len(transports))
            JOINED.inc((end - start - 1) * len(transports))
        log.trim()
        return len(transports)


class Log:
    """The frames of one channel that are still to be sent to some chunk."""

    __slots__ = ("_base", "_chunks", "_frames", "_joined", "_joined_from", "_of_peer", "_pump")

    def __init__(self, pump: "Pump") -> None:
        self._pump = pump
        self._base = 0
        self._frames: deque[tuple[bytes, float]] = deque()
        self._chunks: list[Chunk] = []
        self._of_peer: dict[Peer, Chunk] = {}
        self._joined = b""
        self._joined_from = (-1, -1)

    @property
    def end(self) -> int:
        """The index after the last frame."""
        return self._base + len(self._frames)

    def __len__(self) -> int:
        """Tell how many peers are subscribed."""
        return len(self._of_peer)

    def append(self, frame: bytes, sent_at: float) -> None:
        """Send a frame to each subscriber of now; `sent_at` in seconds since 1970."""
        if not self._of_peer:
            return
        self._frames.append((frame, sent_at))
        for chunk in self._chunks:
            if not chunk.queued:
                self._pump.wake(chunk)

    def add(self, peer: Peer) -> None:
        """Send to this peer too, from the next frame on."""
        last = self._chunks[-1] if self._chunks else None
        if last is None or last.cursor != self.end or len(last.peers) >= CHUNK:
            last = Chunk(self)
            self._chunks.append(last)
        last.peers[peer] = peer.transport
        self._of_peer[peer] = last

    def remove(self, peer: Peer) -> None:
        """No longer send to this peer."""
        chunk = self._of_peer.pop(peer, None)
        if chunk is not None:
            del chunk.peers[peer]
            if not chunk.peers:
                self._chunks.remove(chunk)
                self.trim()

    def peers(self) -> list[Peer]:
        """Give all who are subscribed."""
        return list(self._of_peer)

    def joined(self, start: int) -> bytes:
        """Give all frames from `start` on as one; chunks of the same cursor share it."""
        if self._joined_from != (start, self.end):
            skip = start - self._base
            frames = list(self._frames)[skip:]
            self._joined = frames[0][0] if len(frames) == 1 else b"".join([f for f, _ in frames])
            self._joined_from = (start, self.end)
        return self._joined

    def trim(self) -> None:
        """Forget the frames that each chunk has been sent."""
        least = min((chunk.cursor for chunk in self._chunks), default=self.end)
        if least > self._base:
            now = time.time()
            while self._base < least:
                _, sent_at = self._frames.popleft()
                self._base += 1
                LATENCY.observe(max(0.0, now - sent_at))
        if not self._frames:
            self._joined, self._joined_from = b"", (-1, -1)
            # Peers that came while frames waited began chunks of their own.
            if len(self._chunks) > 2 * (len(self._of_peer) // CHUNK + 1):
                self._regroup()

    def _regroup(self) -> None:
        peers = list(self._of_peer)
        self._chunks = []
        for peer in peers:
            self.add(peer)


class Pump:
    """Gives the chunks that have something to send their turns, fairly, a few hundred sends each."""

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
            self._scheduled = asyncio.get_running_loop().call_soon(self._turn)

    def _serve_next(self) -> int:
        chunk = self._queue.popleft()
        chunk.queued = False
        return chunk.serve()
