"""A hub on a free port with a few namespaces, and what tests ask of it."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from realtime.broker import Broker
from realtime.gathering import merge_state
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.namespaces import SUBSCRIBERS, Actor, Namespace, PrefixBook, anyone, signed_in
from realtime.socket import SocketHandler
from realtime.tokens import sign_connection_token, sign_subscription_token

KEY = "a key of at least sixty-four bytes, so that no algorithm has anything to warn of"


def is_own(actor: Actor, channel: str) -> bool:
    return bool(actor.user) and channel == f"#{actor.user}"


async def is_invited(actor: Actor, channel: str) -> bool:
    return channel in actor.meta.get("invited", [])  # type: ignore[operator]


BOOK = PrefixBook(
    [
        Namespace(
            "news", access=anyone, history_size=20, history_ttl_s=600, recoverable=True, state=True
        ),
        Namespace(
            "chat",
            access=signed_in,
            history_size=100,
            history_ttl_s=600,
            recoverable=True,
            presence=True,
            join_leave=True,
            publish=SUBSCRIBERS,
        ),
        Namespace("noise", access=anyone, publish=SUBSCRIBERS),
        Namespace("club", access=is_invited),
        Namespace(
            "place",
            access=anyone,
            history_size=1000,
            history_ttl_s=600,
            recoverable=True,
            state=True,
            merge=merge_state,
        ),
        Namespace("load", access=anyone, history_size=2000, history_ttl_s=600, recoverable=True),
    ],
    plain=Namespace("", access=is_own, history_size=20, history_ttl_s=600, recoverable=True),
)


def personal_channel(actor: Actor) -> str:
    return f"#{actor.user}" if actor.user else ""


def token(user: str = "ann", *, lasts_s: float = 3600, **more: object) -> str:
    expires_at = datetime.now(UTC) + timedelta(seconds=lasts_s)
    meta = more.pop("meta", {})
    return sign_connection_token(KEY, user=user, expires_at=expires_at, meta=meta, **more)  # type: ignore[arg-type]


def subscription_token(channel: str, user: str = "ann", *, lasts_s: float = 3600) -> str:
    expires_at = datetime.now(UTC) + timedelta(seconds=lasts_s)
    return sign_subscription_token(KEY, user=user, channel=channel, expires_at=expires_at)


@dataclass
class Node:
    """A hub and the server in front of it."""

    hub: Hub
    server: HTTPServer
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    @property
    def sockets(self) -> int:
        return len(self.hub._roster.transports())

    async def close(self) -> None:
        await self.hub.close()
        self.server.stop()
        await self.server.close_all_connections()


def make_hub(broker: Broker, limits: Limits | None = None, origins: tuple[str, ...] = ()) -> Hub:
    return Hub(
        BOOK,
        broker,
        token_key=KEY,
        origins=origins,
        personal_channel=personal_channel,
        limits=limits or Limits(closing_s=0.5),
    )


async def start_node(
    broker: Broker,
    limits: Limits | None = None,
    origins: tuple[str, ...] = (),
    send_buffer: int | None = None,
) -> Node:
    hub = make_hub(broker, limits, origins)
    await hub.start()
    listener, port = bind_unused_port()
    if send_buffer is not None:
        # Accepted sockets inherit it: a kernel that takes megabytes would hide a slow reader.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    server = HTTPServer(Application([(r"/connection/websocket", SocketHandler, {"hub": hub})]))
    server.add_socket(listener)
    return Node(hub, server, port)


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Wait for a condition; fails after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)
