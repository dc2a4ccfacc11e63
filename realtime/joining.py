"""Subscribes a session to a channel without a gap: hear first, read the past meanwhile, then merge."""

import inspect
import math
from typing import Any

import msgspec

from realtime import codes, protocol
from realtime.broker import Page, Position
from realtime.codes import Disconnected, Refused
from realtime.live import LiveChannel, Unrecoverable
from realtime.metrics import RECOVERIES
from realtime.namespaces import Actor, Namespace, UnknownChannel
from realtime.session import Session, Subscription
from realtime.tokens import (
    TokenExpired,
    TokenInvalid,
    read_subscription_token,
)

# A channel may be lost while it is joined, a store flushed twice in a row is not worth more.
ATTEMPTS = 3
REJECT_UNRECOVERED = 2


async def allow(actor: Actor, channel: str, namespace: Namespace) -> bool:
    """Tell whether the actor may subscribe to the channel, by its namespace."""
    answer = namespace.access(actor, channel)
    return bool(await answer) if inspect.isawaitable(answer) else bool(answer)


class Joining:
    """One subscribe: `prepare` waits for what it needs, `result` and `join` do the rest at once.

    Between `result` and `join` nothing may be awaited, or publications would be missed; `end` has
    to be called whatever happened.
    """

    def __init__(
        self,
        session: Session,
        name: str,
        request: protocol.SubscribeRequest,
        *,
        server_side: bool,
    ) -> None:
        self.name = name
        self._session = session
        self._request = request
        self._server_side = server_side
        self._channel: LiveChannel | None = None
        self._page: Page | None = None
        self._offset = 0
        self._present = False
        self._joined = False
        self._info = session.client_info()
        self._checked: Actor | None = None
        self._expires_at = math.inf
        self._expiry: dict[str, Any] = {}

    async def prepare(self) -> None:
        """Check the right to subscribe, hear the channel, and read what was missed."""
        hub = self._session.hub
        try:
            namespace = hub.book.namespace_of(self.name)
        except UnknownChannel as unknown:
            raise Refused(codes.UNKNOWN_CHANNEL) from unknown
        await self._check(namespace)
        for _ in range(ATTEMPTS):
            if await self._open_and_read(namespace):
                break
        else:
            raise Refused(codes.INTERNAL)
        if namespace.presence:
            self._present = True
            encoded = {self._session.client: protocol.encode_json(self._info)}
            await hub.broker.keep_presence(self.name, encoded, hub.limits.presence_ttl_s)
        while self._checked is not self._session.actor:
            # Rights have changed on the way: whoever looked at them did not see this subscription.
            await self._check(namespace)
        if self._session.closed:
            raise Disconnected(codes.CONNECTION_CLOSED)

    def result(self) -> protocol.SubscribeResult:
        """Give the answer to the client; raises Refused if it wants to be recovered or nothing."""
        channel = self._channel
        assert channel is not None
        namespace, request = channel.namespace, self._request
        recovering = request.recover and namespace.recoverable
        missed, recovered = self._missed(channel) if recovering else ([], False)
        if recovering:
            RECOVERIES.labels("whole" if recovered else "refused").inc()
            if not recovered and request.flag & REJECT_UNRECOVERED:
                raise Refused(codes.UNRECOVERABLE_POSITION)
        self._offset = request.offset + len(missed) if recovered else channel.position.offset
        return protocol.SubscribeResult(
            recoverable=namespace.recoverable,
            positioned=namespace.recoverable,
            epoch=channel.position.epoch,
            offset=self._offset,
            publications=[msgspec.Raw(one) for one in missed],
            was_recovering=request.recover,
            recovered=recovered,
            **self._expiry,
        )

    def join(self) -> None:
        """Hear the channel from where the result ended."""
        channel, session = self._channel, self._session
        assert channel is not None
        if session.closed or channel.lost:
            return
        subscription = Subscription(channel, self._info, server_side=self._server_side)
        subscription.expires_at = self._expires_at
        session.subscriptions[self.name] = subscription
        channel.add(session, self._offset)
        self._joined = True
        session.hub.note_join(session, subscription, watches=self._request.join_leave)

    def end(self) -> None:
        """Give back what was held."""
        if self._channel is not None:
            self._release(self._channel)
        if self._present and not self._joined:
            self._session.hub.drop_presence(self.name, self._session.client)

    async def _check(self, namespace: Namespace) -> None:
        session = self._session
        assert session.actor is not None
        self._checked = session.actor
        if self._server_side:
            return
        if not self._request.token:
            if not await allow(self._checked, self.name, namespace):
                raise Refused(codes.PERMISSION_DENIED)
            return
        try:
            claims = read_subscription_token(
                session.hub.token_key,
                self._request.token,
                user=session.actor.user,
                channel=self.name,
            )
        except TokenInvalid as forged:
            raise Disconnected(codes.INVALID_TOKEN) from forged
        except TokenExpired as late:
            raise Refused(codes.TOKEN_EXPIRED) from late
        self._info = session.client_info(claims.info)
        self._expires_at = session.deadline(claims.expires_at)
        self._expiry = protocol.expiry(claims.expires_at)

    async def _open_and_read(self, namespace: Namespace) -> bool:
        """Hold the channel and read the past; False when the stream was lost on the way."""
        hub = self._session.hub
        channel = await hub.live.open(self.name, namespace)
        channel.begin_joining()
        self._channel = channel
        if self._reads_past(channel):
            self._page = await channel.read_since(self._request.offset)
            if self._page.position.epoch != channel.position.epoch and not channel.lost:
                hub.live.lose(channel)
        if not channel.lost:
            return True
        self._release(channel)
        return False

    def _reads_past(self, channel: LiveChannel) -> bool:
        request, here = self._request, channel.position
        if not request.recover or not channel.namespace.recoverable:
            return False
        # Another epoch is lost anyway; who is where this node is has missed nothing.
        if request.epoch != here.epoch or request.offset == here.offset:
            return False
        return here.offset - request.offset <= self._session.hub.limits.recovery_publications

    def _missed(self, channel: LiveChannel) -> tuple[list[bytes], bool]:
        request = self._request
        if request.epoch != channel.position.epoch:
            return [], False
        page = self._page or Page(Position(request.epoch, request.offset), [])
        try:
            missed = channel.missed(page, request.offset)
        except Unrecoverable:
            return [], False
        if len(missed) > self._session.hub.limits.recovery_publications:
            return [], False
        return missed, True

    def _release(self, channel: LiveChannel) -> None:
        channel.end_joining()
        channel.holds -= 1
        self._channel = None
