"""What the server API is asked, and what it answers."""

from typing import Any

import msgspec

from realtime.fleet import NodeState
from realtime.protocol import StreamPosition
from realtime.tokens import Override, Seconds


class Disconnect(msgspec.Struct):
    """With which code and reason a connection is closed."""

    code: int
    reason: str = ""


class Done(msgspec.Struct):
    """A result that says no more than that it was done."""


class Published(msgspec.Struct, omit_defaults=True):
    """Where a channel's stream stands after a publication."""

    offset: int = 0
    epoch: str = ""


class Answer(msgspec.Struct, omit_defaults=True):
    """What became of one publication of a broadcast."""

    error: dict[str, object] | None = None
    result: Published | None = None


class Broadcast(msgspec.Struct):
    """What became of each publication, in the order of the channels."""

    responses: list[Answer]


class Info(msgspec.Struct):
    """Each node."""

    nodes: list[NodeState]


class Subscribers(msgspec.Struct):
    """How many hear a channel."""

    num_clients: int


class Channels(msgspec.Struct):
    """The channels that somebody hears."""

    channels: dict[str, Subscribers]


class Payload(msgspec.Struct, kw_only=True):
    """What is to be published."""

    data: msgspec.Raw = msgspec.Raw()
    b64data: str = ""
    skip_history: bool = False
    tags: dict[str, str] = {}
    idempotency_key: str = ""


class AskPublish(Payload, kw_only=True):
    channel: str = ""


class AskBroadcast(Payload, kw_only=True):
    channels: list[str] = []


class Whom(msgspec.Struct, kw_only=True):
    """Whose connections are meant; a session is called as its client is."""

    user: str = ""
    client: str = ""
    session: str = ""


class AskDisconnect(Whom, kw_only=True):
    whitelist: list[str] = []
    disconnect: Disconnect | None = None


class AskSubscribe(Whom, kw_only=True):
    channel: str = ""
    info: Any = None
    b64info: str = ""
    data: Any = None
    b64data: str = ""
    expire_at: Seconds = 0
    recover_since: StreamPosition | None = None
    override: Override | None = None


class AskUnsubscribe(Whom, kw_only=True):
    channel: str = ""


class AskRefresh(Whom, kw_only=True):
    expired: bool = False
    expire_at: Seconds = 0
    info: Any = None


class AskChannels(msgspec.Struct):
    pattern: str = ""


class AskRevokeToken(msgspec.Struct):
    uid: str = ""


class AskInvalidateUserTokens(msgspec.Struct):
    user: str
    issued_before: Seconds


class AskBatch(msgspec.Struct):
    commands: list[dict[str, msgspec.Raw]] = []
    parallel: bool = False
