"""Runs a hub alone, without the product's rules, from its own configuration (`smartcloud realtime`)."""

import asyncio
import logging
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from realtime.api_http import api_route
from realtime.broker import Broker, BrokerUnavailable
from realtime.broker_memory import MemoryBroker
from realtime.broker_redis import RedisBroker
from realtime.configured import ConfiguredBook, keys_of, limits_of, personal_channel_of
from realtime.hub import Hub
from realtime.settings import Settings
from realtime.socket import SocketHandler

log = logging.getLogger(__name__)

RETRY_S = 1.0


class CannotListen(Exception):
    """The address is none of this machine's, or the port is another's."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A hub that answers, and the ports that it answers on."""

    hub: Hub
    http: HTTPServer
    ports: list[int]

    async def close(self) -> None:
        """Tell clients to reconnect elsewhere, and answer no more."""
        self.http.stop()
        await self.hub.close()
        await self.http.close_all_connections()


async def start(settings: Settings) -> Alone:
    """Bring a hub up; port 0 is a free one. Waits for a broker that is away; raises CannotListen."""
    if settings.unknown:
        log.warning("Keys are not known", extra={"keys": ", ".join(settings.unknown)})
    if settings.insecure:
        log.warning("Everybody may do everything: client.insecure is set")
    hub = make_hub(settings)
    while True:
        try:
            await hub.start()
            break
        except BrokerUnavailable as failure:
            log.warning("The broker cannot be reached", extra={"why": str(failure)})
            await asyncio.sleep(RETRY_S)
    try:
        sockets = bind_sockets(settings.port, settings.address or None)
    except OSError as failure:
        await hub.close()
        where = f"{settings.address or '*'}:{settings.port}"
        raise CannotListen(f"{where}: {failure.strerror or failure}") from failure
    http = HTTPServer(make_application(settings, hub), max_buffer_size=16 * 1024**2)
    http.add_sockets(sockets)
    ports = sorted({int(one.getsockname()[1]) for one in sockets})
    log.info("Serving", extra={"address": settings.address, "ports": ports})
    return Alone(hub, http, ports)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, which also end the wait for a broker; raises CannotListen."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    starting = asyncio.create_task(start(settings))
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        alone = starting.result()
        await stop
        await alone.close()
    else:
        starting.cancel()
        await asyncio.wait([starting])


def make_hub(settings: Settings) -> Hub:
    """Make the hub that the settings describe."""
    keys, subscription_keys = keys_of(settings)
    return Hub(
        ConfiguredBook(settings),
        make_broker(settings),
        token_key=keys,
        subscription_keys=subscription_keys,
        anonymous=settings.anonymous or settings.insecure,
        origins=settings.origins,
        personal_channel=personal_channel_of(settings),
        limits=limits_of(settings),
    )


def make_broker(settings: Settings) -> Broker:
    """Make the broker that the settings name."""
    if settings.engine == "memory":
        return MemoryBroker()
    return RedisBroker(settings.redis_url, prefix=settings.redis_prefix)


def make_application(settings: Settings, hub: Hub) -> Application:
    """Put the addresses together; the server API is there only with a key, or if it needs none."""
    routes: list[Any] = [(re.escape(settings.websocket_path), SocketHandler, {"hub": hub})]
    if not settings.api_disabled and (settings.api_key or settings.api_insecure):
        key = None if settings.api_insecure else settings.api_key
        routes.append(api_route(settings.api_path, hub, key))
    if settings.health:
        routes.append(
            (re.escape(settings.health_path), Health, {"check": lambda: hub.position("health")})
        )
    if settings.metrics:
        routes.append((re.escape(settings.metrics_path), Metrics))
    return Application(routes, log_function=lambda _handler: None)


class Health(RequestHandler):
    """Answers 200 while the broker does."""

    def initialize(self, check: Callable[[], Awaitable[object]]) -> None:
        self._check = check

    async def get(self) -> None:
        """Ask the broker something."""
        self.set_status(503)
        with suppress(BrokerUnavailable):
            await self._check()
            self.set_status(200)
        self.finish({})


class Metrics(RequestHandler):
    """Shows the figures to Prometheus."""

    def get(self) -> None:
        """Write them all."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.finish(generate_latest())
