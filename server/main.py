"""The composition root: puts the platform's three processes together. Only it knows all of it."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pymongo.errors import PyMongoError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

import server.domain.autopay.reactions
import server.domain.billing.reactions
import server.domain.equipment.jobs
import server.domain.insight.jobs
import server.domain.recovery.jobs
import server.domain.recovery.reactions
import server.domain.refund.reactions
import server.domain.stay.jobs
import server.domain.stay.reactions
from devices.gateway import Gateway
from devices.patience import Take
from devices.simulator.city import demo_city
from handlers.app import App
from handlers.routes import make_application
from handlers.web.health import Metrics
from realtime.broker import BrokerUnavailable
from realtime.hub import Hub
from realtime.redis_client import client_of
from realtime.snapshots import Snapshots
from server import dead_letters, demo, fleet, live
from server.balancing import Balancer
from server.config import Config
from server.debiting import Debiting
from server.demo_drivers import Drivers
from server.device_keys import StoredKeys
from server.domain.equipment import Reading, Verdict, accept_readings
from server.domain.estate import Place
from server.domain.stay import Policy, observe
from server.domain.tariff import CalendarYear, Tariff
from server.kernel.access import system
from server.kernel.errors import Unavailable
from server.kernel.work import Work
from server.paying import Desk
from server.providers.alipay import Alipay
from server.providers.payment import PaymentProvider
from server.providers.sms import AliyunSms
from server.providers.wechat import WeChatPay
from server.providers.wechat_login import WeChatLogin
from server.providers.wechat_parking import WeChatParking
from server.reminding import Post
from server.store.beats import beat, read_beats
from server.store.jobs import run_jobs
from server.store.lease import Lease
from server.store.mongo import Database, Store, connect
from server.store.photos import FolderPhotos, GridFsPhotos, PhotoStore
from server.store.relay import Relay
from server.store.wake import Wake

log = logging.getLogger(__name__)
ReadingId = tuple[str, int, int]
# 30 s: an embedded mongod recovers its journal after a kill -9 within 5.
STORE_WITHIN_S = 30.0
# 20 s: filling a new installation takes 3; a process that was killed in it blocks no longer.
SEED_LEASE_S = 20.0
# 40 readings: from there on the cheaper writes of a bulk outweigh its reads waiting for each other.
FEW = 40
# What pricing a reading's stay asks for, and ingest never changes.
REMEMBERED = (Policy, Place, Tariff, CalendarYear)


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


async def run_serve(config: Config) -> None:
    """Answer HTTP and websockets until SIGTERM."""
    async with _process(config, "serve") as process:
        hub = live.make_hub(config, process.store)
        await _patiently(hub.start, BrokerUnavailable)
        snapshots = Snapshots(process.store.run, hub.broker)
        app = App(
            config=config,
            store=process.store,
            photos=_photos(process),
            hub=hub,
            snapshots=snapshots,
            sms=AliyunSms.from_config(config),
            desk=_desk(config, process.store),
            payers=WeChatLogin.from_config(config),
            health=lambda: _health(process, hub),
            demo=lambda: _demo(config),
        )
        http = HTTPServer(make_application(app), xheaders=False, max_buffer_size=16 * 1024**2)
        http.add_sockets(bind_sockets(config.http_port, config.http_host, reuse_port=True))
        log.info("Serving", extra={"host": config.http_host, "port": config.http_port})
        fleet.say_ready()
        async with _beating(process, lambda: {"well": True}):
            await process.stopping.wait()
        http.stop()
        await hub.close()
        await http.close_all_connections()


async def run_ingest(config: Config) -> None:
    """Carry readings from the MQTT broker into the store until SIGTERM."""
    async with _process(config, "ingest", remembered=REMEMBERED) as process:
        gateway = Gateway(
            mqtt_url=config.mqtt_url,
            client_id=f"ingest-{config.node}",
            take=taker(process.store),
            bury=lambda letters: dead_letters.bury(process.database, letters),
            keys=StoredKeys(process.store),
            signed_only=config.signed_readings == "required",
            shared=bool(config.mqtt_group),
        )
        running = asyncio.create_task(gateway.run())
        stop = asyncio.create_task(process.stopping.wait())
        state = lambda: {  # noqa: E731 - it is read once a beat
            "well": gateway.connected and not gateway.store_is_away,
            "connected": gateway.connected,
            "in_hand": gateway.in_hand,
        }
        async with _beating(process, state):
            await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
            gateway.stop()
            await running
        stop.cancel()


async def run_worker(config: Config) -> None:
    """Relay what was told, and run the jobs, until SIGTERM."""
    async with _process(config, "worker") as process:
        hub = live.make_hub(config, process.store)
        relay = Relay(
            process.store,
            holder=process.node,
            wake=process.wake,
            forward=lambda told: live.forward(hub, told),
        )
        desk = _desk(config, process.store)
        beside = Balancer(process.store, desk).catch_up
        tasks = [
            asyncio.create_task(relay.run(), name="relay"),
            asyncio.create_task(run_jobs(process.store, holder=process.node), name="jobs"),
            asyncio.create_task(desk.run(holder=process.node, beside=beside), name="payments"),
            asyncio.create_task(process.stopping.wait(), name="stop"),
        ]
        post = _post(config, process.store)
        tasks.append(asyncio.create_task(post.run(holder=process.node), name="reminders"))
        async with _beating(process, lambda: {"well": True}):
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hub.broker.close()
        for task in done:
            if not task.cancelled():
                task.result()


async def run_drivers(config: Config, *, seed: int) -> None:
    """Let the demo's simulated drivers pay until SIGTERM."""
    async with _process(config, "drivers") as process:
        city = demo_city(seed)
        drivers = Drivers(
            process.store,
            _desk(config, process.store),
            organization_id=demo.ORGANIZATION,
            plates=[one.number for one in city.vehicles],
            seed=seed,
        )
        running = asyncio.create_task(drivers.run(holder=process.node))
        stop = asyncio.create_task(process.stopping.wait())
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def _post(config: Config, store: Store) -> Post:
    """Make what sends reminders."""
    sms = AliyunSms.from_config(config)
    return Post(store, sms, template=config.sms_reminder_template, key=config.token_key)


def _photos(process: Process) -> PhotoStore:
    folder = process.config.photo_dir
    return FolderPhotos(Path(folder)) if folder else GridFsPhotos(process.database)


def taker(store: Store) -> Take:
    """Make what the gateway calls: readings in, verdicts out, committed in between."""

    async def take(readings: Sequence[Reading], *, force: frozenset[ReadingId]) -> list[Verdict]:
        async def use_case(work: Work) -> list[Verdict]:
            accepted = await accept_readings(work, readings=readings, force=force)
            await observe(work, accepted=accepted)
            return [one.verdict for one in accepted]

        return await store.run(system("ingest"), use_case, bulk=len(readings) > FEW)

    return take


def _desk(config: Config, store: Store) -> Desk:
    """Make the desk with the providers that are configured."""
    providers: list[PaymentProvider] = []
    debiting, public_url = None, config.public_url
    if config.public_url and config.wechat_merchant_id and _is_there(config, "wechat_key_file"):
        wechat = WeChatPay.from_config(config)
        providers.append(wechat)
        debiting = Debiting(store, WeChatParking(wechat), public_url=public_url)
    if config.public_url and config.alipay_app_id and _is_there(config, "alipay_key_file"):
        providers.append(Alipay.from_config(config))
    return Desk(store, providers, public_url=public_url, debiting=debiting)


def _is_there(config: Config, name: str) -> bool:
    """Tell whether a key can be read; in a demo whose double never ran there is none yet."""
    if config.mode != "demo" or Path(getattr(config, name)).exists():
        return True
    log.warning("No payments: the provider's double has made no key yet", extra={"key": name})
    return False


@asynccontextmanager
async def _process(
    config: Config, name: str, *, remembered: Collection[type] = ()
) -> AsyncIterator[Process]:
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
        await _patiently(lambda: _prepare(process), PyMongoError, Unavailable)
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


async def _patiently(attempt: Callable[[], Awaitable[None]], *causes: type[Exception]) -> None:
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
async def _beating(process: Process, state: Callable[[], Mapping[str, Any]]) -> AsyncIterator[None]:
    task = asyncio.create_task(
        beat(process.database, process=process.name, node=process.node, state=state)
    )
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _health(process: Process, hub: Hub) -> dict[str, Any]:
    """Say how every component is."""
    components: dict[str, dict[str, Any]] = {"serve": {"well": True}}
    try:
        async with asyncio.timeout(2):
            await process.database.command("ping")
            beats = await read_beats(process.database)
        components["mongo"] = {"well": True}
        for name in ("ingest", "worker"):
            components[name] = beats.get(name, {"well": False, "count": 0})
    except (PyMongoError, TimeoutError):
        components["mongo"] = {"well": False}
    try:
        async with asyncio.timeout(2):
            await hub.broker.positions(["map:health"])
        components["redis"] = {"well": True}
    except (BrokerUnavailable, TimeoutError):
        components["redis"] = {"well": False}
    components["mqtt"] = {"well": await _answers(process.config.mqtt_url)}
    well = all(one["well"] for one in components.values())
    return {"well": well, "components": components}


async def _answers(url: str) -> bool:
    """Say whether somebody takes connections there."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 1883)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _demo(config: Config) -> dict[str, Any] | None:
    """Give what the landing page shows of the demo; nothing in production."""
    if config.mode != "demo":
        return None
    inbox = f"http://{config.http_host}:{config.sms_port}/inbox"
    return {
        "logins": demo.demo_logins(config.data_dir),
        "sms_inbox": inbox,
        "wechat_control": f"http://{config.http_host}:{config.wechat_port}/control",
    }


# Imported for what they declare: reactions and jobs.
DECLARING = (
    server.domain.autopay.reactions,
    server.domain.billing.reactions,
    server.domain.equipment.jobs,
    server.domain.insight.jobs,
    server.domain.recovery.jobs,
    server.domain.recovery.reactions,
    server.domain.refund.reactions,
    server.domain.stay.jobs,
    server.domain.stay.reactions,
)
