"""Subscribes a session to a channel without a gap: hear first, read the past meanwhile, then merge."""

import inspect
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from realtime import codes, protocol
from realtime.broker import Page, Position
from realtime.codes import Disconnected, Refused
from realtime.live import LiveChannel, Unrecoverable
from realtime.metrics import RECOVERIES
from realtime.namespaces import Actor, Namespace
from realtime.session import Session
from realtime.subscription import Subscription
from realtime.tokens import (
    Flag,
    Override,
    TokenExpired,
    TokenInvalid,
    TokenMisused,
    plain,
    read_subscription_token,
)

# A channel may be lost while it is joined, a store flushed twice in a row is not worth more.
ATTEMPTS = 3
REJECT_UNRECOVERED = 2


async def allow(actor: Actor, channel: str, namespace: Namespace) -> bool:
    """Tell whether the actor may subscribe to the channel, by its namespace."""
    answer = namespace.access(actor, channel)
    return bool(await answer) if inspect.isawaitable(answer) else bool(answer)


@dataclass(frozen=True, slots=True)
class Grant:
    """What goes with a subscription that a token or the server gives, beside the namespace's rules."""

    info: Any = None
    data: Any = None
    override: Override | None = None
    expires_at: datetime | None = None


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
        grant: Grant | None = None,
    ) -> None:
        self.name = name
        self._session = session
        self._request = request
        self._server_side = server_side
        self._grant = grant
        self._namespace: Namespace | None = None
        self._channel: LiveChannel | None = None
        self._page: Page | None = None
        self._offset = 0
        self._present = False
        self._joined = False
        self._info = session.client_info()
        self._checked: Actor | None = None

    async def prepare(self) -> None:
        """Check the right to subscribe, hear the channel, and read what was missed."""
        hub, request = self._session.hub, self._request
        asked = hub.namespace_of(self.name)
        if request.type:
            raise Refused(codes.NOT_AVAILABLE)
        if request.tf is not None:
            raise Refused(codes.BAD_REQUEST)
        await self._check(asked)
        self._namespace = namespace = self._effective(asked)
        for _ in range(ATTEMPTS):
            if await self._open_and_read(namespace):
                break
        else:
            raise Refused(codes.INTERNAL)
        if namespace.presence:
            self._present = True
            await hub.attendance.keep(self.name, self._info)
        while self._checked is not self._session.actor:
            # Rights have changed on the way: whoever looked at them did not see this subscription.
            await self._check(asked)
        if self._channel is None or self._channel.lost:
            raise Refused(codes.INTERNAL)
        if self._session.closed:
            raise Disconnected(codes.CONNECTION_CLOSED)

    def result(self) -> protocol.SubscribeResult:
        """Give the answer to the client; raises Refused if it wants to be recovered or nothing."""
        channel, namespace, request = self._channel, self._namespace, self._request
        assert channel is not None
        assert namespace is not None
        self._offset = channel.position.offset
        missed: list[bytes] = []
        recovered = False
        if request.recover and namespace.recoverable:
            missed, recovered = self._missed(channel, namespace)
            RECOVERIES.labels("whole" if recovered else "refused").inc()
            if not recovered and request.flag & REJECT_UNRECOVERED:
                raise Refused(codes.UNRECOVERABLE_POSITION)
        told = namespace.recoverable or namespace.positioned
        grant = self._grant or Grant()
        return protocol.SubscribeResult(
            recoverable=namespace.recoverable,
            positioned=told,
            epoch=channel.position.epoch if told else "",
            offset=self._offset if told else 0,
            publications=[msgspec.Raw(one) for one in missed],
            was_recovering=request.recover,
            recovered=recovered,
            data=grant.data,
            **protocol.expiry(grant.expires_at),
        )

    def join(self) -> None:
        """Hear the channel from where the result ended."""
        channel, session, namespace = self._channel, self._session, self._namespace
        assert channel is not None
        assert namespace is not None
        if session.closed or channel.lost:
            return
        subscription = Subscription(
            channel, namespace, self._info, server_side=self._server_side, granted=self._granted
        )
        if self._grant is not None and self._grant.expires_at is not None:
            subscription.expires_at = session.subscription_deadline(self._grant.expires_at)
        session.subscriptions[self.name] = subscription
        channel.add(session, self._offset)
        self._joined = True
        session.hub.note_join(session, subscription, watches=self._watches(namespace))

    def end(self) -> None:
        """Give back what was held."""
        if self._channel is not None:
            self._release(self._channel)
        if self._present and not self._joined:
            self._session.hub.attendance.drop(self.name, self._session.client)

    @property
    def _granted(self) -> bool:
        return self._server_side or self._grant is not None

    async def _check(self, namespace: Namespace) -> None:
        session = self._session
        assert session.actor is not None
        self._checked = session.actor
        if self._request.token and not self._server_side:
            self._grant = self._read_token()
        elif not self._granted and not await allow(self._checked, self.name, namespace):
            raise Refused(codes.PERMISSION_DENIED)
        if self._grant is not None:
            self._info = session.client_info(self._grant.info)

    def _read_token(self) -> Grant:
        session = self._session
        assert session.actor is not None
        try:
            claims = read_subscription_token(
                session.hub.subscription_keys,
                self._request.token,
                user=session.actor.user,
                channel=self.name,
                client=session.client,
            )
            if session.hub.revocations.cover(claims.sub, claims.jti, claims.iat):
                raise Refused(codes.PERMISSION_DENIED)
            return Grant(
                plain(claims.info, claims.b64info),
                plain(claims.data, claims.b64data),
                claims.override,
                claims.expires_at,
            )
        except TokenMisused as misused:
            raise Disconnected(codes.INVALID_TOKEN) from misused
        except TokenInvalid as forged:
            raise Refused(codes.PERMISSION_DENIED) from forged
        except TokenExpired as late:
            raise Refused(codes.TOKEN_EXPIRED) from late

    def _effective(self, namespace: Namespace) -> Namespace:
        """Give the rules of this subscription: the namespace's, as a token or the client has it."""
        actor, request = self._session.actor, self._request
        assert actor is not None
        override = self._grant.override if self._grant is not None else None
        if override is not None:
            namespace = overridden(namespace, override)
        if not namespace.history_size:
            return namespace
        shown = namespace.show_history.covers(actor, subscribed=True)
        if request.recoverable and not namespace.recoverable and (namespace.may_recover or shown):
            namespace = replace(namespace, recoverable=True)
        if request.positioned and not namespace.positioned and (namespace.may_position or shown):
            namespace = replace(namespace, positioned=True)
        return namespace

    def _watches(self, namespace: Namespace) -> bool:
        actor = self._session.actor
        assert actor is not None
        asked = self._request.join_leave and namespace.show_presence.covers(actor, subscribed=True)
        return namespace.push_join_leave or asked

    async def _open_and_read(self, namespace: Namespace) -> bool:
        """Hold the channel and read the past; False when the stream was lost on the way."""
        hub = self._session.hub
        channel = await hub.live.open(self.name, namespace)
        channel.begin_joining()
        self._channel = channel
        if self._request.recover and namespace.recoverable and namespace.recovery_mode == "cache":
            self._page = await hub.broker.history(self.name, limit=1, reverse=True)
        elif self._reads_past(channel, namespace):
            self._page = await channel.read_since(self._request.offset)
        page = self._page
        if page and page.position.epoch != channel.position.epoch and not channel.lost:
            hub.live.lose(channel)
        if not channel.lost:
            return True
        self._release(channel)
        return False

    def _reads_past(self, channel: LiveChannel, namespace: Namespace) -> bool:
        request, here = self._request, channel.position
        if not request.recover or not namespace.recoverable:
            return False
        # Another epoch is lost anyway; who is where this node is has missed nothing.
        if not self._same_epoch(channel) or request.offset == here.offset:
            return False
        return here.offset - request.offset <= self._session.hub.limits.recovery_publications

    def _same_epoch(self, channel: LiveChannel) -> bool:
        """Tell whether the client knows this stream; from its beginning no epoch need be known."""
        epoch, offset = self._request.epoch, self._request.offset
        return epoch == channel.position.epoch or (epoch == "" and offset == 0)

    def _missed(self, channel: LiveChannel, namespace: Namespace) -> tuple[list[bytes], bool]:
        """Give what the client missed, and whether that is all of it."""
        request = self._request
        same = self._same_epoch(channel)
        if namespace.recovery_mode == "cache":
            assert self._page is not None
            offset, newest = channel.newest(self._page)
            self._offset = max(offset, channel.position.offset)
            known = same and request.offset == self._offset
            if newest is None or known:
                return [], known
            return [newest], True
        if not same:
            return [], False
        page = self._page or Page(Position(channel.position.epoch, request.offset), [])
        try:
            missed = channel.missed(page, request.offset)
        except Unrecoverable:
            return [], False
        if len(missed) > self._session.hub.limits.recovery_publications:
            return [], False
        self._offset = request.offset + len(missed)
        return missed, True

    def _release(self, channel: LiveChannel) -> None:
        channel.end_joining()
        channel.holds -= 1
        self._channel = self._page = None


def overridden(namespace: Namespace, override: Override) -> Namespace:
    """Give a namespace as one subscription has it otherwise; what needs history stays off without."""

    def chosen(flag: Flag | None, default: bool) -> bool:
        return default if flag is None else flag.value

    kept = namespace.history_size > 0
    return replace(
        namespace,
        presence=chosen(override.presence, namespace.presence),
        join_leave=chosen(override.join_leave, namespace.join_leave),
        push_join_leave=chosen(override.force_push_join_leave, namespace.push_join_leave),
        recoverable=kept and chosen(override.force_recovery, namespace.recoverable),
        positioned=kept and chosen(override.force_positioning, namespace.positioned),
    )
