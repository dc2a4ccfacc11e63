"""A whole platform as `smartcloud up` runs it, on free ports, for tests that stand outside of it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from server.config import MONGO_OPTIONS, Config
from server.demo import LOGINS_FILE, PARTNER_KEY
from server.standalone.ports import free_port

# 120 s: a cold start with the demo city takes 8 s on an idle machine, and tests share theirs.
HEALTHY_WITHIN_S = 120.0
STOP_WITHIN_S = 30.0
# What tells a child of `up` from the others by its command line.
COMMANDS = {
    "mongo": "--dbpath",
    "redis": "redis",
    "serve": "server.cli serve",
    "ingest": "server.cli ingest",
    "worker": "server.cli worker",
}


class City:
    """One running `smartcloud up`; `logins` are the staff's passwords by user name."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.http_port = free_port()
        self.ports = {
            name: free_port() for name in ("mongo", "redis", "mqtt", "sms", "wechat", "alipay")
        }
        self._up: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Address of the web server, without a slash at the end."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def mqtt_url(self) -> str:
        """Address of the MQTT broker, with the account that speaks for every device."""
        return Config.from_environment(self.environment).simulator_mqtt_url

    @property
    def broker_url(self) -> str:
        """Address of the MQTT broker, for a client with a name of its own."""
        return f"mqtt://127.0.0.1:{self.ports['mqtt']}"

    @property
    def mongo_url(self) -> str:
        """Address of the database."""
        return f"mongodb://127.0.0.1:{self.ports['mongo']}/?{MONGO_OPTIONS}"

    @property
    def sms_inbox_url(self) -> str:
        """Where the SMS double shows what it was given."""
        return f"http://127.0.0.1:{self.ports['sms']}/inbox"

    @property
    def logins(self) -> dict[str, str]:
        """Passwords of the demo's staff by user name."""
        made: dict[str, str] = json.loads((self.data_dir / LOGINS_FILE).read_text())
        return {name: password for name, password in made.items() if name != PARTNER_KEY}

    @property
    def environment(self) -> dict[str, str]:
        """What a command of ours must find in its environment to belong to this city."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SMARTCLOUD_")}
        ports = {f"SMARTCLOUD_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        own = {
            "SMARTCLOUD_HTTP_PORT": str(self.http_port),
            "SMARTCLOUD_DATA_DIR": str(self.data_dir),
        }
        return clean | ports | own

    async def start(self) -> None:
        """Start it without a simulator, and wait until every component is well."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._up = await self._command("up", "--no-simulate", log="up")
        await self.healthy(within_s=HEALTHY_WITHIN_S)

    async def stop(self) -> None:
        """Stop it as Ctrl-C does, by force when that takes too long."""
        await _end(self._up)

    def pid(self, name: str) -> int | None:
        """Find the process of one component, if it is running now."""
        assert self._up is not None
        children = Path(f"/proc/{self._up.pid}/task/{self._up.pid}/children").read_text()
        return next((int(pid) for pid in children.split() if COMMANDS[name] in _line(pid)), None)

    def kill(self, name: str) -> int:
        """Kill one component as a crash would; gives the process id that it had."""
        pid = self.pid(name)
        assert pid is not None, f"{name} is not running"
        os.kill(pid, signal.SIGKILL)
        return pid

    async def healthy(self, *, within_s: float = 60.0) -> None:
        """Wait until every component is well."""
        assert self._up is not None
        async with asyncio.timeout(within_s):
            while not await self._answers():
                assert self._up.returncode is None, f"ended:\n{self._said()}"
                await asyncio.sleep(0.1)

    async def get(self, path: str) -> Any:
        """Read JSON from the API as anybody may."""
        return json.loads((await AsyncHTTPClient().fetch(self.url + path)).body)

    async def post(self, path: str, body: object) -> Any:
        """Send JSON to the API as anybody may."""
        answer = await AsyncHTTPClient().fetch(
            self.url + path,
            method="POST",
            body=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        return json.loads(answer.body)

    @asynccontextmanager
    async def simulating(self, *options: str) -> AsyncIterator[None]:
        """Let cars come and go meanwhile; `options` are those of `smartcloud simulate`."""
        simulator = await self._command("simulate", "--plain", *options, log="simulate")
        try:
            yield
        finally:
            await _end(simulator)

    async def _command(self, *arguments: str, log: str) -> asyncio.subprocess.Process:
        with (self.data_dir / f"{log}.said").open("ab") as said:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.cli", *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self.environment,
            )

    async def _answers(self) -> bool:
        try:
            answer = await AsyncHTTPClient().fetch(f"{self.url}/healthz", request_timeout=3)
        except (OSError, HTTPClientError):
            return False
        return answer.code == 200

    def _said(self) -> str:
        return (self.data_dir / "up.said").read_text()[-3000:]


@asynccontextmanager
async def running_city(data_dir: Path) -> AsyncIterator[City]:
    """Run a city of its own for as long as the context lasts."""
    city = City(data_dir)
    try:
        await city.start()
        yield city
    finally:
        await city.stop()


async def _end(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
