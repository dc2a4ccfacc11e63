"""Strangers at both ends: the very programs of docs/try-it.md, word for word."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.city import City

ROOT = Path(__file__).parents[2]
CHANNEL, DEVICE, BERTH = "lot:lot-440303-091", "sensor-391001", "391001"
MODULES = ROOT / "clients" / "node_modules"


def programs() -> dict[str, str]:
    """Read the named programs out of the document."""
    text = (ROOT / "docs" / "try-it.md").read_text()
    return dict(re.findall(r"```\w+ (\S+)\n(.*?)```", text, re.DOTALL))


class Listener:
    """A running screen, and the lines that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def rows(self) -> list[tuple[int, str, int]]:
        """Give the offsets, states and versions of the berth, as they came."""
        return [
            (line["offset"], row[1], row[4])
            for line in self.lines
            for row in line.get("berths", ())
            if row[0] == BERTH
        ]

    def changes(self) -> list[str]:
        """Give the states of the berth, each version once: what is told again is no change."""
        newest, states = 0, []
        for _, state, version in self.rows():
            if version > newest:
                newest = version
                states.append(state)
        return states

    async def until(self, state: str) -> None:
        """Wait until the berth is shown so."""
        async with asyncio.timeout(30):
            while state not in self.changes():
                await asyncio.sleep(0.05)

    async def subscribed(self, times: int) -> None:
        """Wait until it has subscribed so often."""
        async with asyncio.timeout(60):
            while sum("subscribed" in line for line in self.lines) < times:
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it."""
        self._process.terminate()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def listening(city: City, folder: Path) -> AsyncIterator[list[Listener]]:
    """Run both screens."""
    node = shutil.which("node")
    if node is None or not MODULES.is_dir():
        pytest.skip("no node, or `make setup` was not run")
    (folder / "node_modules").symlink_to(MODULES)
    environment = os.environ | {"SMARTCLOUD_URL": city.url}
    commands = [(sys.executable, "listen.py"), (node, "listen.mjs")]
    screens = [
        Listener(
            await asyncio.create_subprocess_exec(
                *command, CHANNEL, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE
            )
        )
        for command in commands
    ]
    try:
        yield screens
    finally:
        for screen in screens:
            await screen.stop()


async def secret_of(city: City, device_id: str) -> str:
    """Ask for a device's secret as the document does."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.cli", "device", "secret", device_id),
        env=city.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().strip()


async def publish(city: City, folder: Path, kind: str, *, secret: str) -> None:
    """Be the device, once."""
    environment = os.environ | {
        "SMARTCLOUD_MQTT": city.broker_url,
        "SMARTCLOUD_SECRET": secret,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "publish.py", DEVICE, kind, cwd=folder, env=environment
    )
    assert await process.wait() == 0


async def test_strangers_hear_a_stranger_and_recover_what_they_missed(
    city: City, tmp_path: Path
) -> None:
    for name, text in programs().items():
        (tmp_path / name).write_text(text)
    secret = await secret_of(city, DEVICE)
    async with listening(city, tmp_path) as screens:
        for screen in screens:
            await screen.subscribed(1)

        await publish(city, tmp_path, "arrived", secret=secret)
        for screen in screens:
            await screen.until("occupied")

        before = {id(screen): len(screen.changes()) for screen in screens}
        city.kill("serve")
        await publish(city, tmp_path, "left", secret=secret)
        for screen in screens:
            await screen.subscribed(2)
            await screen.until("free")

        python, node = screens
        assert python.rows() == node.rows()
        assert python.changes() == [
            "pending_occupied",
            "occupied",
            "pending_free",
            "free",
        ], python.rows()
        offsets = [offset for offset, *_ in python.rows()]
        assert offsets == list(range(offsets[0], offsets[-1] + 1))
        for screen in screens:
            assert before[id(screen)] == 2
            again = [line for line in screen.lines if "subscribed" in line][1]
            assert again["recovered"] is True
