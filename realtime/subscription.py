"""One session's hearing of one channel."""

import math

from realtime import protocol
from realtime.live import LiveChannel
from realtime.namespaces import Namespace


class Subscription:
    """That a session hears a channel, by the channel's namespace or what a token has otherwise."""

    __slots__ = ("channel", "expires_at", "granted", "info", "namespace", "server_side")

    def __init__(
        self,
        channel: LiveChannel,
        namespace: Namespace,
        info: protocol.ClientInfo,
        *,
        server_side: bool,
        granted: bool,
    ) -> None:
        self.channel = channel
        self.namespace = namespace
        self.info = info
        self.server_side = server_side
        # By a token or by the server: no access function was asked.
        self.granted = granted
        # By the loop's clock; the grace is included.
        self.expires_at = math.inf
