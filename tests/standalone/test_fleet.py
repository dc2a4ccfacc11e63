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
    await end(running)
    assert living(tmp_path) == set()


async def end(running: asyncio.Task[None]) -> None:
    """Tell the fleet in this process to end."""
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.remove_signal_handler(number)


def living(folder: Path) -> set[int]:
    return {int(path.name) for path in folder.iterdir() if path.name.isdigit()}


async def test_a_fleet_says_that_it_is_ready_when_all_of_it_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    heard, said = os.pipe2(os.O_NONBLOCK)
    monkeypatch.setenv(fleet.READY_FD, str(said))
    # The second to come waits for a word before it serves.
    program = PROGRAM.replace(
        "say_ready()\nwhile",
        "import time\n"
        "try: os.close(os.open(here / 'taken', os.O_CREAT | os.O_EXCL))\n"
        "except FileExistsError:\n"
        "    while not (here / 'go').exists(): time.sleep(0.01)\n"
        "say_ready()\n"
        "(here / f'ready-{os.getpid()}').touch()\n"
        "while",
    )
    running = asyncio.create_task(Fleet([sys.executable, "-c", program, str(tmp_path)], 2).run())
    await eventually(lambda: len(living(tmp_path)) == 2 and list(tmp_path.glob("ready-*")))

    with pytest.raises(BlockingIOError):
        os.read(heard, 16)
    (tmp_path / "go").touch()
    await eventually(lambda: "All processes serve" in caplog.text)

    assert os.read(heard, 16) == b"ready"
    os.close(heard)
    await end(running)


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
