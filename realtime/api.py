"""The server API: what a backend may ask of the hub, from Python here and over HTTP in api_http.

The calls and their fields are those of Centrifugo's HTTP API, so that its libraries fit. Each raises
Refused with a numbered error, and BrokerUnavailable.
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence

import msgspec

from realtime import codes, protocol
from realtime.api_shapes import (
    Answer,
    Broadcast,
    Channels,
    Disconnect,
    Done,
    Info,
    Published,
    Subscribers,
)
from realtime.broker import BrokerUnavailable, Outgoing
from realtime.codes import Refused
from realtime.commands import read_history
from realtime.hub import Hub
from realtime.orders import Order
from realtime.protocol import StreamPosition
from realtime.tokens import Override

NOTHING = msgspec.Raw()
# Keys are remembered for minutes: they may not be larger than what they are the keys of.
LONGEST_KEY = 1024
# A close frame has room for this many bytes of reason.
LONGEST_REASON = 123


class Api:
    """The calls of the server API on one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def publish(
        self,
        *,
        channel: str,
        data: object = NOTHING,
        b64data: str = "",
        skip_history: bool = False,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Published:
        """Publish to a channel; the same idempotency key publishes once within five minutes."""
        body = protocol.publication_body(json_of(data, b64data), tags=tags)
        namespace = self._hub.namespace_of(channel)
        kept = (0, 0) if skip_history else (namespace.history_size, namespace.history_ttl_s)
        if len(idempotency_key) > LONGEST_KEY:
            raise Refused(codes.BAD_REQUEST)
        outgoing = Outgoing(channel, body, *kept, key=idempotency_key)
        [position] = await self._hub.broker.publish([outgoing])
        return Published(position.offset, position.epoch)

    async def broadcast(
        self,
        *,
        channels: Sequence[str],
        data: object = NOTHING,
        b64data: str = "",
        skip_history: bool = False,
        tags: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Broadcast:
        """Publish the same to several channels; each of them answers for itself."""
        if not channels:
            raise Refused(codes.BAD_REQUEST)

        async def one(channel: str) -> Answer:
            try:
                result = await self.publish(
                    channel=channel,
                    data=data,
                    b64data=b64data,
                    skip_history=skip_history,
                    tags=tags,
                    idempotency_key=idempotency_key,
                )
            except (Refused, BrokerUnavailable) as failure:
                return Answer(error=error_of(failure))
            return Answer(result=result)

        return Broadcast(list(await asyncio.gather(*map(one, channels))))

    async def presence(self, *, channel: str) -> protocol.PresenceResult:
        """Tell who is on a channel."""
        present = await self._present(channel)
        return protocol.PresenceResult({one: msgspec.Raw(info) for one, info in present.items()})

    async def presence_stats(self, *, channel: str) -> protocol.PresenceStatsResult:
        """Tell how many are on a channel."""
        return protocol.count_present(await self._present(channel))

    async def history(
        self,
        *,
        channel: str,
        limit: int = 0,
        since: StreamPosition | None = None,
        reverse: bool = False,
    ) -> protocol.HistoryResult:
        """Give a part of what a channel remembers; limit 0 gives only where it stands, -1 the most."""
        self._check_kept(channel)
        return await read_history(
            self._hub, protocol.HistoryRequest(channel, limit, since, reverse)
        )

    async def history_remove(self, *, channel: str) -> Done:
        """Forget what a channel remembers."""
        self._check_kept(channel)
        await self._hub.broker.remove_history(channel)
        return Done()

    async def disconnect(
        self,
        *,
        user: str = "",
        client: str = "",
        session: str = "",
        whitelist: Sequence[str] = (),
        disconnect: Disconnect | None = None,
    ) -> Done:
        """Close a user's connections, or one of them, but none of the whitelist."""
        code, reason = codes.FORCE_DISCONNECT.code, codes.FORCE_DISCONNECT.reason
        if disconnect is not None:
            code, reason = disconnect.code, disconnect.reason
        if not 3000 <= code <= 4999 or len(reason.encode()) > LONGEST_REASON:
            raise Refused(codes.BAD_REQUEST)
        order = Order("disconnect", code=code, reason=reason, spare=list(whitelist))
        return await self._order(order, user, client or session)

    async def subscribe(
        self,
        *,
        channel: str,
        user: str = "",
        client: str = "",
        session: str = "",
        info: object = None,
        b64info: str = "",
        data: object = None,
        b64data: str = "",
        expire_at: int = 0,
        recover_since: StreamPosition | None = None,
        override: Override | None = None,
    ) -> Done:
        """Subscribe a user's connections, or one of them, from the server's side."""
        self._hub.namespace_of(channel)
        order = Order(
            "subscribe",
            channel=channel,
            info=msgspec.Raw(json_of(info, b64info)),
            data=msgspec.Raw(json_of(data, b64data)),
            expire_at=expire_at,
            since=recover_since,
            override=override,
        )
        return await self._order(order, user, client or session)

    async def unsubscribe(
        self, *, channel: str = "", user: str = "", client: str = "", session: str = ""
    ) -> Done:
        """End subscriptions of a user's connections, or of one: to a channel, or to all."""
        if channel:
            self._hub.namespace_of(channel)
        return await self._order(Order("unsubscribe", channel=channel), user, client or session)

    async def refresh(
        self,
        *,
        user: str = "",
        client: str = "",
        session: str = "",
        expired: bool = False,
        expire_at: int = 0,
        info: object = None,
    ) -> Done:
        """Prolong a user's connections, or one of them, or end them as expired."""
        order = Order("refresh", expired=expired, expire_at=expire_at, info=info)
        return await self._order(order, user, client or session)

    async def channels(self, *, pattern: str = "*") -> Channels:
        """Tell which channels somebody hears, on all nodes; `*` in the pattern is any text."""
        counts: dict[str, int] = {}
        for node in await self._hub.survey(pattern or "*"):
            for name, count in node.channels.items():
                counts[name] = counts.get(name, 0) + count
        return Channels({name: Subscribers(count) for name, count in sorted(counts.items())})

    async def info(self) -> Info:
        """Tell what each node holds."""
        return Info(sorted(await self._hub.survey(), key=lambda node: node.uid))

    async def revoke_token(self, *, uid: str) -> Done:
        """Take a token back, by its `jti`: its connection is closed and it opens none any more."""
        if not uid:
            raise Refused(codes.BAD_REQUEST)
        await self._hub.revoke(uid)
        return Done()

    async def invalidate_user_tokens(self, *, user: str, issued_before: int) -> Done:
        """Take back a user's tokens that were issued before an instant, in seconds since 1970."""
        await self._hub.revoke_before(user, issued_before)
        return Done()

    async def _order(self, order: Order, user: str, client: str) -> Done:
        # Whoever names nobody has made a mistake; it must not reach each anonymous connection.
        if not user and not client:
            raise Refused(codes.BAD_REQUEST)
        order.user, order.client = user or None, client or None
        await self._hub.order(order)
        return Done()

    async def _present(self, channel: str) -> dict[str, bytes]:
        if not self._hub.namespace_of(channel).presence:
            raise Refused(codes.NOT_AVAILABLE)
        return await self._hub.broker.presence(channel)

    def _check_kept(self, channel: str) -> None:
        if not self._hub.namespace_of(channel).history_size:
            raise Refused(codes.NOT_AVAILABLE)


def json_of(value: object, encoded: str = "") -> bytes:
    """Give a value as JSON on one line, or what is encoded in base64; raises Refused."""
    if not encoded:
        data = protocol.encode_json(value)
    else:
        try:
            data = base64.b64decode(encoded, validate=True)
            msgspec.json.decode(data)
        except (binascii.Error, msgspec.DecodeError) as unreadable:
            raise Refused(codes.BAD_REQUEST) from unreadable
    if not data:
        raise Refused(codes.BAD_REQUEST)
    return protocol.compact(data)


def error_of(failure: Exception) -> dict[str, object]:
    """Give an error as the API writes it."""
    error = failure.error if isinstance(failure, Refused) else codes.INTERNAL
    return {"code": error.code, "message": error.message}
