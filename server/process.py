"""What each of the platform's processes has and does: its store, its signals, its beats."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.errors import PyMongoError
from tornado.httpserver import HTTPServer
from tornado.web import Application

from handlers.web.health import Metrics
from realtime.redis_client import client_of
from server import dead_letters, demo
from server.config import Config
from server.kernel.errors import Unavailable
from server.store.beats import beat
from server.store.lease import Lease
from server.store.mongo import Database, Store, connect
from server.store.wake import Wake

log = logging.getLogger(__name__)
# 30 s: an embedded mongod recovers its journal after a kill -9 within 5.
STORE_WITHIN_S = 30.0
# 20 s: filling a new installation takes 3; a process that was killed in it blocks no longer.
SEED_LEASE_S = 20.0


@dataclass(frozen=True, slots=True)
class Process:
    """What each of the processes has."""

    config: Config
    name: str
    node: str
    store: Store
    wake: Wake
    stopping: asyncio.Event

    @property
    def database(self) -> Database:
        """The platform's database."""
        return self.store.database


@asynccontextmanager
async def open_process(
    config: Config, name: str, *, remembered: Collection[type] = ()
) -> AsyncIterator[Process]:
    """Connect, prepare the stores, and hear SIGTERM; nouns of `remembered` are read once a second."""
    calm_collector()
    client = connect(config.mongo_url)
    wake = Wake(client_of(config.redis_url, timeout_s=2))
    database = client[config.mongo_database]
    store = Store(database, on_told=wake.nudge, remembered=remembered)
    node = f"{name}@{socket.gethostname()}:{os.getpid()}"
    process = Process(config, name, node, store, wake, asyncio.Event())
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, process.stopping.set)
    metrics = _metrics_server(config) if name != "serve" else None
    try:
        await patiently(lambda: _prepare(process), PyMongoError, Unavailable)
        yield process
    finally:
        if metrics is not None:
            metrics.stop()
        await wake.close()
        await client.close()


def _metrics_server(config: Config) -> HTTPServer | None:
    """Show the figures of a process that has no web server of its own."""
    if not config.metrics_port:
        return None
    server = HTTPServer(Application([(r"/metrics", Metrics)]))
    server.listen(config.metrics_port, config.http_host)
    return server


def calm_collector() -> None:
    """Let Python look for garbage cycles rarely: nouns make none, and looking was 17 % of ingest."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _prepare(process: Process) -> None:
    """Make collections and indexes, and in demo mode the city, in one process at a time."""
    lease = Lease(process.database, name="prepare", holder=process.node, lasts_s=SEED_LEASE_S)
    while not await lease.take():  # noqa: ASYNC110 - another process holds it
        await asyncio.sleep(0.2)
    try:
        await process.store.prepare()
        await dead_letters.prepare(process.database)
        if process.config.mode == "demo":
            await demo.fill_once(process.store, process.config.data_dir)
    finally:
        await lease.give_back()


async def patiently(attempt: Callable[[], Awaitable[None]], *causes: type[Exception]) -> None:
    """Try until it works, for as long as a store may take to come up."""
    loop = asyncio.get_running_loop()
    until = loop.time() + STORE_WITHIN_S
    while True:
        try:
            return await attempt()
        except causes as error:
            if loop.time() > until:
                raise
            log.warning("Waiting for the stores", extra={"cause": type(error).__name__})
            await asyncio.sleep(0.5)


@asynccontextmanager
async def beating(process: Process, state: Callable[[], Mapping[str, Any]]) -> AsyncIterator[None]:
    """Tell the others, as long as the block lasts, that this process lives and how it is."""
    task = asyncio.create_task(
        beat(process.database, process=process.name, node=process.node, state=state)
    )
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
