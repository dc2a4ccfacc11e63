"""What the server API is asked, and what it answers."""

from typing import Any

import msgspec

from realtime.fleet import NodeState
from realtime.protocol import StreamPosition
from realtime.tokens import Override


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


class AskPublish(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw()
    b64data: str = ""
    skip_history: bool = False
    tags: dict[str, str] = {}
    idempotency_key: str = ""


class AskBroadcast(msgspec.Struct):
    channels: list[str] = []
    data: msgspec.Raw = msgspec.Raw()
    b64data: str = ""
    skip_history: bool = False
    tags: dict[str, str] = {}
    idempotency_key: str = ""


class AskOfChannel(msgspec.Struct):
    channel: str = ""


class AskHistory(msgspec.Struct):
    channel: str = ""
    limit: int = 0
    since: StreamPosition | None = None
    reverse: bool = False


class AskDisconnect(msgspec.Struct):
    user: str = ""
    client: str = ""
    session: str = ""
    whitelist: list[str] = []
    disconnect: Disconnect | None = None


class AskSubscribe(msgspec.Struct):
    channel: str = ""
    user: str = ""
    client: str = ""
    session: str = ""
    info: Any = None
    b64info: str = ""
    data: Any = None
    b64data: str = ""
    expire_at: int = 0
    recover_since: StreamPosition | None = None
    override: Override | None = None


class AskUnsubscribe(msgspec.Struct):
    channel: str = ""
    user: str = ""
    client: str = ""
    session: str = ""


class AskRefresh(msgspec.Struct):
    user: str = ""
    client: str = ""
    session: str = ""
    expired: bool = False
    expire_at: int = 0
    info: Any = None


class AskChannels(msgspec.Struct):
    pattern: str = ""


class AskNothing(msgspec.Struct):
    pass


class AskRevokeToken(msgspec.Struct):
    uid: str = ""


class AskInvalidateUserTokens(msgspec.Struct):
    user: str
    issued_before: int


class AskBatch(msgspec.Struct):
    commands: list[dict[str, msgspec.Raw]] = []
    parallel: bool = False
