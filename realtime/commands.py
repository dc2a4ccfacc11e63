"""What each command of a client does: one function a method, given the session and the request."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from realtime import codes, protocol
from realtime.broker import Kept
from realtime.codes import Disconnected, Refused
from realtime.joining import Joining
from realtime.namespaces import Actor
from realtime.rights import confirm
from realtime.session import Session
from realtime.tokens import (
    ConnectionClaims,
    TokenExpired,
    TokenInvalid,
    read_connection_token,
    read_subscription_token,
)

Handle = Callable[[Session, int, Any], Awaitable[None]]


async def connect(session: Session, command_id: int, request: protocol.ConnectRequest) -> None:
    """Sign in, and begin the subscriptions that the server chooses."""
    hub = session.hub
    claims = _connection_claims(session, request.token)
    actor = Actor(claims.sub, claims.meta, claims.expires_at)
    # First on the roster, then confirmed: an order that comes meanwhile must find the session.
    session.welcome(actor, claims.info)
    session.actor = actor = await confirm(session, actor)
    personal = hub.personal_channel(actor)
    names = dict.fromkeys([*([personal] if personal else []), *claims.channels])
    joinings = []
    try:
        for name in names:
            asked = request.subs.get(name) or protocol.SubscribeRequest()
            joining = Joining(session, name, asked, server_side=True)
            joinings.append(joining)
            await joining.prepare()
        subs = {joining.name: joining.result() for joining in joinings}
        result = protocol.ConnectResult(
            client=session.client,
            subs=subs,
            ping=max(1, round(hub.limits.ping_s)),
            pong=True,
            session=session.client,
            node=hub.node,
            **protocol.expiry(claims.expires_at),
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
    if not name or len(name) > 255:
        raise Refused(codes.BAD_REQUEST)
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
    """Publish to a channel that the session hears, where the namespace lets subscribers publish."""
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
    users = {msgspec.json.decode(info, type=protocol.ClientInfo).user for info in present.values()}
    result = protocol.PresenceStatsResult(num_clients=len(present), num_users=len(users))
    session.reply(command_id, "presence_stats", result)


async def history(session: Session, command_id: int, request: protocol.HistoryRequest) -> None:
    """Give a part of what a channel remembers."""
    subscription = session.heard(request.channel)
    if not subscription.channel.namespace.history_size:
        raise Refused(codes.NOT_AVAILABLE)
    since = request.since
    page = await session.hub.broker.history(
        request.channel,
        since=since.offset if since else None,
        limit=request.limit if request.limit >= 0 else -1,
        reverse=request.reverse,
    )
    if since and since.epoch and since.epoch != page.position.epoch:
        raise Refused(codes.UNRECOVERABLE_POSITION)
    result = protocol.HistoryResult(
        publications=_raw(page.kept), epoch=page.position.epoch, offset=page.position.offset
    )
    session.reply(command_id, "history", result)


async def refresh(session: Session, command_id: int, request: protocol.RefreshRequest) -> None:
    """Take a new token of the same user before the old one ends."""
    assert session.actor is not None
    try:
        claims = read_connection_token(session.hub.token_key, request.token)
    except TokenInvalid as forged:
        raise Disconnected(codes.INVALID_TOKEN) from forged
    except TokenExpired as late:
        raise Refused(codes.TOKEN_EXPIRED) from late
    if claims.sub != session.actor.user:
        raise Disconnected(codes.INVALID_TOKEN)
    claimed = Actor(claims.sub, claims.meta, claims.expires_at)
    session.prolong(await confirm(session, claimed))
    result = protocol.RefreshResult(client=session.client, **protocol.expiry(claims.expires_at))
    session.reply(command_id, "refresh", result)


async def sub_refresh(
    session: Session, command_id: int, request: protocol.SubRefreshRequest
) -> None:
    """Take a new token for a subscription before the old one ends."""
    subscription = session.heard(request.channel)
    assert session.actor is not None
    try:
        claims = read_subscription_token(
            session.hub.token_key, request.token, user=session.actor.user, channel=request.channel
        )
    except TokenInvalid as forged:
        raise Disconnected(codes.INVALID_TOKEN) from forged
    except TokenExpired as late:
        raise Refused(codes.TOKEN_EXPIRED) from late
    subscription.expires_at = session.deadline(claims.expires_at)
    session.hub.plan(session)
    result = protocol.SubRefreshResult(**protocol.expiry(claims.expires_at))
    session.reply(command_id, "sub_refresh", result)


async def ping(session: Session, command_id: int, request: protocol.EmptyRequest) -> None:
    """Answer, to show that somebody is there."""
    session.reply(command_id, "ping", protocol.EmptyResult())


async def not_found(session: Session, command_id: int, request: protocol.EmptyRequest) -> None:
    """Refuse: a websocket listens and never commands. A message without an id gets no answer."""
    if command_id:
        raise Refused(codes.METHOD_NOT_FOUND)


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
    "send": not_found,
    "rpc": not_found,
}


def _connection_claims(session: Session, token: str) -> ConnectionClaims:
    try:
        return read_connection_token(session.hub.token_key, token)
    except TokenInvalid as forged:
        raise Disconnected(codes.INVALID_TOKEN) from forged
    except TokenExpired as late:
        raise Refused(codes.TOKEN_EXPIRED) from late


async def _present(session: Session, channel: str) -> dict[str, bytes]:
    if not session.heard(channel).channel.namespace.presence:
        raise Refused(codes.NOT_AVAILABLE)
    return await session.hub.broker.presence(channel)


def _raw(kept: Sequence[Kept]) -> list[msgspec.Raw]:
    return [msgspec.Raw(protocol.publication(one.body, one.offset)) for one in kept]
