"""What the tests of payment providers share: a double on a free port, and what it has sent us."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from server.providers.payment import Order, Scene


@dataclass
class Inbox:
    """A merchant's address that keeps the notices it gets."""

    url: str = ""
    notices: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    body: str = ""


class Hook(RequestHandler):
    """POST: a notice."""

    def initialize(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def post(self) -> None:
        self.inbox.notices.append((dict(self.request.headers), self.request.body))
        self.set_status(self.inbox.status)
        self.finish(self.inbox.body or None)


@asynccontextmanager
async def listening(application: Application) -> AsyncIterator[str]:
    """Serve an application for as long as the context lasts; gives its address."""
    server = HTTPServer(application)
    socket, port = bind_unused_port()
    server.add_socket(socket)
    yield f"http://127.0.0.1:{port}"
    server.stop()
    await server.close_all_connections()


@asynccontextmanager
async def merchant_inbox() -> AsyncIterator[Inbox]:
    """Keep an address for notices."""
    inbox = Inbox()
    async with listening(Application([("/", Hook, {"inbox": inbox})])) as url:
        inbox.url = f"{url}/"
        yield inbox


def order(number: str = "trade0001", *, notify_url: str = "", **changes: Any) -> Order:
    """Make an order of four yuan."""
    told: dict[str, Any] = {
        "trade_no": number,
        "amount": 400,
        "description": "停车费 粤B12345",
        "scene": Scene.NATIVE,
        "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        "notify_url": notify_url or "http://127.0.0.1:9/",
    }
    return Order(**(told | changes))


async def post(url: str, body: bytes = b"") -> HTTPResponse:
    """Post, and give the answer whatever its status."""
    return await AsyncHTTPClient().fetch(url, method="POST", body=body, raise_error=False)
