"""A broker in the memory of one process: for a single node, and for tests of several in one process."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex

from realtime.broker import NOWHERE, ONCE_S, Kept, Listener, Outgoing, Page, Position

# About 20 MB. Where more keys than this come in 5 minutes, the oldest are forgotten before.
MOST_KEYS = 100_000


class _Stream:
    __slots__ = ("bodies", "epoch", "expires_at", "offset")

    def __init__(self) -> None:
        self.epoch = token_hex(4)
        self.offset = 0
        self.bodies: deque[bytes] = deque()
        self.expires_at = 0.0


class MemoryStore:
    """What the memory brokers of one process share."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.streams: dict[str, _Stream] = {}
        self.brokers: list[MemoryBroker] = []
        self.present: dict[str, dict[str, tuple[bytes, float]]] = {}
        # By channel and key, in the order in which they end: where it was published, and until when
        # that is remembered.
        self.once: dict[tuple[str, str], tuple[Position, float]] = {}

    def flush(self) -> None:
        """Lose all contents, as a store that was restarted empty."""
        self.streams.clear()
        self.present.clear()
        self.once.clear()

    def stream(self, channel: str) -> _Stream:
        """Give a channel's stream, begun if need be, without what is older than its time."""
        found = self.streams.get(channel)
        if found is None:
            found = self.streams[channel] = _Stream()
        if found.bodies and found.expires_at <= self.clock():
            found.bodies.clear()
        return found


class MemoryBroker:
    """The `Broker` of one node over a MemoryStore; delivery happens inside of publish."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self._store = store or MemoryStore()
        self._listener: Listener | None = None
        self._channels: set[str] = set()

    async def start(self, listener: Listener) -> None:
        self._listener = listener
        self._store.brokers.append(self)

    async def close(self) -> None:
        self._listener = None
        if self in self._store.brokers:
            self._store.brokers.remove(self)

    def publish(self, outgoing: Sequence[Outgoing]) -> asyncio.Future[list[Position]]:
        done: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        done.set_result([self._publish_once(one) for one in outgoing])
        return done

    async def history(
        self, channel: str, *, since: int | None = None, limit: int = -1, reverse: bool = False
    ) -> Page:
        stream = self._store.stream(channel)
        first = stream.offset - len(stream.bodies) + 1
        kept = [Kept(first + i, body) for i, body in enumerate(stream.bodies)] if limit else []
        if reverse:
            kept = [one for one in reversed(kept) if since is None or one.offset < since]
        elif since is not None:
            kept = [one for one in kept if one.offset > since]
        return Page(Position(stream.epoch, stream.offset), kept if limit < 0 else kept[:limit])

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        streams = [self._store.stream(channel) for channel in channels]
        return [Position(stream.epoch, stream.offset) for stream in streams]

    async def remove_history(self, channel: str) -> None:
        self._store.streams.pop(channel, None)

    async def subscribe(self, channel: str) -> None:
        self._channels.add(channel)

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)

    async def send_announcement(self, channel: str, body: bytes) -> None:
        for listener in self._listeners(channel):
            listener.announce(channel, body)

    async def send_control(self, message: bytes) -> None:
        for broker in list(self._store.brokers):
            if broker._listener is not None:
                broker._listener.hear(message)

    async def keep_presence(self, channel: str, clients: Mapping[str, bytes], ttl_s: int) -> None:
        until = self._store.clock() + ttl_s
        present = self._store.present.setdefault(channel, {})
        present.update({client: (info, until) for client, info in clients.items()})

    async def drop_presence(self, channel: str, client: str) -> None:
        present = self._store.present.get(channel, {})
        present.pop(client, None)
        if not present:
            self._store.present.pop(channel, None)

    async def presence(self, channel: str) -> dict[str, bytes]:
        now = self._store.clock()
        present = self._store.present.get(channel, {})
        return {client: info for client, (info, until) in present.items() if until > now}

    def _publish_once(self, outgoing: Outgoing) -> Position:
        if not outgoing.key:
            return self._publish(outgoing)
        now, once, name = self._store.clock(), self._store.once, (outgoing.channel, outgoing.key)
        while once and (len(once) > MOST_KEYS or next(iter(once.values()))[1] <= now):
            del once[next(iter(once))]
        if name not in once:
            once[name] = (self._publish(outgoing), now + ONCE_S)
        return once[name][0]

    def _publish(self, outgoing: Outgoing) -> Position:
        position = NOWHERE
        if outgoing.history_size:
            stream = self._store.stream(outgoing.channel)
            stream.offset += 1
            stream.bodies.append(outgoing.body)
            stream.expires_at = self._store.clock() + outgoing.history_ttl_s
            while len(stream.bodies) > outgoing.history_size:
                stream.bodies.popleft()
            position = Position(stream.epoch, stream.offset)
        sent_at = time.time()
        for listener in self._listeners(outgoing.channel):
            listener.deliver(
                outgoing.channel, position.epoch, position.offset, [outgoing.body], sent_at
            )
        return position

    def _listeners(self, channel: str) -> list[Listener]:
        brokers = [broker for broker in self._store.brokers if channel in broker._channels]
        return [broker._listener for broker in brokers if broker._listener is not None]
