"""A channel as one node hears it: in order, each publication once, and no hole unnoticed.

The node's place in the stream (epoch and offset) moves with what it hears. A hole, or a place that
the store says is behind, is healed from history; when history does not reach back far enough, or
the epoch is another one, the subscribers are told that their state is insufficient.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from realtime.broker import Broker, BrokerUnavailable, Page, Position
from realtime.deflate import deflated_frame
from realtime.fanout import Log, Pump
from realtime.folding import Waiting, fold
from realtime.metrics import GAPS, PUBLICATIONS
from realtime.namespaces import Namespace
from realtime.peers import Peer
from realtime.protocol import publication, push_prefix, text_frame

log = logging.getLogger(__name__)


class Unrecoverable(Exception):
    """Some of the publications that were asked for are gone."""


class LiveChannel:
    """One channel on this node, from its first subscriber until a while after its last."""

    __slots__ = (
        "_ahead",
        "_broker",
        "_healing",
        "_joining",
        "_lose",
        "_prefix",
        "_reads",
        "_recent",
        "_seen",
        "_spawn",
        "holds",
        "idle_since",
        "log",
        "lost",
        "name",
        "namespace",
        "opening",
        "position",
        "watchers",
    )

    def __init__(
        self,
        name: str,
        namespace: Namespace,
        broker: Broker,
        pump: Pump,
        lose: Callable[["LiveChannel"], None],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.log = Log(pump, self, folds=namespace.merge is not None)
        # Peers that also hear who joins and leaves.
        self.watchers: dict[Peer, None] = {}
        self.position = Position("", 0)
        self.opening: asyncio.Task[None] | None = None
        self.lost = False
        # Subscribes that are under way; while there are any, the channel stays.
        self.holds = 0
        self.idle_since: float | None = None
        self._broker = broker
        self._lose = lose
        self._spawn = spawn
        self._prefix = push_prefix(name)
        self._seen = 0
        self._healing = False
        # Peers that already have publications which this node has yet to hear, with the last one.
        self._ahead: dict[Peer, int] = {}
        # What is heard while a subscriber reads history: offset and body.
        self._joining = 0
        self._recent: list[tuple[int, bytes]] = []
        self._reads: dict[int, asyncio.Future[Page]] = {}

    def __len__(self) -> int:
        """Tell how many peers are subscribed."""
        return len(self.log) + len(self._ahead)

    async def open(self) -> None:
        """Begin to hear the channel; raises BrokerUnavailable."""
        await self._broker.subscribe(self.name)
        if self.namespace.history_size:
            self.position = (await self._broker.positions([self.name]))[0]
            if self._seen > self.position.offset:
                await self.heal()

    async def heal(self) -> None:
        """Read what was missed and send it; without a whole history, give the channel up."""
        if self._healing:
            return
        self._healing = True
        try:
            while not self.lost:
                self._seen = 0
                page = await self._broker.history(self.name, since=self.position.offset)
                if not _continues(page, self.position):
                    GAPS.labels("lost").inc()
                    self._lose(self)
                    return
                if page.kept:
                    GAPS.labels("healed").inc()
                    bodies = [one.body for one in page.kept]
                    self._advance(page.kept[0].offset, bodies, time.time())
                if self._seen <= self.position.offset:
                    return
        except BrokerUnavailable as failure:
            # The next publication, or the next position check, tries again.
            log.warning("Channel stays behind", extra={"channel": self.name, "why": str(failure)})
        finally:
            self._healing = False

    def deliver(self, epoch: str, first: int, bodies: Sequence[bytes], sent_at: float) -> None:
        """Take publications from the broker and send those that are new to the subscribers."""
        PUBLICATIONS.inc(len(bodies))
        if not first:
            for body in bodies:
                self._send(body, 0, sent_at)
            return
        last = first + len(bodies) - 1
        if not self.position.epoch or self._healing:
            self._seen = max(self._seen, last)
        elif epoch != self.position.epoch:
            self._lose(self)
        elif first > self.position.offset + 1:
            self._seen = max(self._seen, last)
            self._spawn(self.heal())
        else:
            self._advance(first, bodies, sent_at)

    def announce(self, body: bytes) -> None:
        """Take a join or leave and send it to those who asked for them."""
        if self.watchers:
            frame = text_frame(self._prefix + body + b"}}")
            for peer in list(self.watchers):
                peer.transport.push(frame)

    def _advance(self, first: int, bodies: Sequence[bytes], sent_at: float) -> None:
        for offset, body in enumerate(bodies, first):
            if offset > self.position.offset:
                self._admit(before=offset)
                self._send(body, offset, sent_at)
                self.position = Position(self.position.epoch, offset)

    def _send(self, body: bytes, offset: int, sent_at: float) -> None:
        if self._joining:
            self._recent.append((offset, body))
        if len(self.log):
            waiting = (offset, body)
            self.log.append(self.frame(waiting), sent_at, waiting)

    def _admit(self, *, before: int) -> None:
        if self._ahead:
            due = [peer for peer, offset in self._ahead.items() if offset < before]
            for peer in due:
                del self._ahead[peer]
                self.log.add(peer)

    # What the log asks for

    def frame(self, waiting: Waiting, *, deflates: bool = False) -> bytes:
        """Give the frame of a publication."""
        offset, body = waiting
        push = b'%b"pub":%b}}' % (self._prefix, publication(body, offset))
        return deflated_frame(push) if deflates else text_frame(push)

    def fold(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Give fewer publications that say the same, if the namespace tells how to merge."""
        merge = self.namespace.merge
        return fold(waiting, merge) if merge is not None else list(waiting)

    # Who comes and goes

    def add(self, peer: Peer, offset: int) -> None:
        """Send to this peer what comes after `offset`."""
        if offset > self.position.offset:
            self._ahead[peer] = offset
        else:
            self.log.add(peer)

    def remove(self, peer: Peer) -> None:
        """No longer send to this peer."""
        self._ahead.pop(peer, None)
        self.watchers.pop(peer, None)
        self.log.remove(peer)

    def peers(self) -> list[Peer]:
        """Give all who hear the channel."""
        return [*self.log.peers(), *self._ahead]

    def begin_joining(self) -> None:
        """Remember what is heard from now on, for a subscriber that reads history meanwhile."""
        self._joining += 1

    def end_joining(self) -> None:
        """The subscriber has what it needs."""
        self._joining -= 1
        if not self._joining:
            self._recent.clear()

    async def read_since(self, offset: int) -> Page:
        """Read history after `offset`; who asks for the same while a read is under way shares it."""
        reading = self._reads.get(offset)
        if reading is None:
            reading = asyncio.ensure_future(self._broker.history(self.name, since=offset))
            self._reads[offset] = reading
            reading.add_done_callback(lambda _: self._reads.pop(offset, None))
            # Whoever asked may be gone when it fails.
            reading.add_done_callback(lambda read: read.cancelled() or read.exception())
        return await asyncio.shield(reading)

    def missed(self, page: Page, offset: int) -> list[bytes]:
        """Give exactly the publications after `offset` until now; raises Unrecoverable.

        `page` was read between begin_joining and now; what was heard meanwhile completes it.
        """
        kept = [(one.offset, one.body) for one in page.kept]
        kept += [one for one in self._recent if one[0] > page.position.offset]
        end = max(page.position.offset, self.position.offset)
        if offset > end or not _are([at for at, _ in kept], offset + 1, end):
            raise Unrecoverable(self.name)
        return [publication(body, at) for at, body in kept]

    def newest(self, page: Page) -> tuple[int, bytes | None]:
        """Give the stream's newest publication and its offset, from what `missed` is given.

        There is none when nothing was published yet, or the newest is no longer remembered.
        """
        kept = [(one.offset, one.body) for one in page.kept] + self._recent
        offset, body = max(kept, key=lambda one: one[0], default=(0, b""))
        end = max(page.position.offset, self.position.offset)
        return end, publication(body, offset) if offset == end and offset else None


def _continues(page: Page, position: Position) -> bool:
    offsets = [one.offset for one in page.kept]
    same = page.position.epoch == position.epoch
    return same and _are(offsets, position.offset + 1, page.position.offset)


def _are(offsets: Sequence[int], first: int, last: int) -> bool:
    return len(offsets) == last - first + 1 and all(
        at == expected for expected, at in enumerate(offsets, first)
    )
