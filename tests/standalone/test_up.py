"""`smartcloud up` starts everything, keeps it alive, and leaves nothing behind."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from server.standalone.ports import free_port
from server.standalone.processes import birth_of
from tests.eventually import eventually

PROCESSES = ("sms", "wechat", "alipay", "serve", "ingest", "worker")


class Up:
    """One `smartcloud up` as a person would start it, on free ports."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.http_port = free_port()
        self.said = ""
        self._ports = {
            f"SMARTCLOUD_{name}_PORT": str(free_port())
            for name in ("MONGO", "REDIS", "MQTT", "SMS", "WECHAT", "ALIPAY")
        }

    async def start(self) -> asyncio.subprocess.Process:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SMARTCLOUD_")}
        options = ("--data-dir", str(self.data_dir), "--http-port", str(self.http_port))
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.cli", "up", "--no-simulate", *options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=clean | self._ports,
        )

    async def listen(self, process: asyncio.subprocess.Process, *, until: str) -> None:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while until not in self.said:
                chunk = await process.stdout.read(4096)
                assert chunk, f"ended too soon:\n{self.said}"
                self.said += chunk.decode()

    async def status(self, path: str) -> int:
        url = f"http://127.0.0.1:{self.http_port}{path}"
        return (await AsyncHTTPClient().fetch(url, raise_error=False)).code


def offspring(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.fixture
async def up(tmp_path: Path) -> Up:
    return Up(tmp_path)


@pytest.fixture
async def running(up: Up) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await up.start()
    await up.listen(process, until="Ctrl-C stops everything")
    yield process
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="children die with their parent on Linux only")
async def test_up_runs_survives_a_death_refuses_a_second_and_dies_whole(
    up: Up, running: asyncio.subprocess.Process
) -> None:
    assert "SmartCloud is running" in up.said
    assert await up.status("/healthz") == 200

    # A process that is killed comes back.
    serve = next(pid for pid in offspring(running.pid) if "server.cli serve" in command_of(pid))
    os.kill(serve, signal.SIGKILL)
    await up.listen(running, until="Process restarted")
    await eventually(
        lambda: any("server.cli serve" in command_of(pid) for pid in offspring(running.pid))
    )

    # A second one on the same data is told why not.
    second = await up.start()
    said, _ = await asyncio.wait_for(second.communicate(), 30)
    assert second.returncode == 78
    assert re.search(rf"process {running.pid}\b", said.decode())

    # Killed itself, it takes all of them along.
    children = offspring(running.pid)
    # Where there is a mosquitto, one more keeps its accounts.
    with_accounts = shutil.which("mosquitto") is not None
    assert len(children) == len(PROCESSES) + 3 + with_accounts
    running.kill()
    await running.wait()
    await eventually(lambda: all(birth_of(pid) is None for pid in children))

    # And the next one continues, and stops cleanly when it is asked to.
    third = await up.start()
    up.said = ""
    await up.listen(third, until="Ctrl-C stops everything")
    children = offspring(third.pid)
    third.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(third.wait(), 30) == 0
    assert all(birth_of(pid) is None for pid in children)
