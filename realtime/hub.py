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
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import repeat
from secrets import token_hex

from realtime import codes, protocol
from realtime.attendance import Attendance
from realtime.broker import Broker, BrokerUnavailable, Outgoing, Position
from realtime.codes import DisconnectCode
from realtime.commands import HANDLES
from realtime.door import Door
from realtime.fanout import Pump
from realtime.fleet import Fleet, NodeState
from realtime.limits import Limits
from realtime.live_channels import LiveChannels
from realtime.metrics import CLOSES, SUBSCRIPTIONS
from realtime.namespaces import Actor, ChannelBook, InvalidChannel, Namespace, UnknownChannel
from realtime.orders import Order, Orders
from realtime.revocations import Revocations, Revoked
from realtime.rights import Vouch, trust
from realtime.roster import Roster
from realtime.session import Session
from realtime.subscription import Subscription
from realtime.tokens import Keys
from realtime.transport import Transport
from realtime.upkeep import Tasks, Upkeep
from realtime.wheel import Visited, Wheel

log = logging.getLogger(__name__)

GOODBYE_PAUSE_S = 0.1

# What a client's remote call, or a message that wants no answer, is given to.
OnRpc = Callable[[Actor, str, bytes], Awaitable[object]]
OnMessage = Callable[[Actor, bytes], Awaitable[None]]


def no_personal_channel(actor: Actor) -> str:
    """Give no channel, for a hub without personal channels."""
    return ""


class Hub:
    """See the module's text; `limits` bounds what each connection may cost.

    Without `anonymous` each connection needs a token. Subscription tokens are verified by
    `subscription_keys` where these are others. A client's rpc and send are refused unless
    `on_rpc` (which may raise Refused) and `on_message` take them.
    """

    def __init__(
        self,
        book: ChannelBook,
        broker: Broker,
        *,
        token_key: str | Keys,
        subscription_keys: Keys | None = None,
        anonymous: bool = False,
        origins: Iterable[str] = (),
        personal_channel: Callable[[Actor], str] = no_personal_channel,
        vouch: Vouch = trust,
        limits: Limits | None = None,
        on_rpc: OnRpc | None = None,
        on_message: OnMessage | None = None,
    ) -> None:
        self.book = book
        self.broker = broker
        self.keys = Keys(hmac=token_key) if isinstance(token_key, str) else token_key
        self.subscription_keys = subscription_keys or self.keys
        self.anonymous = anonymous
        self.on_rpc = on_rpc
        self.on_message = on_message
        # Origins that a browser may come from, `*` for any part; without any, only the server's own.
        self.origins = tuple(origin.rstrip("/").lower() for origin in origins)
        self.personal_channel = personal_channel
        self.vouch = vouch
        self.limits = limits or Limits()
        self.door = Door(self.limits.handshakes_s, self.time)
        self.node = token_hex(4)
        self.commands = HANDLES
        self.closing = False
        self._roster = Roster()
        self._pump = Pump()
        self._tasks = Tasks()
        self.spawn = self._tasks.spawn
        self.live = LiveChannels(broker, self._pump, self.spawn)
        self._wheel = Wheel()
        self.revocations = Revocations(broker)
        self._fleet = Fleet(self.node, broker, self._roster, self.live, self.limits.survey_s)
        self._orders = Orders(broker, self._roster, self.spawn, self.revocations, self._fleet)
        ttl_s = self.limits.presence_ttl_s
        self.attendance = Attendance(broker, self._roster, self.spawn, ttl_s)
        self._upkeep = Upkeep(
            self.limits, self.live, self.attendance, self._fleet, self._orders, self.revocations
        )

    def time(self) -> float:
        """Give the clock of all deadlines, in seconds."""
        return asyncio.get_running_loop().time()

    async def start(self) -> None:
        """Begin to hear other nodes and to keep deadlines; raises BrokerUnavailable: try again."""
        await self.broker.start(self)
        try:
            await self._fleet.sign_on(self.limits.presence_ttl_s)
            await self.revocations.read()
        except BrokerUnavailable:
            await self.broker.close()
            raise
        self._wheel.start()
        self._upkeep.start()

    async def close(self, disconnect: DisconnectCode = codes.FORCE_RECONNECT) -> None:
        """Tell each client to go, wait a moment for them, and leave no task behind."""
        self.closing = True
        self._pump.drain()
        await self._say_goodbye(disconnect)
        await self._roster.wait_until_empty(self.limits.closing_s)
        self._pump.close()
        self._wheel.stop()
        await self._upkeep.stop()
        await self._tasks.finish(self.limits.closing_s)
        with suppress(BrokerUnavailable):
            await self._fleet.sign_off()
        await self.broker.close()

    # What the product calls

    async def publish(self, channel: str, data: object, *, key: str = "") -> Position:
        """Publish to a channel; `data` is anything that msgspec can write as JSON.

        Gives the position after it. Raises UnknownChannel, and BrokerUnavailable, after which it
        may or may not have been published; asked again with the same `key` within five minutes,
        it is published once, and gives the position from then.
        """
        return (await self.publish_many([(channel, data)], keys=[key]))[0]

    async def publish_many(
        self, publications: Sequence[tuple[str, object]], *, keys: Sequence[str] = ()
    ) -> list[Position]:
        """Publish several in one round trip, in order within a channel; raises as publish."""
        bodies = [
            (channel, protocol.publication_body(protocol.compact(protocol.encode_json(data))))
            for channel, data in publications
        ]
        return await self.send(bodies, keys=keys)

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
        await self.order(Order("disconnect", user, client, "", code.code, code.reason))

    async def unsubscribe(
        self, channel: str, *, user: str | None = None, client: str | None = None
    ) -> None:
        """End a user's or a connection's subscription to a channel, on whatever node."""
        await self.order(Order("unsubscribe", user, client, channel))

    async def recheck(self, *, user: str) -> None:
        """Ask again, on all nodes, whether the user's connections may be and hear what they do."""
        await self.order(Order("recheck", user))

    async def message(
        self, data: object, *, user: str | None = None, client: str | None = None
    ) -> None:
        """Send something to a user's connections, or to one, that belongs to no channel."""
        await self.order(Order("message", user, client, data=data))

    async def revoke(self, token_id: str) -> None:
        """Take a token back: its connection is closed on whatever node, and it opens none any more."""
        await self._revoke(Revoked(token_id=token_id))

    async def revoke_before(self, user: str, issued_before: int) -> None:
        """Take back a user's tokens that were issued before an instant, in seconds since 1970."""
        await self._revoke(Revoked(user=user, before=issued_before))

    async def survey(self, pattern: str | None = None) -> list[NodeState]:
        """Tell what each node holds; with a pattern, its channels that match too."""
        return await self._orders.survey(pattern)

    async def order(self, order: Order) -> None:
        """Tell all nodes, this one too, what to do; raises BrokerUnavailable."""
        await self._orders.send(order)

    async def _revoke(self, revoked: Revoked) -> None:
        await self.revocations.keep(revoked)
        await self.order(Order("revoke", revoked=revoked))

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
        self._upkeep.doubt()

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

    def namespace_of(self, channel: str) -> Namespace:
        """Give the rules of a channel; raises Refused when there is none, or can be none."""
        if not 0 < len(channel) <= self.limits.channel_length or not channel.isprintable():
            raise codes.Refused(codes.BAD_REQUEST)
        try:
            return self.book.namespace_of(channel)
        except UnknownChannel as unknown:
            raise codes.Refused(codes.UNKNOWN_CHANNEL) from unknown
        except InvalidChannel as invalid:
            raise codes.Refused(codes.BAD_REQUEST) from invalid

    def is_full(self) -> bool:
        """Tell whether this node takes no more connections."""
        most = self.limits.connections
        return most > 0 and len(self._roster.transports()) >= most

    def is_full_for(self, actor: Actor) -> bool:
        """Tell whether this user has as many connections to this node as one may have."""
        most = self.limits.user_connections
        if not most or not actor.user:
            return False
        return len(self._roster.find(user=actor.user, client=None)) >= most

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

    def fell_behind(self, session: Session) -> None:
        """A session's socket no longer takes all that it is sent."""
        for subscription in session.subscriptions.values():
            subscription.channel.log.part(session)

    def caught_up(self, session: Session) -> None:
        """A session's socket has taken all that waited."""
        for subscription in list(session.subscriptions.values()):
            subscription.channel.log.rejoin(session)

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
        if watches:
            channel.watchers[session] = None
        self.attendance.join(subscription)

    def leave(self, session: Session, name: str) -> None:
        """A session no longer hears a channel."""
        subscription = session.subscriptions.pop(name)
        subscription.channel.remove(session)
        SUBSCRIPTIONS.dec()
        self.attendance.leave(subscription)

    def send(
        self, publications: Sequence[tuple[str, bytes]], *, keys: Sequence[str] = ()
    ) -> asyncio.Future[list[Position]]:
        """Publish the insides of publications, each to its channel, in the order of the calls."""
        outgoing = []
        for (channel, body), key in zip(publications, keys or repeat(""), strict=bool(keys)):
            kept = self.book.namespace_of(channel)
            outgoing.append(Outgoing(channel, body, kept.history_size, kept.history_ttl_s, key))
        return self.broker.publish(outgoing)

    async def _say_goodbye(self, disconnect: DisconnectCode) -> None:
        """End all sessions, in any order and not all at once: they come back where others are."""
        sessions = self._roster.all()
        random.shuffle(sessions)
        at_once = max(1, round(self.limits.goodbyes_s * GOODBYE_PAUSE_S))
        for i in range(0, len(sessions), at_once):
            if i:
                await asyncio.sleep(GOODBYE_PAUSE_S)
            for session in sessions[i : i + at_once]:
                session.disconnect(disconnect)
