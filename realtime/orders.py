"""What one node asks of all nodes: end connections or subscriptions, begin or prolong them, look again."""

import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from realtime import codes, protocol
from realtime.broker import Broker, BrokerUnavailable
from realtime.codes import DisconnectCode
from realtime.fleet import Fleet, NodeState
from realtime.joining import Grant, Joining
from realtime.namespaces import Actor
from realtime.revocations import Revocations, Revoked
from realtime.rights import recheck
from realtime.roster import Roster
from realtime.session import Session
from realtime.tokens import Override, Seconds

log = logging.getLogger(__name__)


class Order(msgspec.Struct, omit_defaults=True):
    """An order to whichever nodes have the user's sessions, or the session with this client id."""

    do: Literal[
        "disconnect",
        "unsubscribe",
        "recheck",
        "subscribe",
        "refresh",
        "message",
        "revoke",
        "survey",
        "answer",
    ]
    user: str | None = None
    client: str | None = None
    channel: str = ""
    code: int = 0
    reason: str = ""
    # Clients that are spared.
    spare: list[str] = []
    info: Any = None
    data: Any = None
    # Seconds since 1970; 0 is never.
    expire_at: Seconds = 0
    expired: bool = False
    since: protocol.StreamPosition | None = None
    override: Override | None = None
    revoked: Revoked | None = None
    survey: str = ""
    pattern: str | None = None
    state: NodeState | None = None


_read = msgspec.json.Decoder(Order).decode


class Orders:
    """Sends orders, and carries them out on this node."""

    def __init__(
        self,
        broker: Broker,
        roster: Roster,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        revocations: Revocations,
        fleet: Fleet,
    ) -> None:
        self._broker = broker
        self._roster = roster
        self._spawn = spawn
        self._revocations = revocations
        self._fleet = fleet

    async def send(self, order: Order) -> None:
        """Tell all nodes, this one too; raises BrokerUnavailable."""
        await self._broker.send_control(msgspec.json.encode(order))

    async def survey(self, pattern: str | None = None) -> list[NodeState]:
        """Ask each node what it holds; with a pattern also which channels; raises BrokerUnavailable."""
        name = self._fleet.begin()
        await self.send(Order("survey", survey=name, pattern=pattern))
        return await self._fleet.answers(name)

    def hear(self, message: bytes) -> None:
        """Carry out an order on this node."""
        try:
            order = _read(message)
        except msgspec.MsgspecError:
            # A newer node may know more orders than this one.
            log.warning("Order was not understood", extra={"order": message[:200]})
            return
        if order.do == "revoke" and order.revoked is not None:
            self._revocations.note([order.revoked])
            self.end_revoked()
        elif order.do == "survey":
            self._spawn(self._answer(order))
        elif order.do == "answer" and order.state is not None:
            self._fleet.take(order.survey, order.state)
        else:
            self._carry_out(order)

    def end_revoked(self) -> None:
        """Close the connections whose tokens are good no longer."""
        for session in self._roster.all():
            if session.actor is not None and self._revocations.cover_actor(session.actor):
                session.disconnect(codes.INVALID_TOKEN)

    def _carry_out(self, order: Order) -> None:
        for session in self._roster.find(user=order.user, client=order.client):
            if session.client in order.spare:
                continue
            match order.do:
                case "disconnect":
                    session.disconnect(DisconnectCode(order.code, order.reason))
                case "unsubscribe":
                    names = [order.channel] if order.channel else list(session.subscriptions)
                    for name in names:
                        session.unsubscribe(name, codes.UNSUBSCRIBED_BY_SERVER)
                case "subscribe":
                    self._spawn(subscribe(session, order))
                case "refresh":
                    refresh(session, order)
                case "message":
                    session.notify("message", {"data": order.data})
                case "recheck":
                    self._spawn(recheck(session))

    async def _answer(self, order: Order) -> None:
        state = self._fleet.state(order.pattern)
        try:
            await self.send(Order("answer", survey=order.survey, state=state))
        except BrokerUnavailable as failure:
            log.warning("Survey was not answered", extra={"why": str(failure)})

    def recheck_all(self) -> None:
        """Look again at everybody's rights: an order of another node may have been lost."""
        for session in self._roster.all():
            if session.actor is not None:
                self._spawn(recheck(session))


async def subscribe(session: Session, order: Order) -> None:
    """Subscribe a session from the server's side, and push what it missed since a position."""
    name, since = order.channel, order.since
    if session.actor is None or session.hears(name):
        return
    request = protocol.SubscribeRequest(name)
    if since is not None:
        request.recover, request.offset, request.epoch = True, since.offset, since.epoch
    grant = Grant(order.info, order.data, order.override, _instant(order.expire_at))
    joining = Joining(session, name, request, server_side=True, grant=grant)
    session.subscribing.add(name)
    try:
        await joining.prepare()
        result = joining.result()
        session.notify("subscribe", protocol.subscribed(result, since), name)
        for publication in result.publications:
            session.notify("pub", publication, name)
        joining.join()
    except (codes.Refused, codes.Disconnected, BrokerUnavailable) as failure:
        log.warning("Subscription failed", extra={"channel": name, "why": str(failure)})
    finally:
        session.subscribing.discard(name)
        joining.end()


def refresh(session: Session, order: Order) -> None:
    """Prolong a connection, or end it as expired, from the server's side."""
    actor = session.actor
    if actor is None:
        return
    if order.expired:
        session.disconnect(codes.CONNECTION_EXPIRED)
        return
    if order.info is not None:
        session.info = order.info
    expires_at = _instant(order.expire_at)
    session.prolong(Actor(actor.user, actor.meta, expires_at, actor.token_id, actor.issued_at))
    session.notify("refresh", protocol.expiry(expires_at))


def _instant(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
