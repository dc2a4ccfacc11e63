"""What the handlers work with, put together by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from realtime.channels import listener
from realtime.hub import Hub
from realtime.namespaces import UnknownChannel
from realtime.snapshots import Snapshots
from server.config import Config
from server.kernel.access import Actor
from server.kernel.errors import Forbidden, NotFound
from server.paying import Desk
from server.store.mongo import Store
from server.store.photos import PhotoStore


class SmsSender(Protocol):
    """Sends a text message by a provider's template."""

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Send it; gives the provider's id of the message."""
        ...


class Payers(Protocol):
    """Knows who opened a mini-program, or a page in WeChat's browser."""

    async def openid(self, code: str) -> str:
        """Give the openid behind a phone's code."""
        ...

    def web_page(self, *, return_to: str, state: str) -> str:
        """Name the page that sends WeChat's browser back with a code."""
        ...

    async def web_openid(self, code: str) -> str:
        """Give the openid behind such a code."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """Config, store, photos, sockets, snapshots, messages, payments, health, the demo's logins."""

    config: Config
    store: Store
    photos: PhotoStore
    hub: Hub
    snapshots: Snapshots
    sms: SmsSender
    desk: Desk
    payers: Payers
    health: Callable[[], Awaitable[dict[str, Any]]]
    demo: Callable[[], Awaitable[dict[str, Any] | None]]

    async def may_hear(self, actor: Actor, channel: str) -> None:
        """Refuse with `channel_forbidden` unless the actor may subscribe to the channel."""
        try:
            allowed = self.hub.book.namespace_of(channel).access(listener(actor), channel)
        except UnknownChannel:
            raise NotFound("channel_unknown", "没有这个频道", channel=channel) from None
        if not (allowed if isinstance(allowed, bool) else await allowed):
            raise Forbidden("channel_forbidden", "没有权限订阅该频道", channel=channel)
