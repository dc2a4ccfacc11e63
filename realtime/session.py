"""One connection's conversation, without its socket: who it is, what it hears, when it ends.

A session is given a transport to send by and is called with each message that arrives. Its deadlines
(sign in, ping, pong, expiry) are kept by the hub's wheel, so that an idle connection costs no task
and no timer of its own.
"""

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from realtime import codes, protocol
from realtime.broker import BrokerUnavailable, Position
from realtime.codes import DisconnectCode, ErrorCode, UnsubscribeCode
from realtime.namespaces import Actor, Namespace
from realtime.subscription import Subscription
from realtime.transport import Transport

if TYPE_CHECKING:
    import msgspec

    from realtime.hub import Hub

log = logging.getLogger(__name__)

# Publications of one client that may be under way at once.
MOST_PUBLISHING = 64
# Answers to one frame travel together, up to so many bytes.
MOST_REPLIES_BYTES = 64 * 1024
PING_FRAME = protocol.text_frame(protocol.PING)


class Session:
    """The server's side of one connection; hashable, so that channels can hold it as a peer."""

    __slots__ = (
        "_expires_at",
        "_heard",
        "_ping_at",
        "_pong_until",
        "_publishing",
        "_replies",
        "_replies_bytes",
        "_sign_in_until",
        "actor",
        "client",
        "closed",
        "hub",
        "info",
        "subscribing",
        "subscriptions",
        "transport",
    )

    def __init__(self, hub: "Hub", transport: Transport) -> None:
        now = hub.time()
        self.hub = hub
        self.transport = transport
        self.client = token_hex(16)
        self.actor: Actor | None = None
        self.info: Any = None
        self.subscriptions: dict[str, Subscription] = {}
        # Channels whose subscribe is under way.
        self.subscribing: set[str] = set()
        self.closed = False
        self._replies: list[bytes] = []
        self._replies_bytes = 0
        self._publishing = 0
        self._heard = True
        self._sign_in_until = now + hub.limits.unauthenticated_s
        # The first ping comes at a random part of the interval: sockets that came together after
        # a restart would otherwise be pinged together ever after.
        self._ping_at = now + hub.limits.ping_s * random.uniform(0.5, 1.0)  # noqa: S311
        self._pong_until = math.inf
        self._expires_at = math.inf

    def receive(self, message: str | bytes) -> Awaitable[None] | None:
        """Take a message from the client; gives what is still to be awaited, if anything."""
        self._heard = True
        if self.closed or message == "{}":
            return None
        try:
            commands = protocol.read_commands(message)
        except protocol.MalformedMessage:
            self.disconnect(codes.BAD_MESSAGE)
            return None
        if len(commands) == 1 and commands[0].publish is not None and self.actor is not None:
            return self._publish(commands[0].id, commands[0].publish)
        return self._run(commands)

    def heard(self, channel: str) -> Subscription:
        """Give the subscription to a channel; raises Refused when there is none."""
        subscription = self.subscriptions.get(channel)
        if subscription is None:
            raise codes.Refused(codes.PERMISSION_DENIED)
        return subscription

    def hears(self, channel: str) -> bool:
        """Tell whether a channel is heard, or about to be."""
        return channel in self.subscriptions or channel in self.subscribing

    def rules(self, channel: str) -> tuple[Namespace, bool]:
        """Give the rules of a channel, and whether it is heard; raises Refused for no channel."""
        subscription = self.subscriptions.get(channel)
        if subscription is not None:
            return subscription.namespace, True
        return self.hub.namespace_of(channel), False

    def send(self, request: protocol.PublishRequest) -> asyncio.Future[list[Position]]:
        """Publish for the client where the namespace lets it; raises Refused."""
        assert self.actor is not None
        namespace, subscribed = self.rules(request.channel)
        if not namespace.publish.covers(self.actor, subscribed=subscribed):
            raise codes.Refused(codes.PERMISSION_DENIED)
        data = bytes(request.data)
        if not data:
            raise codes.Refused(codes.BAD_REQUEST)
        info = self.subscriptions[request.channel].info if subscribed else self.client_info()
        body = protocol.publication_body(protocol.compact(data), info)
        return self.hub.send([(request.channel, body)])

    def reply(self, command_id: int, method: str, result: "msgspec.Struct") -> None:
        """Answer a command, together with the other answers to its frame."""
        self._answer(protocol.reply(command_id, method, result))

    def refuse(self, command_id: int, error: ErrorCode) -> None:
        """Answer a command with an error."""
        self._answer(protocol.error_reply(command_id, error.code, error.message, error.temporary))

    def flush(self) -> None:
        """Send the answers given so far."""
        if self._replies and not self.closed:
            payload = b"\n".join(self._replies)
            self._replies.clear()
            self._replies_bytes = 0
            self.transport.answer(protocol.text_frame(payload))

    def disconnect(self, disconnect: DisconnectCode) -> None:
        """End the connection with a code."""
        if not self.closed:
            self.flush()
            self.transport.close(disconnect.code, disconnect.reason)
            self.hub.note_close(disconnect)
            self.hub.forget(self)

    def welcome(self, actor: Actor, info: Any) -> None:
        """The connection has proved whom it acts for."""
        self.actor = actor
        self.info = info
        self._sign_in_until = math.inf
        self.prolong(actor)
        self.hub.greet(self)

    def prolong(self, actor: Actor) -> None:
        """The connection has brought a token that lasts until `actor.expires_at`."""
        self.actor = actor
        self._expires_at = self._deadline(actor.expires_at, self.hub.limits.expiry_grace_s)
        self.hub.plan(self)

    def subscription_deadline(self, expires_at: datetime | None) -> float:
        """Give the loop time at which a subscription that lasts until then is ended."""
        return self._deadline(expires_at, self.hub.limits.subscription_grace_s)

    def notify(self, kind: str, body: object, channel: str = "") -> None:
        """Send a push that is no publication."""
        self.transport.answer(protocol.text_frame(protocol.push(channel, kind, body)))

    def client_info(self, chan_info: Any = None) -> protocol.ClientInfo:
        """Give what others may see of this connection."""
        user = self.actor.user if self.actor else ""
        return protocol.ClientInfo(
            user=user, client=self.client, conn_info=self.info, chan_info=chan_info
        )

    def unsubscribe(self, channel: str, code: UnsubscribeCode) -> None:
        """End a subscription from the server's side, and tell the client why."""
        subscription = self.subscriptions.get(channel)
        if subscription is None:
            return
        if subscription.server_side and code is codes.UNSUBSCRIBED_INSUFFICIENT:
            # A client has no command to ask for this one again, but does so by connecting.
            self.disconnect(codes.INSUFFICIENT_STATE)
            return
        if subscription.server_side and code is codes.UNSUBSCRIBED_EXPIRED:
            self.disconnect(codes.SUBSCRIPTION_EXPIRED)
            return
        self.hub.leave(self, channel)
        self.notify("unsubscribe", {"code": code.code, "reason": code.reason}, channel)

    def visit(self, now: float) -> float:
        """Do what is due; gives the time of the next visit."""
        if self.closed:
            return math.inf
        if now >= self._sign_in_until:
            self.disconnect(codes.STALE)
        elif now >= self._pong_until and not self._heard:
            self.disconnect(codes.NO_PONG)
        elif now >= self._expires_at:
            self.disconnect(codes.CONNECTION_EXPIRED)
        if self.closed:
            return math.inf
        self._end_expired(now)
        self._ping(now)
        return self.next_visit()

    def next_visit(self) -> float:
        """Give the loop time of the nearest deadline."""
        ping_at = self._ping_at if self.actor else math.inf
        expiries = [one.expires_at for one in self.subscriptions.values()]
        return min(
            self._sign_in_until, self._pong_until, self._expires_at, ping_at, *expiries, math.inf
        )

    def _deadline(self, expires_at: datetime | None, grace_s: float) -> float:
        if expires_at is None:
            return math.inf
        return self.hub.time() + expires_at.timestamp() - time.time() + grace_s

    def _end_expired(self, now: float) -> None:
        expired = [name for name, one in self.subscriptions.items() if now >= one.expires_at]
        for name in expired:
            self.unsubscribe(name, codes.UNSUBSCRIBED_EXPIRED)

    def _ping(self, now: float) -> None:
        if now >= self._pong_until:
            self._pong_until = math.inf
        if now >= self._ping_at:
            self._heard = False
            self._pong_until = now + self.hub.limits.pong_s
            self._ping_at = now + self.hub.limits.ping_s
            self.transport.push(PING_FRAME)

    def _publish(self, command_id: int, request: protocol.PublishRequest) -> Awaitable[None] | None:
        """Publish without waiting for the store, as long as not too much is under way.

        The next message is read meanwhile, so that what a client publishes in a row travels
        together; waiting for each would cost a task and a round trip a publication.
        """
        if not command_id:
            self.disconnect(codes.BAD_MESSAGE)
            return None
        try:
            sent = self.send(request)
        except codes.Refused as refusal:
            self.refuse(command_id, refusal.error)
            self.flush()
            return None
        self._publishing += 1
        sent.add_done_callback(partial(self._published, command_id))
        return _settled(sent) if self._publishing > MOST_PUBLISHING else None

    def _published(self, command_id: int, sent: asyncio.Future[list[Position]]) -> None:
        self._publishing -= 1
        if sent.cancelled() or sent.exception() is not None:
            self.refuse(command_id, codes.INTERNAL)
        else:
            self.reply(command_id, "publish", protocol.EmptyResult())
        self.flush()

    def _answer(self, reply: bytes) -> None:
        self._replies.append(reply)
        self._replies_bytes += len(reply)
        if self._replies_bytes > MOST_REPLIES_BYTES:
            self.flush()

    async def _run(self, commands: list[protocol.Command]) -> None:
        for command in commands:
            if self.transport.overflowing():
                # Answers are exempt from the backlog limit, so nobody may ask for more unread: one
                # frame has room for a thousand commands, each answered with a channel's history.
                await self.transport.drained()
            if self.closed:
                return
            try:
                await self._handle(command)
            except codes.Disconnected as end:
                self.disconnect(end.disconnect)
            except protocol.MalformedMessage:
                self.disconnect(codes.BAD_MESSAGE)
            except Exception:
                log.exception("A realtime command failed")
                self.disconnect(codes.SERVER_ERROR)
        self.flush()

    async def _handle(self, command: protocol.Command) -> None:
        method, request = protocol.request_of(command)
        if not method:
            return
        if (self.actor is None) != (method == "connect") or not (command.id or method == "send"):
            raise codes.Disconnected(codes.BAD_MESSAGE)
        try:
            await self.hub.commands[method](self, command.id, request)
        except codes.Refused as refusal:
            self.refuse(command.id, refusal.error)
        except BrokerUnavailable as failure:
            log.warning("The broker cannot be reached", extra={"why": str(failure)})
            self.refuse(command.id, codes.INTERNAL)


async def _settled(sent: asyncio.Future[list[Position]]) -> None:
    await asyncio.wait([sent])
