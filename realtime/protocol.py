"""The JSON of the Centrifuge client protocol: commands in, replies and pushes out.

A client's frame holds one command, or several joined by newlines; an empty object is a pong. What
we send is built as bytes: payloads of publications are opaque JSON that is never parsed again.
"""

import struct
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

# Offsets are unsigned 64-bit in the protocol.
Offset = Annotated[int, msgspec.Meta(ge=0)]


class StreamPosition(msgspec.Struct, omit_defaults=True):
    offset: Offset = 0
    epoch: str = ""


class SubscribeRequest(msgspec.Struct):
    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: Offset = 0
    data: msgspec.Raw = msgspec.Raw()
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    # A publication as the difference to the one before is not made: who asks is not promised it.
    delta: str = ""
    # A filter by tags, and kinds of subscription other than a stream (0), are refused.
    tf: dict[str, Any] | None = None
    type: int = 0
    flag: int = 0


class ConnectRequest(msgspec.Struct):
    token: str = ""
    data: msgspec.Raw = msgspec.Raw()
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""
    headers: dict[str, str] = {}
    flag: int = 0


class ChannelRequest(msgspec.Struct):
    channel: str = ""


class PublishRequest(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw()


class HistoryRequest(msgspec.Struct):
    channel: str = ""
    limit: int = 0
    since: StreamPosition | None = None
    reverse: bool = False


class RpcRequest(msgspec.Struct):
    method: str = ""
    data: msgspec.Raw = msgspec.Raw()


class SendRequest(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()


class RefreshRequest(msgspec.Struct):
    token: str = ""


class SubRefreshRequest(msgspec.Struct):
    channel: str = ""
    token: str = ""


class EmptyRequest(msgspec.Struct):
    """A request whose contents we do not look at."""


class Command(msgspec.Struct):
    """One command: an id and exactly one request."""

    id: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)] = 0
    publish: PublishRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: ChannelRequest | None = None
    connect: ConnectRequest | None = None
    presence: ChannelRequest | None = None
    presence_stats: ChannelRequest | None = None
    history: HistoryRequest | None = None
    ping: EmptyRequest | None = None
    send: SendRequest | None = None
    rpc: RpcRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None


class ClientInfo(msgspec.Struct, omit_defaults=True):
    """Who is behind a subscription or a publication, as others may see it."""

    user: str = ""
    client: str = ""
    conn_info: Any = None
    chan_info: Any = None


class SubscribeResult(msgspec.Struct, omit_defaults=True):
    expires: bool = False
    ttl: int = 0
    recoverable: bool = False
    epoch: str = ""
    publications: list[msgspec.Raw] = []
    recovered: bool = False
    offset: int = 0
    positioned: bool = False
    data: Any = None
    was_recovering: bool = False


class ConnectResult(msgspec.Struct, omit_defaults=True):
    client: str
    version: str = ""
    expires: bool = False
    ttl: int = 0
    subs: dict[str, SubscribeResult] = {}
    ping: int = 0
    pong: bool = False
    session: str = ""
    node: str = ""


class RefreshResult(msgspec.Struct, omit_defaults=True):
    client: str
    version: str = ""
    expires: bool = False
    ttl: int = 0


class SubRefreshResult(msgspec.Struct, omit_defaults=True):
    expires: bool = False
    ttl: int = 0


class HistoryResult(msgspec.Struct):
    publications: list[msgspec.Raw] = []
    epoch: str = ""
    offset: int = 0


class RpcResult(msgspec.Struct):
    data: Any


class PresenceResult(msgspec.Struct):
    presence: dict[str, msgspec.Raw]


class PresenceStatsResult(msgspec.Struct):
    num_clients: int = 0
    num_users: int = 0


class EmptyResult(msgspec.Struct):
    """A result that says no more than that it was done."""


class MalformedMessage(ValueError):
    """The frame is no batch of commands."""


METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")
PING = b"{}"
# What a client is told of the server that it speaks to.
VERSION = "0.1.0 smartcloud"

_commands = msgspec.json.Decoder(Command)
_read_info = msgspec.json.Decoder(ClientInfo).decode
_encode = msgspec.json.Encoder().encode


def read_commands(message: str | bytes) -> list[Command]:
    """Give the commands of one frame, in order; raises MalformedMessage."""
    try:
        if isinstance(message, bytes):
            # What is passed on as it is has to be text: one publication that is none would end the
            # connection of each of its readers, as often as they came back for it.
            message = message.decode()
        commands = _commands.decode_lines(message)
    except (msgspec.MsgspecError, ValueError, RecursionError) as malformed:
        raise MalformedMessage(str(malformed)) from malformed
    if not commands:
        raise MalformedMessage("a frame holds at least one command")
    return commands


def request_of(command: Command) -> tuple[str, Any]:
    """Give the method and request of a command ("" and None for a pong); raises MalformedMessage."""
    asked = [name for name in METHODS if getattr(command, name) is not None]
    if len(asked) == 1:
        return asked[0], getattr(command, asked[0])
    if asked or command.id:
        raise MalformedMessage("a command has one request")
    return "", None


def reply(command_id: int, method: str, result: msgspec.Struct) -> bytes:
    """Give the reply to a command."""
    return b'{"id":%d,"%b":%b}' % (command_id, method.encode(), _encode(result))


def error_reply(command_id: int, code: int, message: str, temporary: bool) -> bytes:
    """Give the reply to a command that was refused."""
    error: dict[str, object] = {"code": code, "message": message}
    if temporary:
        error["temporary"] = True
    return b'{"id":%d,"error":%b}' % (command_id, _encode(error))


def publication_body(
    data: bytes, info: ClientInfo | None = None, tags: Mapping[str, str] | None = None
) -> bytes:
    """Give the inside of a publication's JSON object, without its offset; `data` is on one line."""
    body = b'"data":' + data
    if info is not None:
        body += b',"info":' + _encode(info)
    if tags:
        body += b',"tags":' + _encode(tags)
    return body


def publication(body: bytes, offset: int) -> bytes:
    """Give a publication; offset 0 means that the channel keeps no history."""
    return b'{%b,"offset":%d}' % (body, offset) if offset else b"{%b}" % body


def push_prefix(channel: str) -> bytes:
    """Give the beginning of each push of a channel; a push ends with two closing braces."""
    return b'{"push":{"channel":%b,' % _encode(channel)


def push(channel: str, kind: str, body: object) -> bytes:
    """Give a push that is no publication: subscribe, unsubscribe, message or refresh."""
    named = push_prefix(channel) if channel else b'{"push":{'
    return named + b'"%b":%b}}' % (kind.encode(), _encode(body))


def subscribed(result: SubscribeResult, since: StreamPosition | None) -> dict[str, Any]:
    """Give the inside of the push that begins a subscription; what was missed is pushed after it."""
    body: dict[str, Any] = {"recoverable": result.recoverable, "positioned": result.positioned}
    if result.positioned:
        offset = since.offset if since and result.recovered else result.offset
        body |= {"epoch": result.epoch, "offset": offset}
    if result.data is not None:
        body["data"] = result.data
    return body


def count_present(present: Mapping[str, bytes]) -> PresenceStatsResult:
    """Count who is on a channel, from what was said of each client."""
    users = {_read_info(info).user for info in present.values()}
    return PresenceStatsResult(num_clients=len(present), num_users=len(users))


def compact(data: bytes) -> bytes:
    """Give the same JSON without line breaks, which would cut a frame's batch in two."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data


def encode_json(value: object) -> bytes:
    """Give the JSON of a value on one line."""
    return _encode(value)


def expiry(expires_at: datetime | None) -> dict[str, Any]:
    """Give the fields that tell a client when to refresh."""
    if expires_at is None:
        return {}
    return {"expires": True, "ttl": max(1, int(expires_at.timestamp() - time.time()))}


def text_frame(payload: bytes) -> bytes:
    """Give the websocket frame of a text: final, not masked, not compressed."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
