"""The composition root: puts the platform's three processes together. Only it knows all of it."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

import server.domain.autopay.reactions
import server.domain.billing.reactions
import server.domain.equipment.jobs
import server.domain.insight.jobs
import server.domain.payment.reactions
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
from realtime.broker import BrokerUnavailable
from realtime.snapshots import Snapshots
from server import dead_letters, demo, fleet, live
from server.auditing import Auditor
from server.balancing import Balancer
from server.config import Config
from server.debiting import Debiting
from server.demo_drivers import Drivers
from server.device_keys import StoredKeys
from server.domain.equipment import Reading, Verdict, accept_readings
from server.domain.estate import Place
from server.domain.stay import Policy, PolicyLayer, observe
from server.domain.tariff import CalendarYear, Tariff
from server.health import health_of
from server.kernel.access import system
from server.kernel.work import Work
from server.paying import Desk
from server.process import Process, beating, open_process, patiently
from server.providers.alipay import Alipay
from server.providers.payment import PaymentProvider
from server.providers.sms import AliyunSms
from server.providers.wechat import WeChatPay
from server.providers.wechat_login import WeChatLogin
from server.providers.wechat_parking import WeChatParking
from server.reminding import Post
from server.store.jobs import run_jobs
from server.store.mongo import Store
from server.store.photos import FolderPhotos, GridFsPhotos, PhotoStore
from server.store.relay import Relay

log = logging.getLogger(__name__)
ReadingId = tuple[str, int, int]
# 40 readings: from there on the cheaper writes of a bulk outweigh its reads waiting for each other.
FEW = 40
# What pricing a reading's stay asks for, and ingest never changes.
REMEMBERED = (Policy, PolicyLayer, Place, Tariff, CalendarYear)


async def run_serve(config: Config) -> None:
    """Answer HTTP and websockets until SIGTERM."""
    async with open_process(config, "serve") as process:
        hub = live.make_hub(config, process.store)
        await patiently(hub.start, BrokerUnavailable)
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
            health=lambda: health_of(process, hub),
            demo=lambda: _demo(config),
        )
        http = HTTPServer(make_application(app), xheaders=False, max_buffer_size=16 * 1024**2)
        http.add_sockets(bind_sockets(config.http_port, config.http_host, reuse_port=True))
        log.info("Serving", extra={"host": config.http_host, "port": config.http_port})
        fleet.say_ready()
        async with beating(process, lambda: {"well": True}):
            await process.stopping.wait()
        http.stop()
        await hub.close()
        await http.close_all_connections()


async def run_ingest(config: Config) -> None:
    """Carry readings from the MQTT broker into the store until SIGTERM."""
    async with open_process(config, "ingest", remembered=REMEMBERED) as process:
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
        async with beating(process, state):
            await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
            gateway.stop()
            await running
        stop.cancel()


async def run_worker(config: Config) -> None:
    """Relay what was told, and run the jobs, until SIGTERM."""
    async with open_process(config, "worker") as process:
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
        auditor = Auditor(process.store)
        tasks.append(asyncio.create_task(auditor.run(holder=process.node), name="books"))
        async with beating(process, lambda: {"well": True}):
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
    async with open_process(config, "drivers") as process:
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
    server.domain.payment.reactions,
    server.domain.recovery.jobs,
    server.domain.recovery.reactions,
    server.domain.refund.reactions,
    server.domain.stay.jobs,
    server.domain.stay.reactions,
)
