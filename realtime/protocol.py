"""The JSON of the Centrifuge client protocol: commands in, replies and pushes out.

A client's frame holds one command, or several joined by newlines; an empty object is a pong. What
we send is built as bytes: payloads of publications are opaque JSON that is never parsed again.
"""

import struct
import time
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
    join_leave: bool = False
    flag: int = 0


class ConnectRequest(msgspec.Struct):
    token: str = ""
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""


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
    send: EmptyRequest | None = None
    rpc: EmptyRequest | None = None
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


class HistoryResult(msgspec.Struct, omit_defaults=True):
    publications: list[msgspec.Raw] = []
    epoch: str = ""
    offset: int = 0


class PresenceResult(msgspec.Struct):
    presence: dict[str, msgspec.Raw]


class PresenceStatsResult(msgspec.Struct, omit_defaults=True):
    num_clients: int = 0
    num_users: int = 0


class EmptyResult(msgspec.Struct):
    """A result that says no more than that it was done."""


class MalformedMessage(ValueError):
    """The frame is no batch of commands."""


METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")
PING = b"{}"

_commands = msgspec.json.Decoder(Command)
_encode = msgspec.json.Encoder().encode


def read_commands(message: str | bytes) -> list[Command]:
    """Give the commands of one frame, in order; raises MalformedMessage."""
    try:
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


def publication_body(data: bytes, info: ClientInfo | None = None) -> bytes:
    """Give the inside of a publication's JSON object, without its offset."""
    if info is None:
        return b'"data":' + data
    return b'"data":%b,"info":%b' % (data, _encode(info))


def publication(body: bytes, offset: int) -> bytes:
    """Give a publication; offset 0 means that the channel keeps no history."""
    return b'{%b,"offset":%d}' % (body, offset) if offset else b"{%b}" % body


def push_prefix(channel: str) -> bytes:
    """Give the beginning of each push of a channel; a push ends with two closing braces."""
    return b'{"push":{"channel":%b,' % _encode(channel)


def unsubscribe_push(channel: str, code: int, reason: str) -> bytes:
    """Give the push that ends a subscription."""
    body = _encode({"code": code, "reason": reason})
    return push_prefix(channel) + b'"unsubscribe":%b}}' % body


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
