"""Rights that change act on open sockets, whichever node they are on, within the promised time."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from server.domain.identity import change_rights, disable_account
from server.kernel.access import system
from tests.simulation.line import Closed, Line, Push, Refused
from tests.simulation.quarter import DIVISION, PASSWORD, Quarter
from tests.simulation.stage import Node, Stage, ask

pytestmark = pytest.mark.simulation

PERMISSION_WITHIN_S = 5.0
LOGOUT_WITHIN_S = 1.0
STAFF_CHANNEL = "section:p0:staff"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("rights")
    async with Stage(folder, Quarter(places=2, berths_each=2).fill) as running:
        yield running


class Ear:
    """A patroller's or manager's socket on one node, which hears the berths with their plates."""

    def __init__(self, node: Node, client: str, username: str) -> None:
        self._node = node
        self._client = client
        self._username = username
        self.pushes: asyncio.Queue[Push] = asyncio.Queue()
        self.api_token = ""
        self.token = ""

    async def log_in(self) -> None:
        body = {"username": self._username, "password": PASSWORD}
        answer = await ask(self._node, "POST", f"/api/{self._client}/logins", body)
        self.api_token = answer["token"]
        answer = await ask(
            self._node, "POST", f"/api/{self._client}/realtime-tokens", {}, token=self.api_token
        )
        self.token = answer["token"]

    async def log_out(self) -> None:
        await ask(self._node, "DELETE", f"/api/{self._client}/logins/current", token=self.api_token)

    def line(self) -> Line:
        return Line(self._node.url, self.pushes.put_nowait)

    async def listen(self, line: Line) -> None:
        await line.ask("connect", {"token": self.token})
        await line.ask("subscribe", {"channel": STAFF_CHANNEL})

    async def unsubscribed(self) -> dict[str, Any]:
        while True:
            push = await self.pushes.get()
            if "unsubscribe" in push:
                return {"channel": push["channel"], **push["unsubscribe"]}


async def everywhere(stage: Stage, client: str, username: str) -> list[Ear]:
    """Give an ear on each node, all under one login."""
    ears = [Ear(node, client, username) for node in stage.nodes]
    await ears[0].log_in()
    for ear in ears[1:]:
        ear.token = ears[0].token
    return ears


async def within(limit_s: float, act: Awaitable[object], seen: Callable[[], Awaitable[Any]]) -> Any:
    """Act, and give what is seen of it; fails when that takes longer than promised."""
    watching = asyncio.ensure_future(seen())
    await act
    began = time.monotonic()
    found = await asyncio.wait_for(watching, limit_s)
    print(f"seen after {time.monotonic() - began:.3f} s")
    return found


async def change(stage: Stage, use_case: Callable[..., Awaitable[object]], **to: Any) -> None:
    await stage.store.run(system("test"), lambda work: use_case(work, **to))


async def test_a_logout_closes_the_login_s_sockets_on_all_nodes_and_no_others(
    stage: Stage,
) -> None:
    here, there = stage.nodes
    out, stays = Ear(here, "patrol", "patrol1"), Ear(there, "patrol", "patrol1")
    await out.log_in()
    await stays.log_in()
    elsewhere = Ear(there, "patrol", "patrol1")
    elsewhere.token = out.token
    async with out.line() as first, elsewhere.line() as second, stays.line() as third:
        for ear, line in ((out, first), (elsewhere, second), (stays, third)):
            await ear.listen(line)

        async def both_closed() -> list[int]:
            return [await first.closed(), await second.closed()]

        codes = await within(LOGOUT_WITHIN_S, out.log_out(), both_closed)

        assert codes == [3500, 3500]
        # and its token, which is good for ten minutes, opens no other socket
        async with elsewhere.line() as again:
            with pytest.raises(Closed):
                await again.ask("connect", {"token": out.token})
            assert await again.closed() == 3500
        assert await third.ask("ping", {}) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"roles": ["dispatcher"], "division_codes": ["440303"]},
        {"roles": [], "division_codes": [DIVISION]},
    ],
    ids=["scope", "role"],
)
async def test_a_lost_right_ends_the_subscriptions_it_covered(
    stage: Stage, changed: dict[str, list[str]]
) -> None:
    ears = await everywhere(stage, "patrol", "patrol1")
    async with ears[0].line() as first, ears[1].line() as second:
        for ear, line in zip(ears, (first, second), strict=True):
            await ear.listen(line)
            await line.ask("subscribe", {"channel": "section:p0"})

        async def both_ended() -> list[dict[str, Any]]:
            return [await ear.unsubscribed() for ear in ears]

        ended = await within(
            PERMISSION_WITHIN_S,
            change(stage, change_rights, account_id="staff-patrol1", **changed),
            both_ended,
        )

        assert [(one["channel"], one["code"]) for one in ended] == [(STAFF_CHANNEL, 2000)] * 2
        for line in (first, second):
            # the socket lives, hears what anybody may, and may not come back to the other
            assert await line.ask("ping", {}) == {}
            with pytest.raises(Refused) as refused:
                await line.ask("subscribe", {"channel": STAFF_CHANNEL})
            assert refused.value.code == 103
        # neither may a new socket with the token from before
        async with ears[0].line() as again:
            with pytest.raises(Refused):
                await ears[0].listen(again)
    await change(
        stage,
        change_rights,
        account_id="staff-patrol1",
        roles=["patroller"],
        division_codes=[DIVISION],
    )


async def test_an_order_that_redis_lost_acts_when_redis_is_back(stage: Stage) -> None:
    ears = await everywhere(stage, "console", "city")
    redis = stage.servers["redis"]
    async with ears[0].line() as first, ears[1].line() as second:
        for ear, line in zip(ears, (first, second), strict=True):
            await ear.listen(line)
        await redis.kill()

        # told while nobody can hear it, and forwarded by the worker as soon as it can be
        await change(
            stage, change_rights, account_id="staff-city", roles=["finance"], division_codes=["1"]
        )
        await redis.start()

        async def both_ended() -> list[str]:
            return [(await ear.unsubscribed())["channel"] for ear in ears]

        assert await asyncio.wait_for(both_ended(), 30) == [STAFF_CHANNEL] * 2


async def test_a_disabled_account_is_out_at_once(stage: Stage) -> None:
    ears = await everywhere(stage, "patrol", "patrol1")
    async with ears[0].line() as first, ears[1].line() as second:
        for ear, line in zip(ears, (first, second), strict=True):
            await ear.listen(line)

        async def both_closed() -> list[int]:
            return [await first.closed(), await second.closed()]

        codes = await within(
            LOGOUT_WITHIN_S,
            change(stage, disable_account, account_id="staff-patrol1"),
            both_closed,
        )

    assert codes == [3500, 3500]
