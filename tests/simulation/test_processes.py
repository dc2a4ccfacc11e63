"""`serve --processes`: several on one port, restarted when they die, replaced while screens follow."""

import asyncio
import os
import random
import re
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from tests.simulation.audience import Audience
from tests.simulation.quarter import Quarter
from tests.simulation.stage import OUR_COMMAND, Stage

pytestmark = pytest.mark.simulation

PROCESSES = 2
QUARTER = Quarter(places=4, berths_each=10)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    serve = (*OUR_COMMAND, "serve", "--processes", str(PROCESSES))
    folder: Path = tmp_path_factory.mktemp("processes")
    async with Stage(folder, QUARTER.fill, nodes=1, serve=serve) as running:
        yield running


def children(stage: Stage) -> set[int]:
    process = stage.nodes[0].process
    assert process is not None
    with suppress(OSError):
        said = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        return {int(pid) for pid in said.split()}
    return set()


async def connections(stage: Stage) -> dict[int, float]:
    """Read how many sockets each process has."""
    try:
        answer = await AsyncHTTPClient().fetch(f"{stage.nodes[0].url}/metrics")
    except (OSError, HTTPClientError):  # asked of one that was just killed
        return {}
    found = re.findall(r'^realtime_connections\{pid="(\d+)"\} (\S+)', answer.body.decode(), re.M)
    return {int(pid): float(count) for pid, count in found}


async def all_follow(audience: Audience) -> None:
    """Wait until every screen shows what is."""
    async with asyncio.timeout(30):
        while audience.differences(await audience.truth()):
            await asyncio.sleep(0.1)


def audience_of(stage: Stage, *, seed: int, screens: int = 40) -> Audience:
    return Audience(
        stage, QUARTER.channels, screens=screens, each=2, seed=seed, url=lambda: stage.nodes[0].url
    )


async def test_the_port_is_shared_and_the_figures_are_of_all(stage: Stage) -> None:
    async with audience_of(stage, seed=1) as audience:
        await all_follow(audience)

        shared = await connections(stage)

        assert shared.keys() == children(stage)
        assert len(shared) == PROCESSES
        # The kernel gives each connection to either; all 40 to one in 2 of 2**40 runs.
        assert all(shared.values())
        assert sum(shared.values()) == len(audience.screens)


async def test_a_killed_process_is_started_again_and_its_screens_go_on(stage: Stage) -> None:
    async with audience_of(stage, seed=2) as audience:
        await all_follow(audience)
        killed = min(children(stage))

        os.kill(killed, signal.SIGKILL)

        async with asyncio.timeout(60):
            while len(now := await connections(stage)) < PROCESSES or killed in now:
                await asyncio.sleep(0.1)
        await QUARTER.flip(stage.store, random.Random(2), 20)
        await all_follow(audience)
        assert audience.wrong == []


async def test_all_are_replaced_one_by_one_and_nothing_is_lost(stage: Stage) -> None:
    chance = random.Random(3)
    async with audience_of(stage, seed=3) as audience:
        await all_follow(audience)
        loaded = audience.seen["loaded"]
        before = children(stage)
        process = stage.nodes[0].process
        assert process is not None

        process.send_signal(signal.SIGHUP)

        async with asyncio.timeout(60):
            while before & children(stage):
                await QUARTER.flip(stage.store, chance, 4)
        await all_follow(audience)
        assert len(children(stage)) == PROCESSES
        assert audience.wrong == []
        assert audience.seen["closed 3011"] >= len(audience.screens)
        assert audience.seen["closed 1006"] == 0
        # what was missed came by recovery: no screen had to begin anew
        assert audience.seen["loaded"] == loaded
        assert audience.seen["recovered"] > 2 * len(audience.screens)


async def test_they_stop_together(stage: Stage) -> None:
    pids = children(stage)
    assert pids

    await stage.nodes[0].end()

    assert stage.nodes[0].process is not None
    assert stage.nodes[0].process.returncode == 0
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
