"""Screens that are none of the tests' own: the published Python SDK, and the clients' code in Node."""

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from tests.simulation.audience import Audience
from tests.simulation.proxy import Proxy
from tests.simulation.quarter import Quarter
from tests.simulation.screen import Row, behind, rows_of
from tests.simulation.screens import Screens
from tests.simulation.stage import Stage

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
SCRIPT = Path(__file__).with_name("collections.ts")
Rows = dict[str, Row]


class PublishedScreens:
    """So many screens, half of each kind; the clients' code runs where Node and its packages are."""

    def __init__(
        self, stage: Stage, proxy: Proxy, audience: Audience, quarter: Quarter, *, count: int
    ) -> None:
        public = [name for name in quarter.channels if name.startswith("section:")]
        self._audience = audience
        self.url = proxy.url
        self._python = Screens(
            self, [one for one in public if not one.endswith(":staff")][:2], clients=count // 2
        )
        self._collections = Collections(
            [quarter.channels[number::7][:3] for number in range(count - count // 2)]
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._python)
        if shutil.which("node") and (CLIENTS / "node_modules" / "ws").is_dir():
            self._stack.push_async_callback(self._collections.stop)
            await self._collections.start(self.url, self._audience.staff_token)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def wrong(self) -> list[str]:
        """List where a publication did not follow the one before."""
        return [f"python sdk: {hole}" for one in self._python.each() for hole in one.holes]

    @property
    def seen(self) -> dict[str, int]:
        """Count what happened to them."""
        shown = self._python.each()
        return {
            "python sdk publications": sum(one.publications for one in shown),
            "python sdk recoveries": sum(one.recoveries for one in shown),
            "python sdk loads": sum(one.loads for one in shown),
            "clients' code publications": self._collections.publications,
            "clients' code loads": self._collections.loads,
        }

    async def differences(self, truth: dict[str, Rows]) -> list[str]:
        """List which screens do not show what is."""
        found = []
        for number, shown in enumerate(self._python.shown):
            for channel, one in shown.items():
                if behind(one.rows, await self._truth(truth, channel)):
                    found.append(f"python sdk {number} {channel}")
        for number, channel, status, rows in await self._collections.ask():
            if status != "live" or behind(rows, await self._truth(truth, channel)):
                found.append(f"clients' code {number} {channel} ({status})")
        return found

    async def _truth(self, truth: dict[str, Rows], channel: str) -> Rows:
        if channel not in truth:
            data = (await self._audience.snapshot(channel))["data"]
            truth[channel] = {row[0]: row for row in rows_of(data)}
        return truth[channel]

    # What the Python SDK's screens ask of a city: it goes on until it works.

    async def get(self, path: str) -> Any:
        """Read JSON as staff may."""
        return await self._patiently("GET", path.replace("/motorist/", "/console/"))

    async def post(self, path: str, body: object) -> Any:
        """Send JSON as staff may."""
        return await self._patiently("POST", path.replace("/motorist/", "/console/"), body)

    async def _patiently(self, method: str, path: str, body: object = None) -> Any:
        while True:
            try:
                return await self._audience.ask(method, path, body)
            except OSError:
                await asyncio.sleep(0.2)


class Collections:
    """The clients' connection and collection code, in one Node process."""

    def __init__(self, screens: list[list[str]]) -> None:
        self._screens = screens
        self._process: asyncio.subprocess.Process | None = None
        self.publications = 0
        self.loads = 0

    async def start(self, url: str, token: str) -> None:
        """Bundle the sources as a build does, and run them."""
        bundle = CLIENTS / "node_modules" / ".cache" / "smartcloud-chaos.mjs"
        rolldown = await asyncio.create_subprocess_exec(
            *("node_modules/.bin/rolldown", str(SCRIPT), "--file", str(bundle)),
            *("--format", "esm", "--platform", "node", "--log-level", "silent"),
            cwd=CLIENTS,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await rolldown.wait() == 0
        self._process = await asyncio.create_subprocess_exec(
            *("node", str(bundle), url, token, json.dumps(self._screens)),
            cwd=CLIENTS,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=16 * 1024**2,
        )

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def ask(self) -> list[tuple[int, str, str, Rows]]:
        """Ask what each screen shows: its number, channel, status and rows."""
        if self._process is None:
            return []
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        answer = json.loads(await self._process.stdout.readline())
        self.publications, self.loads = answer["publications"], answer["loads"]
        return [
            (number, one["channel"], one["status"], {row[0]: row for row in one["rows"]})
            for number, shown in enumerate(answer["shown"])
            for one in shown
        ]
