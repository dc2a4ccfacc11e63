"""The realtime part of one node: sockets above, the broker below, channels between.

    hub = Hub(book, broker, token_key=..., origins=[...], personal_channel=lambda actor: ...)
    await hub.start()
    application = Application([(r"/connection/websocket", SocketHandler, {"hub": hub})])
    await hub.publish("kind:1", {"a": 1})        # from anywhere in the process
    await hub.close()                            # tells clients to reconnect elsewhere

`book` decides which channels there are and who may hear them, `broker` carries publications between
nodes. A process without sockets publishes through a hub as well.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from realtime import codes, protocol
from realtime.broker import Broker, BrokerUnavailable, Outgoing, Position
from realtime.codes import DisconnectCode
from realtime.commands import HANDLES
from realtime.fanout import Pump
from realtime.limits import Limits
from realtime.live_channels import LiveChannels
from realtime.metrics import CLOSES, SUBSCRIPTIONS
from realtime.namespaces import Actor, ChannelBook
from realtime.orders import Order, Orders
from realtime.rights import Vouch, trust
from realtime.roster import Roster
from realtime.session import Session, Subscription
from realtime.transport import Transport
from realtime.wheel import Visited, Wheel

log = logging.getLogger(__name__)


def no_personal_channel(actor: Actor) -> str:
    """Give no channel, for a hub without personal channels."""
    return ""


class Hub:
    """See the module's text; `limits` bounds what each connection may cost."""

    def __init__(
        self,
        book: ChannelBook,
        broker: Broker,
        *,
        token_key: str,
        origins: Iterable[str] = (),
        personal_channel: Callable[[Actor], str] = no_personal_channel,
        vouch: Vouch = trust,
        limits: Limits | None = None,
    ) -> None:
        self.book = book
        self.broker = broker
        self.token_key = token_key
        # Origins that a browser may come from; without any, only the server's own.
        self.origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self.personal_channel = personal_channel
        self.vouch = vouch
        self.limits = limits or Limits()
        self.node = token_hex(4)
        self.commands = HANDLES
        self.closing = False
        self._roster = Roster()
        self._pump = Pump()
        self.live = LiveChannels(broker, self._pump, self.spawn)
        self._wheel = Wheel()
        self._orders = Orders(broker, self._roster, self.spawn)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._maintaining: asyncio.Task[None] | None = None
        self._doubted = asyncio.Event()

    def time(self) -> float:
        """Give the clock of all deadlines, in seconds."""
        return asyncio.get_running_loop().time()

    async def start(self) -> None:
        """Begin to hear other nodes and to keep deadlines; raises BrokerUnavailable."""
        await self.broker.start(self)
        self._wheel.start()
        self._maintaining = asyncio.create_task(self._maintain())

    async def close(self, disconnect: DisconnectCode = codes.FORCE_RECONNECT) -> None:
        """Tell each client to go, wait a moment for them, and leave no task behind."""
        self.closing = True
        self._pump.drain()
        for session in self._roster.all():
            session.disconnect(disconnect)
        await self._roster.wait_until_empty(self.limits.closing_s)
        self._pump.close()
        self._wheel.stop()
        await self._finish_tasks()
        await self.broker.close()

    # What the product calls

    async def publish(self, channel: str, data: object) -> Position:
        """Publish to a channel; `data` is anything that msgspec can write as JSON.

        Gives the position after it. Raises UnknownChannel, and BrokerUnavailable, after which it
        may or may not have been published.
        """
        return (await self.publish_many([(channel, data)]))[0]

    async def publish_many(self, publications: Sequence[tuple[str, object]]) -> list[Position]:
        """Publish several in one round trip, in order within a channel; raises as publish."""
        return await self.send(
            [
                (channel, protocol.publication_body(protocol.compact(protocol.encode_json(data))))
                for channel, data in publications
            ]
        )

    async def position(self, channel: str) -> Position:
        """Tell where a channel's stream stands: read it before the data of a snapshot."""
        return (await self.broker.positions([channel]))[0]

    async def disconnect(
        self,
        *,
        user: str | None = None,
        client: str | None = None,
        code: DisconnectCode = codes.FORCE_DISCONNECT,
    ) -> None:
        """Close the connections of a user, or one connection, on whatever node."""
        await self._orders.send(Order("disconnect", user, client, "", code.code, code.reason))

    async def unsubscribe(
        self, channel: str, *, user: str | None = None, client: str | None = None
    ) -> None:
        """End a user's or a connection's subscription to a channel, on whatever node."""
        await self._orders.send(Order("unsubscribe", user, client, channel))

    async def recheck(self, *, user: str) -> None:
        """Ask again, on all nodes, whether the user's connections may be and hear what they do."""
        await self._orders.send(Order("recheck", user))

    # What the broker calls

    def deliver(
        self, channel: str, epoch: str, offset: int, bodies: Sequence[bytes], sent_at: float
    ) -> None:
        """Take publications of a channel."""
        live = self.live.find(channel)
        if live is not None:
            live.deliver(epoch, offset, bodies, sent_at)

    def announce(self, channel: str, body: bytes) -> None:
        """Take a join or leave."""
        live = self.live.find(channel)
        if live is not None:
            live.announce(body)

    def hear(self, message: bytes) -> None:
        """Take an order of another node, or of this one."""
        self._orders.hear(message)

    def doubt(self) -> None:
        """Check all positions soon: publications may have been missed."""
        self._doubted.set()

    # What sessions call

    def admit(self, transport: Transport) -> Session:
        """Begin a session on a socket."""
        session = Session(self, transport)
        self._roster.add(session)
        self.plan(session)
        return session

    def gone(self, transport: Transport) -> None:
        """A socket is closed."""
        self._wheel.take(transport)
        self.forget(transport.session)
        self._roster.gone(transport)

    def call_at(self, visited: Visited, due: float) -> None:
        """Visit at the loop time `due`, instead of when it was to be."""
        self._wheel.put(visited, due)

    def greet(self, session: Session) -> None:
        """A session has signed in."""
        self._roster.name(session)

    def forget(self, session: Session) -> None:
        """A session has ended, by either side; safe to call again."""
        if session.closed:
            return
        session.closed = True
        self._wheel.take(session)
        self._roster.remove(session)
        for channel in list(session.subscriptions):
            self.leave(session, channel)

    def plan(self, session: Session) -> None:
        """A session's deadlines have changed."""
        if not session.closed:
            self._wheel.put(session, session.next_visit())

    def note_close(self, disconnect: DisconnectCode) -> None:
        """A connection is being ended by the server."""
        CLOSES.labels(str(disconnect.code)).inc()

    def note_join(self, session: Session, subscription: Subscription, *, watches: bool) -> None:
        """A session has begun to hear a channel."""
        SUBSCRIPTIONS.inc()
        channel = subscription.channel
        if subscription.expires_at < float("inf"):
            self.plan(session)
        if channel.namespace.join_leave:
            if watches:
                channel.watchers[session] = None
            self._announce(channel.name, "join", subscription)

    def leave(self, session: Session, name: str) -> None:
        """A session no longer hears a channel."""
        subscription = session.subscriptions.pop(name)
        channel = subscription.channel
        channel.remove(session)
        SUBSCRIPTIONS.dec()
        if channel.namespace.presence:
            self.drop_presence(name, session.client)
        if channel.namespace.join_leave:
            self._announce(name, "leave", subscription)

    def drop_presence(self, channel: str, client: str) -> None:
        """A client is no longer on a channel."""
        self.spawn(self._quietly(self.broker.drop_presence, channel, client))

    def send(self, publications: Sequence[tuple[str, bytes]]) -> asyncio.Future[list[Position]]:
        """Publish the insides of publications, each to its channel, in the order of the calls."""
        outgoing = []
        for channel, body in publications:
            kept = self.book.namespace_of(channel)
            outgoing.append(Outgoing(channel, body, kept.history_size, kept.history_ttl_s))
        return self.broker.publish(outgoing)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside, until it is done or the hub closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    # Upkeep

    async def _maintain(self) -> None:
        """Check positions, keep presence, and stop hearing channels that nobody wants."""
        wait_s = self.limits.position_check_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._doubted.wait()
                    self._orders.recheck_all()
            self._doubted.clear()
            wait_s = self.limits.position_check_s
            try:
                await self.live.check_positions()
                await self._keep_presence()
            except BrokerUnavailable as failure:
                log.warning("Positions could not be checked", extra={"why": str(failure)})
                wait_s = min(1.0, wait_s)
            self.live.drop_idle(self.limits.linger_s)

    async def _keep_presence(self) -> None:
        present: dict[str, dict[str, bytes]] = {}
        for session in self._roster.all():
            for name, subscription in session.subscriptions.items():
                if subscription.channel.namespace.presence:
                    info = protocol.encode_json(subscription.info)
                    present.setdefault(name, {})[session.client] = info
        for name, clients in present.items():
            await self.broker.keep_presence(name, clients, self.limits.presence_ttl_s)

    async def _quietly(self, tell: Callable[[str, Any], Awaitable[None]], *what: Any) -> None:
        # Presence and announcements are kept for a time only: a loss mends itself.
        with suppress(BrokerUnavailable):
            await tell(*what)

    def _announce(self, channel: str, kind: str, subscription: Subscription) -> None:
        body = b'"%b":{"info":%b}' % (kind.encode(), protocol.encode_json(subscription.info))
        self.spawn(self._quietly(self.broker.send_announcement, channel, body))

    async def _finish_tasks(self) -> None:
        """Let goodbyes reach the store, and end what still runs after a moment."""
        if self._maintaining is not None:
            self._maintaining.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.limits.closing_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(
            *filter(None, [self._maintaining, *self._tasks]), return_exceptions=True
        )

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("Realtime upkeep failed", exc_info=task.exception())
