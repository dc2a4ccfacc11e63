"""Several processes of a command are kept alive, and a successor that cannot serve replaces nobody."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from server import fleet
from server.fleet import Fleet
from tests.eventually import eventually

# Says where it is by a file with its pid; one that finds `broken` dies before it is ready.
PROGRAM = """
import os, pathlib, signal, sys
from server.fleet import say_ready
here = pathlib.Path(sys.argv[1])
if (here / "broken").exists():
    sys.exit("broken")
signal.signal(signal.SIGTERM, lambda *_: (mine.unlink(), sys.exit()))
mine = here / str(os.getpid())
mine.touch()
say_ready()
while True:
    signal.pause()
"""


@pytest_asyncio.fixture
async def pids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """A fleet of two whose members write their pids into the folder."""
    monkeypatch.setattr(fleet, "FIRST_PAUSE_S", 0.01)
    running = asyncio.create_task(Fleet([sys.executable, "-c", PROGRAM, str(tmp_path)], 2).run())
    await eventually(lambda: len(living(tmp_path)) == 2)
    yield tmp_path
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert living(tmp_path) == set()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.remove_signal_handler(number)


def living(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir() if path.name.isdigit()}


async def test_one_that_dies_is_started_again(pids: Path) -> None:
    before = living(pids)
    killed = min(before)

    os.kill(killed, signal.SIGKILL)
    (pids / str(killed)).unlink()

    await eventually(lambda: len(living(pids)) == 2)
    assert killed not in living(pids)
    assert before & living(pids)


async def test_a_hangup_replaces_them_one_by_one(pids: Path) -> None:
    before = living(pids)

    os.kill(os.getpid(), signal.SIGHUP)

    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while living(pids) & before:
                # at no time are there fewer than two
                assert len(living(pids)) >= 2
                await asyncio.sleep(0.001)
    assert len(living(pids)) == 2
    assert not living(pids) & before


async def test_a_successor_that_does_not_come_up_replaces_nobody(
    pids: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = living(pids)
    (pids / "broken").touch()

    os.kill(os.getpid(), signal.SIGHUP)

    await eventually(lambda: "did not come up" in caplog.text)
    assert living(pids) == before
    (pids / "broken").unlink()
