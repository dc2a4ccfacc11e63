"""What each command of a client does: one function a method, given the session and the request."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from realtime import codes, protocol
from realtime.codes import Disconnected, Refused
from realtime.joining import Grant, Joining, allow
from realtime.namespaces import Actor
from realtime.rights import confirm
from realtime.session import Session
from realtime.tokens import (
    ConnectionClaims,
    TokenExpired,
    TokenInvalid,
    plain,
    read_connection_token,
    read_subscription_token,
)

if TYPE_CHECKING:
    from realtime.hub import Hub

Handle = Callable[[Session, int, Any], Awaitable[None]]


async def connect(session: Session, command_id: int, request: protocol.ConnectRequest) -> None:
    """Sign in, and begin the subscriptions that the server chooses."""
    hub = session.hub
    actor, info, grants = _who(session, request.token)
    if hub.is_full_for(actor):
        raise Disconnected(codes.CONNECTION_LIMIT)
    # First on the roster, then confirmed: an order that comes meanwhile must find the session.
    session.welcome(actor, info)
    session.actor = await confirm(session, actor)
    grants = await _server_side(session, grants, request.subs)
    joinings = []
    try:
        for name, grant in grants.items():
            asked = request.subs.get(name) or protocol.SubscribeRequest()
            joining = Joining(session, name, asked, server_side=True, grant=grant)
            joinings.append(joining)
            await joining.prepare()
        subs = {joining.name: joining.result() for joining in joinings}
        result = protocol.ConnectResult(
            client=session.client,
            version=protocol.VERSION,
            subs=subs,
            ping=max(1, round(hub.limits.ping_s)),
            pong=True,
            session=session.client,
            node=hub.node,
            **protocol.expiry(actor.expires_at),
        )
        session.reply(command_id, "connect", result)
        session.flush()
        for joining in joinings:
            joining.join()
    finally:
        for joining in joinings:
            joining.end()


async def subscribe(session: Session, command_id: int, request: protocol.SubscribeRequest) -> None:
    """Begin to hear a channel, with what was missed since a position."""
    name = request.channel
    if name in session.subscriptions or name in session.subscribing:
        raise Refused(codes.ALREADY_SUBSCRIBED)
    if len(session.subscriptions) + len(session.subscribing) >= session.hub.limits.channels:
        raise Refused(codes.LIMIT_EXCEEDED)
    joining = Joining(session, name, request, server_side=False)
    session.subscribing.add(name)
    try:
        await joining.prepare()
        session.reply(command_id, "subscribe", joining.result())
        # The answer has to be there before the first publication.
        session.flush()
        joining.join()
    finally:
        session.subscribing.discard(name)
        joining.end()


async def unsubscribe(session: Session, command_id: int, request: protocol.ChannelRequest) -> None:
    """Hear a channel no longer; one that is not heard is no error."""
    subscription = session.subscriptions.get(request.channel)
    if subscription is not None:
        session.hub.leave(session, request.channel)
    session.reply(command_id, "unsubscribe", protocol.EmptyResult())


async def publish(session: Session, command_id: int, request: protocol.PublishRequest) -> None:
    """Publish to a channel, where the namespace lets the client."""
    await session.send(request)
    session.reply(command_id, "publish", protocol.EmptyResult())


async def presence(session: Session, command_id: int, request: protocol.ChannelRequest) -> None:
    """Tell who is on a channel."""
    present = await _present(session, request.channel)
    clients = {client: msgspec.Raw(info) for client, info in present.items()}
    session.reply(command_id, "presence", protocol.PresenceResult(clients))


async def presence_stats(
    session: Session, command_id: int, request: protocol.ChannelRequest
) -> None:
    """Tell how many are on a channel."""
    present = await _present(session, request.channel)
    session.reply(command_id, "presence_stats", protocol.count_present(present))


async def history(session: Session, command_id: int, request: protocol.HistoryRequest) -> None:
    """Give a part of what a channel remembers."""
    assert session.actor is not None
    namespace, subscribed = session.rules(request.channel)
    if not namespace.history_size:
        raise Refused(codes.NOT_AVAILABLE)
    if not namespace.show_history.covers(session.actor, subscribed=subscribed):
        raise Refused(codes.PERMISSION_DENIED)
    session.reply(command_id, "history", await read_history(session.hub, request))


async def read_history(hub: "Hub", request: protocol.HistoryRequest) -> protocol.HistoryResult:
    """Read a part of what a channel remembers; raises Refused when `since` is in another epoch."""
    most, since = hub.limits.history_publications, request.since
    page = await hub.broker.history(
        request.channel,
        since=since.offset if since else None,
        limit=min(request.limit, most) if request.limit >= 0 else most,
        reverse=request.reverse,
    )
    if since and since.epoch and since.epoch != page.position.epoch:
        raise Refused(codes.UNRECOVERABLE_POSITION)
    publications = [msgspec.Raw(protocol.publication(one.body, one.offset)) for one in page.kept]
    return protocol.HistoryResult(
        publications=publications, epoch=page.position.epoch, offset=page.position.offset
    )


async def rpc(session: Session, command_id: int, request: protocol.RpcRequest) -> None:
    """Call the server, if the hub takes calls."""
    assert session.actor is not None
    if session.hub.on_rpc is None:
        raise Refused(codes.NOT_AVAILABLE)
    answer = await session.hub.on_rpc(session.actor, request.method, bytes(request.data))
    session.reply(command_id, "rpc", protocol.RpcResult(answer))


async def send(session: Session, command_id: int, request: protocol.SendRequest) -> None:
    """Tell the server something that gets no answer, if the hub takes messages."""
    assert session.actor is not None
    if session.hub.on_message is None:
        raise Disconnected(codes.UNAVAILABLE)
    await session.hub.on_message(session.actor, bytes(request.data))


async def refresh(session: Session, command_id: int, request: protocol.RefreshRequest) -> None:
    """Take a new token of the same user before the old one ends."""
    assert session.actor is not None
    claims = _connection_claims(session, request.token)
    if claims.sub != session.actor.user:
        raise Disconnected(codes.INVALID_TOKEN)
    session.prolong(await confirm(session, _actor(claims)))
    result = protocol.RefreshResult(
        client=session.client, version=protocol.VERSION, **protocol.expiry(claims.expires_at)
    )
    session.reply(command_id, "refresh", result)


async def sub_refresh(
    session: Session, command_id: int, request: protocol.SubRefreshRequest
) -> None:
    """Take a new token for a subscription before the old one ends."""
    subscription = session.heard(request.channel)
    assert session.actor is not None
    try:
        claims = read_subscription_token(
            session.hub.subscription_keys,
            request.token,
            user=session.actor.user,
            channel=request.channel,
            client=session.client,
        )
    except TokenInvalid as forged:
        raise Disconnected(codes.INVALID_TOKEN) from forged
    except TokenExpired as late:
        raise Refused(codes.TOKEN_EXPIRED) from late
    subscription.expires_at = session.subscription_deadline(claims.expires_at)
    session.hub.plan(session)
    result = protocol.SubRefreshResult(**protocol.expiry(claims.expires_at))
    session.reply(command_id, "sub_refresh", result)


async def ping(session: Session, command_id: int, request: protocol.EmptyRequest) -> None:
    """Answer, to show that somebody is there."""
    session.reply(command_id, "ping", protocol.EmptyResult())


HANDLES: dict[str, Handle] = {
    "connect": connect,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "publish": publish,
    "presence": presence,
    "presence_stats": presence_stats,
    "history": history,
    "refresh": refresh,
    "sub_refresh": sub_refresh,
    "ping": ping,
    "send": send,
    "rpc": rpc,
}


def _who(session: Session, token: str) -> tuple[Actor, Any, dict[str, Grant]]:
    """Tell whom a connection acts for, what others see of it, and what it is subscribed to."""
    hub = session.hub
    if not token:
        if not hub.anonymous:
            raise Disconnected(codes.INVALID_TOKEN)
        return Actor(""), None, {}
    claims = _connection_claims(session, token)
    try:
        grants = {
            name: Grant(plain(one.info, one.b64info), plain(one.data, one.b64data), one.override)
            for name, one in claims.subs.items()
        }
        info = plain(claims.info, claims.b64info)
    except TokenInvalid as forged:
        raise Disconnected(codes.INVALID_TOKEN) from forged
    return _actor(claims), info, grants | dict.fromkeys(claims.channels, Grant(info))


def _actor(claims: ConnectionClaims) -> Actor:
    return Actor(claims.sub, claims.meta, claims.expires_at, claims.jti, claims.iat)


def _connection_claims(session: Session, token: str) -> ConnectionClaims:
    try:
        claims = read_connection_token(session.hub.keys, token)
    except TokenInvalid as forged:
        raise Disconnected(codes.INVALID_TOKEN) from forged
    except TokenExpired as late:
        raise Refused(codes.TOKEN_EXPIRED) from late
    if session.hub.revocations.cover(claims.sub, claims.jti, claims.iat):
        raise Disconnected(codes.INVALID_TOKEN)
    return claims


async def _server_side(
    session: Session, grants: dict[str, Grant], asked: Mapping[str, protocol.SubscribeRequest]
) -> dict[str, Grant]:
    """Add the personal channel, and what the client asks for and has a right to."""
    hub, actor = session.hub, session.actor
    assert actor is not None
    chosen = dict(grants)
    personal = hub.personal_channel(actor)
    if personal:
        chosen.setdefault(personal, Grant())
    for name in asked:
        # What is gone or forbidden by now is left out: a client asks for what it had before.
        with suppress(Refused):
            if name not in chosen and await allow(actor, name, hub.namespace_of(name)):
                chosen[name] = Grant()
    if len(chosen) > hub.limits.channels:
        raise Disconnected(codes.CHANNEL_LIMIT)
    return chosen


async def _present(session: Session, channel: str) -> dict[str, bytes]:
    assert session.actor is not None
    namespace, subscribed = session.rules(channel)
    if not namespace.presence:
        raise Refused(codes.NOT_AVAILABLE)
    if not namespace.show_presence.covers(session.actor, subscribed=subscribed):
        raise Refused(codes.PERMISSION_DENIED)
    return await session.hub.broker.presence(channel)
