"""Processes of `up` are kept alive, heard, and stopped in order."""

import os
import signal
import sys
from pathlib import Path

import pytest

from server.standalone import ServerFailed, supervision
from server.standalone.processes import birth_of
from server.standalone.supervision import Children, wait_until
from tests.eventually import eventually

LIVES = "import time; print('here', flush=True); time.sleep(60)"
SAYS_GOODBYE = """
import signal, sys, time
def end(*_):
    print('goodbye', flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print('here', flush=True)
time.sleep(60)
"""


@pytest.fixture
def heard() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def children(tmp_path: Path, heard: list[tuple[str, str]]) -> Children:
    def show(name: str, line: str) -> None:
        heard.append((name, line))

    return Children(data_dir=tmp_path, environment=dict(os.environ), show=show)


async def test_a_process_that_dies_is_started_again(
    children: Children, heard: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.01)
    async with children:
        child = children.start("serve", [sys.executable, "-c", LIVES])
        await eventually(lambda: len(heard) == 1)
        assert child.process is not None

        os.kill(child.process.pid, signal.SIGKILL)

        await eventually(lambda: heard == [("serve", "here")] * 2)
        assert child.deaths == 1
        last = child.process.pid
    assert birth_of(last) is None


async def test_children_stop_in_reverse_order_and_are_heard_to_the_end(
    children: Children, heard: list[tuple[str, str]], tmp_path: Path
) -> None:
    async with children:
        for name in ("serve", "ingest"):
            children.start(name, [sys.executable, "-c", SAYS_GOODBYE])
        await eventually(lambda: len(heard) == 2)

    assert heard[2:] == [("ingest", "goodbye"), ("serve", "goodbye")]
    assert (tmp_path / "logs" / "serve.log").read_text() == "here\ngoodbye\n"


async def test_a_process_that_ignores_the_request_is_killed(
    children: Children, heard: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "STOP_PATIENCE_S", 0.1)
    async with children:
        child = children.start(
            "deaf",
            [sys.executable, "-c", f"import signal; signal.signal(15, signal.SIG_IGN); {LIVES}"],
        )
        await eventually(lambda: len(heard) == 1)

    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


async def test_a_process_that_never_comes_up_is_given_up_with_its_last_words(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.01)

    async def never() -> bool:
        return False

    async with children:
        child = children.start("serve", [sys.executable, "-c", "raise SystemExit('no database')"])

        with pytest.raises(ServerFailed, match="no database"):
            await wait_until(never, child=child, patience_s=20)
