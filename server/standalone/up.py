"""`smartcloud up`: the whole platform on one machine, from an empty folder to a city that parks."""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from server.brokers.mosquitto import write_identities
from server.config import Config
from server.standalone.errors import StandaloneRefused
from server.standalone.kinds import KINDS, MQTT
from server.standalone.mqtt import PID_FILE, is_mosquitto
from server.standalone.ports import require_free
from server.standalone.servers import Servers
from server.standalone.supervision import Children, wait_until

# The first start seeds the city; the slowest machine tried took a third of this.
FIRST_ANSWER_PATIENCE_S = 180.0
ALL_HEALTHY_PATIENCE_S = 60.0
DOUBLES = ("sms", "wechat", "alipay")
COLORS = {
    "sms": "magenta",
    "wechat": "magenta",
    "alipay": "magenta",
    "serve": "green",
    "ingest": "cyan",
    "worker": "blue",
    "simulate": "yellow",
    "drivers": "yellow",
}


class City:
    """Everything `up` runs: embedded servers, the providers' doubles and the platform's processes."""

    def __init__(self, config: Config, environ: Mapping[str, str], *, console: Console) -> None:
        if config.mode != "demo":
            raise StandaloneRefused(
                "`smartcloud up` is for demos: its servers have no passwords. "
                "In production run `smartcloud serve`, `ingest` and `worker` under a supervisor."
            )
        self._config = config
        self._environ = environ
        self._console = console
        # A server that the environment names by URL is used; the others are embedded.
        self._embedded = [
            kind.name for kind in KINDS.values() if not environ.get(kind.url_variable)
        ]
        # So is a provider that the environment names; the others have doubles.
        self._doubles = [
            name for name in DOUBLES if not environ.get(f"SMARTCLOUD_{name.upper()}_URL")
        ]
        # mosquitto knows its clients by files; rumqttd trusts, and the readings are signed.
        self._identities = config.data_dir / "broker"
        self._knows_clients = MQTT.name in self._embedded and is_mosquitto(MQTT.find())

    async def run(self, *, simulate: Sequence[str] | None) -> None:
        """Run until SIGINT or SIGTERM, then stop all in order; `simulate` are its options."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        running = asyncio.create_task(self._run(simulate))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            self._console.print("Stopping…", style="bold")
            running.cancel()
        stopping.cancel()
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()

    async def _run(self, simulate: Sequence[str] | None) -> None:
        began = time.monotonic()
        async with (
            self._servers() as servers,
            Children(
                data_dir=self._config.data_dir,
                environment=self._environment(servers),
                show=self._show,
            ) as children,
        ):
            watching = asyncio.create_task(servers.watch())
            try:
                healthy = await self._start(children, simulate)
                self._console.print(self._panel(servers, time.monotonic() - began, healthy))
                await watching
            finally:
                watching.cancel()

    def _servers(self) -> Servers:
        config = self._config
        ports = {"mongo": config.mongo_port, "redis": config.redis_port, "mqtt": config.mqtt_port}
        return Servers(
            config.data_dir,
            ports=ports,
            only=self._embedded,
            redis_appendonly=config.redis_appendonly,
            mqtt_identities=self._written_identities() if self._knows_clients else None,
        )

    def _written_identities(self) -> Path:
        """Write the broker's accounts; the devices in the files are those of the last run."""
        write_identities(
            self._identities,
            gateway_url=self._config.mqtt_url,
            fleet_url=self._config.simulator_mqtt_url,
            devices=None,
        )
        return self._identities

    async def _start(self, children: Children, simulate: Sequence[str] | None) -> bool:
        config = self._config
        # After the servers, so that a second `up` on the same data is told so, not of a port.
        self._require_free_ports()
        for name in self._doubles:
            double = children.start(name, _own("provider-double", name))
            # Before `serve`, which reads the keys that they make.
            await wait_until(
                partial(_status, f"{self._double_url(name)}/healthz", at_most=299),
                child=double,
                patience_s=FIRST_ANSWER_PATIENCE_S,
            )
        # Alone at first: it makes the indexes and, in an empty database, the city.
        serve = children.start("serve", _own("serve"))
        health = f"http://{config.http_host}:{config.http_port}/healthz"
        await wait_until(
            lambda: _status(health, at_most=599), child=serve, patience_s=FIRST_ANSWER_PATIENCE_S
        )
        for name in ("ingest", "worker"):
            children.start(name, _own(name))
        if self._knows_clients:
            pid_file = str(config.data_dir / MQTT.name / PID_FILE)
            follow = ("--out", str(self._identities), "--follow", pid_file)
            children.start("broker", _own("broker-config", "mosquitto", *follow))
        if simulate is not None:
            children.start("simulate", _own("simulate", *simulate))
            if {"wechat", "alipay"} <= {*self._doubles}:
                children.start("drivers", _own("drivers"))
        return await wait_until(
            lambda: _status(health, at_most=299), child=serve, patience_s=ALL_HEALTHY_PATIENCE_S
        )

    def _require_free_ports(self) -> None:
        config = self._config
        require_free(
            config.http_port,
            label="the web server",
            variable="SMARTCLOUD_HTTP_PORT or --http-port",
            host=config.http_host,
        )
        for name in self._doubles:
            require_free(
                getattr(config, f"{name}_port"),
                label=f"the {name} double",
                variable=f"SMARTCLOUD_{name.upper()}_PORT",
            )

    def _double_url(self, name: str) -> str:
        return f"http://127.0.0.1:{getattr(self._config, f'{name}_port')}"

    def _environment(self, servers: Servers) -> dict[str, str]:
        config = self._config
        urls = {KINDS[name].url_variable: servers[name].url for name in self._embedded}
        if MQTT.name in self._embedded:
            urls[MQTT.url_variable] = config.mqtt_url  # with the gateway's account
        return {
            **self._environ,
            **urls,
            "SMARTCLOUD_DATA_DIR": str(config.data_dir),
            "SMARTCLOUD_HTTP_PORT": str(config.http_port),
            "SMARTCLOUD_SMS_URL": config.sms_url,
            "SMARTCLOUD_WECHAT_URL": config.wechat_url,
            "SMARTCLOUD_WECHAT_LOGIN_URL": config.wechat_login_url,
            "SMARTCLOUD_WECHAT_AUTHORIZE_URL": config.wechat_authorize_url,
            "SMARTCLOUD_ALIPAY_URL": config.alipay_url,
            "PYTHONUNBUFFERED": "1",
        }

    def _show(self, name: str, line: str) -> None:
        prefix = (f"{name:>8} │ ", COLORS.get(name, "white"))
        self._console.print(Text.assemble(prefix, Text.from_ansi(line)), soft_wrap=True)

    def _panel(self, servers: Servers, took_s: float, healthy: bool) -> Panel:
        config = self._config
        home = f"http://{config.http_host}:{config.http_port}"
        lines = Table.grid(padding=(0, 2))
        rows = [("SmartCloud", f"{home}/"), ("Console", f"{home}/console/")]
        rows += [("Patrol", f"{home}/pos/"), ("Motorist", f"{home}/m/")]
        pages = {"sms": "inbox", "wechat": "control", "alipay": "control"}
        rows += [
            (f"{name} double", f"{self._double_url(name)}/{pages[name]}") for name in self._doubles
        ]
        rows += [
            (KINDS[name].label.removeprefix("the "), servers[name].url) for name in self._embedded
        ]
        rows.append(("Data", str(config.data_dir)))
        for label, value in rows:
            lines.add_row(Text(label, style="bold"), Text(value, overflow="fold"))
        state = "running" if healthy else f"running, but not all is well: see {home}/healthz"
        return Panel(
            lines,
            title=f"SmartCloud is {state} ({took_s:.1f} s)",
            subtitle="Ctrl-C stops everything",
            border_style="green" if healthy else "yellow",
            expand=False,
        )


def _own(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server.cli", *arguments]


async def _status(url: str, *, at_most: int) -> bool:
    try:
        response = await AsyncHTTPClient().fetch(
            url, raise_error=False, connect_timeout=1, request_timeout=3
        )
    except (OSError, HTTPClientError):
        return False
    return response.code <= at_most
