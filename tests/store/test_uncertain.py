"""A commit of which nobody knows whether it was done: a clear answer soon, and the effect once."""

import asyncio
import time

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import AutoReconnect

from server.kernel.errors import Unavailable
from server.store import mongo
from tests.domain.money import bill_of, billed, paid, rows, sound, wish
from tests.world import World


@pytest.fixture
def uncertain(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Lose the answers to the next commits: each one that is `done`, or never arrives, as is said."""
    plan: list[str] = []
    commit = AsyncClientSession.commit_transaction

    async def lose(session: AsyncClientSession) -> None:
        if not plan:
            await commit(session)
            return
        if plan[0] == "done":
            await commit(session)
        await asyncio.sleep(0.02)
        lost = AutoReconnect("connection closed")
        lost._add_error_label("UnknownTransactionCommitResult")
        if len(plan) > 1:
            plan.pop(0)
        raise lost

    monkeypatch.setattr(AsyncClientSession, "commit_transaction", lose)
    monkeypatch.setattr(mongo, "COMMITTED_WITHIN_S", 0.5)
    return plan


@pytest.mark.parametrize("what", ["done", "lost"])
async def test_whoever_does_not_learn_of_a_commit_is_told_so_soon_and_it_counts_once(
    world: World, uncertain: list[str], what: str
) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    began = time.perf_counter()

    uncertain.append(what)
    with pytest.raises(Unavailable):
        await paid(world, intent)
    took = time.perf_counter() - began
    uncertain.clear()
    await paid(world, intent)

    assert took < 2
    assert (await bill_of(world, "stay1")).paid == 400
    await sound(world)


async def test_a_commit_that_is_answered_at_the_second_asking_is_no_failure(
    world: World, uncertain: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [bill] = await billed(world, 400)
    intent = await wish(world, bill)
    lose, asked = AsyncClientSession.commit_transaction, []

    async def once(session: AsyncClientSession) -> None:
        asked.append(1)
        if len(asked) > 1:
            uncertain.clear()
        await lose(session)

    uncertain.append("done")
    monkeypatch.setattr(AsyncClientSession, "commit_transaction", once)
    await paid(world, intent)

    assert len(asked) > 1
    assert len(await rows(world, type(intent))) == 1
    await sound(world)
