"""Who is on which channel: presence in the broker, and joins and leaves to those who want to hear them.

What is told of one client on one channel keeps its order: whoever left and came back is there.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from realtime import protocol
from realtime.broker import Broker, BrokerUnavailable
from realtime.roster import Roster
from realtime.session import Session
from realtime.subscription import Subscription

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Attendance:
    """Tells of this node's sessions; presence lasts `ttl_s` unless it is renewed."""

    def __init__(self, broker: Broker, roster: Roster, spawn: Spawn, ttl_s: int) -> None:
        self._broker = broker
        self._roster = roster
        self._spawn = spawn
        self._ttl_s = ttl_s
        # The last that is being told of a client (the second) on a channel.
        self._telling: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def keep(self, channel: str, info: protocol.ClientInfo) -> None:
        """A client is about to be on a channel; raises BrokerUnavailable."""
        await self.settled(channel, info.client)
        encoded = {info.client: protocol.encode_json(info)}
        await self._broker.keep_presence(channel, encoded, self._ttl_s)

    async def settled(self, channel: str, client: str) -> None:
        """Wait until all is told that there is to tell of a client on a channel."""
        while (telling := self._telling.get((channel, client))) is not None:
            await asyncio.wait([telling])

    def drop(self, channel: str, client: str) -> None:
        """A client is no longer on a channel."""
        self._tell(channel, client, lambda: self._broker.drop_presence(channel, client))

    def join(self, subscription: Subscription) -> None:
        """A session has begun to hear a channel."""
        if subscription.namespace.join_leave:
            self._announce("join", subscription)

    def leave(self, subscription: Subscription) -> None:
        """A session no longer hears a channel."""
        if subscription.namespace.presence:
            self.drop(subscription.channel.name, subscription.info.client)
        if subscription.namespace.join_leave:
            self._announce("leave", subscription)

    async def renew(self) -> None:
        """Say of all sessions again where they are; raises BrokerUnavailable."""
        present: dict[str, dict[str, bytes]] = {}
        for session in self._roster.all():
            for name, info in _shown(session):
                present.setdefault(name, {})[session.client] = protocol.encode_json(info)
        for name, clients in present.items():
            await self._broker.keep_presence(name, clients, self._ttl_s)

    def _announce(self, kind: str, subscription: Subscription) -> None:
        channel, info = subscription.channel.name, subscription.info
        body = b'"%b":{"info":%b}' % (kind.encode(), protocol.encode_json(info))
        self._tell(channel, info.client, lambda: self._broker.send_announcement(channel, body))

    def _tell(
        self, channel: str, client: str, tell: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        key = (channel, client)
        telling = self._spawn(_after(self._telling.get(key), tell))
        self._telling[key] = telling
        telling.add_done_callback(lambda done: self._told(key, done))

    def _told(self, key: tuple[str, str], telling: asyncio.Task[None]) -> None:
        if self._telling.get(key) is telling:
            del self._telling[key]


def _shown(session: Session) -> list[tuple[str, protocol.ClientInfo]]:
    return [
        (name, subscription.info)
        for name, subscription in session.subscriptions.items()
        if subscription.namespace.presence
    ]


async def _after(
    before: asyncio.Task[None] | None, tell: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    if before is not None:
        await asyncio.wait([before])
    # Presence and announcements are kept for a time only: a loss mends itself.
    with suppress(BrokerUnavailable):
        await tell()
