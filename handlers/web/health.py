"""Whether the platform is well, and its figures for Prometheus."""

import os
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from tornado.web import RequestHandler

from handlers import schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown
from server.kernel.access import Audience
from server.kernel.period import to_ms


class Health(Handler):
    """`/healthz`: 200 when every component is well, 503 otherwise."""

    audience = Audience.SYSTEM

    async def get(self) -> None:
        """Say how each component is."""
        found = await self.app.health()
        self.answer(found, status=200 if found["well"] else 503)


class Time(Handler):
    """`/api/time`."""

    path = "/api/time"
    audience = Audience.SYSTEM

    @action("服务器时间", permit=Permit.ANYONE, answer=schema.Now)
    async def get(self) -> Shown:
        """Say what the server's clock says, so that clients can measure delays."""
        return {"now_ms": to_ms(self.app.store.clock())}


class Metrics(RequestHandler):
    """`/metrics` in Prometheus' text form."""

    def initialize(self, **_: Any) -> None:
        """Take nothing."""

    def get(self) -> None:
        """Give the figures of this process, or of all that share its port."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest(_registry()))


def _registry() -> CollectorRegistry:
    # Set by `serve --processes`: whichever process answers, it tells of all of them.
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
