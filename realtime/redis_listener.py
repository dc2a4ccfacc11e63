"""The hearing half of the Redis broker: pub/sub connections, kept alive and made again when lost.

One server, or a Cluster without sharded pub/sub, is heard over one connection; with sharded pub/sub
each master that has a wanted channel has one.
"""

import asyncio
import logging
import random
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from realtime.broker import BrokerUnavailable, Listener
from realtime.redis_link import RedisLink, ReplyError, connect_to_master
from realtime.redis_names import RedisNames
from realtime.redis_place import Address, RedisPlace
from realtime.redis_topology import Topology

log = logging.getLogger(__name__)

# A connection that says nothing for this long is asked; after as long again it is given up. With
# the position check this keeps an unnoticed loss under 30 s.
QUIET_S = 10.0
LONGEST_BACKOFF_S = 3.0
CONFIRM_S = 5.0


class RedisListener:
    """Subscriptions of one node, and what it hears handed to its `Listener`."""

    def __init__(
        self, place: RedisPlace, topology: Topology, names: RedisNames, timeout_s: float
    ) -> None:
        self._place = place
        self._topology = topology
        self._names = names
        self._timeout_s = timeout_s
        # Each name that is wanted, with the link that it was asked of.
        self._wanted: dict[str, RedisLink | None] = {}
        self._links: dict[Address, RedisLink] = {}
        self._confirming: dict[str, asyncio.Future[None]] = {}
        # Names that were heard and are not: what was sent to them meanwhile is lost.
        self._missed: set[str] = set()
        self._homeless = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listener: Listener | None = None

    async def start(self, listener: Listener) -> None:
        """Begin to listen; returns when Redis has confirmed the control channel."""
        self._listener = listener
        try:
            # The first connection fails at once, where later ones are tried again.
            self._wanted[self._names.control] = None
            confirmed = self._expect(self._names.control)
            await self._settle()
            self._task = asyncio.create_task(self._keep_settled())
            await self._confirmed(self._names.control, confirmed)
        except BrokerUnavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop listening."""
        self._listener = None
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for link in list(self._links.values()):
            link.drop()

    async def subscribe(self, channel: str) -> None:
        """Hear a channel; returns when Redis has confirmed."""
        name = self._names.channel(channel)
        self._wanted[name] = None
        confirmed = self._expect(name)
        self._homeless.set()
        await self._confirmed(name, confirmed)

    async def unsubscribe(self, channel: str) -> None:
        """No longer hear a channel."""
        name = self._names.channel(channel)
        self._missed.discard(name)
        link = self._wanted.pop(name, None)
        if link is not None and link.alive:
            link.write([(f"{self._kind}UNSUBSCRIBE", name)])

    @property
    def _kind(self) -> str:
        return "S" if self._topology.sharded else ""

    def _expect(self, name: str) -> asyncio.Future[None]:
        waiting = self._confirming.get(name)
        if waiting is None or waiting.done():
            waiting = self._confirming[name] = asyncio.get_running_loop().create_future()
        return waiting

    async def _confirmed(self, name: str, confirmed: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(CONFIRM_S):
                await asyncio.shield(confirmed)
        except TimeoutError as late:
            self._confirming.pop(name, None)
            raise BrokerUnavailable(f"no answer to SUBSCRIBE {name}") from late

    async def _keep_settled(self) -> None:
        """Find a home for each name that has none, as long as we listen."""
        backoff_s = 0.05
        while True:
            await self._homeless.wait()
            self._homeless.clear()
            try:
                await self._settle()
                backoff_s = 0.05
            except BrokerUnavailable as failure:
                log.warning("Redis pub/sub is away", extra={"failure": str(failure)})
                self._topology.forget()
                self._homeless.set()
                await asyncio.sleep(backoff_s * random.uniform(0.5, 1.0))  # noqa: S311
                backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)

    async def _settle(self) -> None:
        homes: dict[Address, list[str]] = {}
        for name in [name for name, link in self._wanted.items() if link is None]:
            # Without sharding each server carries all: one connection is enough.
            place = name if self._topology.sharded else self._names.control
            homes.setdefault(await self._topology.locate(place), []).append(name)
        for address, names in homes.items():
            link = self._links.get(address)
            if link is None or not link.alive:
                link = await self._connect(address)
            self._subscribe(link, names)

    async def _connect(self, address: Address) -> RedisLink:
        heard: list[RedisLink] = []
        link = await connect_to_master(
            self._place, address, self._timeout_s, hear=lambda told: self._take(heard[0], told)
        )
        heard.append(link)
        link.stay_awake(QUIET_S)
        link.lost.add_done_callback(partial(self._lost, address, link))
        self._links[address] = link
        return link

    def _subscribe(self, link: RedisLink, names: Iterable[str]) -> None:
        wanted = [name for name in names if name in self._wanted]
        for name in wanted:
            self._wanted[name] = link
        if self._topology.sharded:
            # A command may only name channels of one slot.
            link.write([("SSUBSCRIBE", name) for name in wanted])
            return
        for i in range(0, len(wanted), 500):
            link.write([("SUBSCRIBE", *wanted[i : i + 500])])

    def _lost(self, address: Address, link: RedisLink, _: object) -> None:
        if self._links.get(address) is link:
            del self._links[address]
        if self._listener is not None:
            log.warning("Redis pub/sub was lost", extra={"address": f"{address[0]}:{address[1]}"})
            self._unsettle([name for name, home in self._wanted.items() if home is link])

    def _unsettle(self, names: Iterable[str]) -> None:
        for name in names:
            self._wanted[name] = None
            self._missed.add(name)
        self._topology.forget()
        self._homeless.set()

    def _take(self, link: RedisLink, told: Any) -> None:
        if isinstance(told, ReplyError):
            # A slot has moved; which name it was about is not said.
            waiting = [name for name in self._confirming if self._wanted.get(name) is link]
            missed = [name for name in self._missed if self._wanted.get(name) is link]
            self._unsettle([*waiting, *missed])
            return
        kind = told[0]
        if kind in (b"message", b"smessage"):
            self._hear(told[1].decode(), told[2])
        elif kind in (b"subscribe", b"ssubscribe"):
            self._subscribed(told[1].decode())
        elif kind == b"sunsubscribe" and self._wanted.get(told[1].decode()) is link:
            self._unsettle([told[1].decode()])

    def _subscribed(self, name: str) -> None:
        waiting = self._confirming.pop(name, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if name in self._missed:
            self._missed.discard(name)
            if not self._missed and self._listener is not None:
                self._listener.doubt()

    def _hear(self, name: str, message: bytes) -> None:
        listener = self._listener
        if listener is None:
            return
        if name == self._names.control:
            listener.hear(message)
            return
        channel = self._names.channel_of(name)
        head, _, rest = message.partition(b"\n")
        if head == b"a":
            listener.announce(channel, rest)
            return
        _, epoch, first, sent_at, lengths = head.split(b":")
        bodies, start = [], 0
        for length in lengths.split(b","):
            end = start + int(length)
            bodies.append(rest[start:end])
            start = end
        listener.deliver(channel, epoch.decode(), int(first), bodies, float(sent_at))
