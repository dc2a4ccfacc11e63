"""What operators do by hand: devices' secrets, the broker's configuration, dead letters."""

import asyncio
import getpass
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

import structlog
from pymongo.errors import PyMongoError

from devices.replay import can_be_replayed, gateway_client, replay
from server import dead_letters, demo
from server.auditing import Auditor
from server.brokers import emqx, mosquitto
from server.config import Config, ConfigRefused
from server.dead_letters import Kept, Sought
from server.domain.equipment import (
    authenticate_device,
    disable_device,
    issue_secrets,
    revoke_secret,
)
from server.domain.equipment.queries import secret_hashes
from server.domain.ledger import Fault
from server.kernel.access import Actor, Audience, Scope
from server.kernel.errors import Unavailable
from server.secrets_file import write_privately
from server.store.mongo import Store, connect

log = structlog.get_logger(__name__)
FOLLOW_EVERY_S = 2.0
# 100 at a time: what a device may have unacknowledged five times over, and one round trip.
REPLAYED_AT_ONCE = 100


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Store]:
    """Open the store for one command."""
    client = connect(config.mongo_url)
    try:
        yield Store(client[config.mongo_database])
    except PyMongoError as error:
        raise Unavailable("store_away", "数据服务暂时不可用") from error
    finally:
        await client.close()


def operator() -> Actor:
    """Make the actor for whoever typed the command: the audit names them."""
    return Actor(f"cli:{getpass.getuser()}", Audience.CONSOLE, scope=Scope(everything=True))


async def show_secret(config: Config, device_id: str) -> str:
    """Give the secret that a demo's device was filled in with, unless it has another one by now."""
    if config.mode != "demo":
        raise ConfigRefused("Only hashes of secrets are kept: `smartcloud device issue` a new one.")
    secret = demo.demo_device_secret(config.data_dir, device_id)
    async with opened(config) as store:
        valid = await store.run(
            operator(), lambda w: authenticate_device(w, device_id=device_id, secret=secret)
        )
    if not valid:
        raise ConfigRefused(
            f"{device_id} is no device of the demo in service, or has another secret by now: "
            "`smartcloud device issue` a new one."
        )
    return secret


async def issue_secret(config: Config, device_id: str) -> str:
    """Give a device a new secret; it is shown this once, as only its hash is kept."""
    secret = token_urlsafe(32)
    async with opened(config) as store:
        await store.run(
            operator(),
            lambda work: issue_secrets(work, secrets={device_id: secret}),
            action="issue_secrets",
        )
    return secret


async def take_secret(config: Config, device_id: str) -> None:
    """Revoke a device's secret."""
    async with opened(config) as store:
        await store.run(
            operator(),
            lambda work: revoke_secret(work, device_id=device_id),
            action="revoke_secret",
        )


async def set_disabled(config: Config, device_id: str, *, disabled: bool) -> None:
    """Believe a device no more, or again."""
    async with opened(config) as store:
        await store.run(
            operator(),
            lambda work: disable_device(work, device_id=device_id, disabled=disabled),
            action="disable_device" if disabled else "enable_device",
        )


async def write_mosquitto(config: Config, out: Path) -> list[Path]:
    """Write mosquitto.conf, the passwords of all devices and accounts, and the ACL."""
    folder = out.absolute()
    async with opened(config) as store:
        await _write_identities(config, store, folder)
    text = mosquitto.config_text(
        listener="1883", data=Path("/var/lib/mosquitto"), identities=folder
    )
    write_privately(folder / mosquitto.CONFIG, text)
    return [folder / name for name in (mosquitto.CONFIG, mosquitto.PASSWORDS, mosquitto.RULES)]


async def follow_mosquitto(config: Config, out: Path, pid_file: Path) -> None:
    """Keep the two files as the store says, and let mosquitto read them anew, until cancelled."""
    async with opened(config) as store:
        while True:
            with suppress(Unavailable):  # the files stand as they are meanwhile
                if await _write_identities(config, store, out.absolute()):
                    _reload(pid_file)
            await asyncio.sleep(FOLLOW_EVERY_S)


async def _write_identities(config: Config, store: Store, folder: Path) -> bool:
    hashes = await store.run(operator(), secret_hashes)
    return mosquitto.write_identities(
        folder,
        gateway_url=config.mqtt_url,
        fleet_url=config.simulator_mqtt_url,
        devices=hashes,
    )


def _reload(pid_file: Path) -> None:
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError):
        log.warning("Broker could not be told to read its files anew", pid_file=str(pid_file))
    else:
        log.info("Broker reads its files anew")


def write_emqx(config: Config, out: Path, *, hooks_url: str) -> list[Path]:
    """Write what belongs into EMQX's configuration."""
    if not config.mqtt_hook_secret:
        raise ConfigRefused("Set SMARTCLOUD_MQTT_HOOK_SECRET: the broker asks with it.")
    out.mkdir(parents=True, exist_ok=True)
    path = out.absolute() / emqx.CONFIG
    text = emqx.config_text(hooks_url=hooks_url, secret=config.mqtt_hook_secret)
    write_privately(path, text)
    return [path]


async def list_dead_letters(config: Config, sought: Sought, *, limit: int) -> list[Kept]:
    """List dead letters, the newest first."""
    async with opened(config) as store:
        return await dead_letters.newest(store.database, sought, limit=limit)


async def replay_dead_letters(config: Config, sought: Sought) -> tuple[int, int]:
    """Publish dead letters again, oldest first; gives how many were and how many could not be.

    They are marked once the broker has them, so that a run that is cut plays a few of them twice:
    a reading is taken once anyway.
    """
    replayed = unfit = 0
    # What is refused again comes back as a new letter, which is not of this run.
    now = datetime.now(UTC)
    async with opened(config) as store, gateway_client(config.mqtt_url) as client:
        letters = store.database
        async for batch in dead_letters.batches(letters, sought, before=now, size=REPLAYED_AT_ONCE):
            fit = [one for one in batch if can_be_replayed(one.letter)]
            await replay(client, [one.letter for one in fit])
            await dead_letters.mark_replayed(letters, [one.id for one in fit], at=now)
            replayed += len(fit)
            unfit += len(batch) - len(fit)
    return replayed, unfit


async def check_books(config: Config) -> list[Fault]:
    """Check the books against themselves, and list what contradicts."""
    async with opened(config) as store:
        return await Auditor(store).check()
