"""Jobs run at their pace, in one process, and one that fails does not stop the others."""

import asyncio
from collections.abc import Iterator

import pytest

from server.kernel.errors import Refused
from server.kernel.schedule import JOBS, Job, job
from server.kernel.work import Work
from server.store.jobs import run_jobs
from server.store.mongo import Store
from tests.store.nouns import Pet, run


@pytest.fixture
def no_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A platform without jobs of its own."""
    kept = dict(JOBS)
    JOBS.clear()
    yield
    JOBS.clear()
    JOBS.update(kept)


def declare(body: object, name: str) -> None:
    """Declare a job that is due again at once."""
    JOBS[name] = Job(name, 0.0, body)  # type: ignore[arg-type]


async def until(event: asyncio.Event, store: Store, *holders: str) -> None:
    """Run the jobs as these processes until something has happened."""
    running = [asyncio.create_task(run_jobs(store, holder=holder)) for holder in holders]
    try:
        async with asyncio.timeout(10):
            await event.wait()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.usefixtures("no_jobs")
async def test_a_job_runs_again_and_again_and_commits(store: Store) -> None:
    done = asyncio.Event()

    async def breed(work: Work) -> None:
        if await work.table(Pet).maybe("p1") is not None:
            done.set()
            return
        work.table(Pet).add(Pet(id="p1", name=work.actor.id))

    declare(breed, "breed")
    await until(done, store, "a")

    assert (await run(store, lambda work: work.table(Pet).get("p1"))).name == "breed"


@pytest.mark.usefixtures("no_jobs")
async def test_a_job_that_fails_comes_again_and_others_go_on(store: Store) -> None:
    done, runs = asyncio.Event(), {"refuses": 0, "fails": 0, "works": 0}

    async def refuses(work: Work) -> None:
        runs["refuses"] += 1
        raise Refused("not_now", "不行")

    async def fails(work: Work) -> None:
        runs["fails"] += 1
        raise RuntimeError("a job with a fault")

    async def works(work: Work) -> None:
        runs["works"] += 1
        if min(runs.values()) >= 2:
            done.set()

    for body in (refuses, fails, works):
        declare(body, body.__name__)
    await until(done, store, "a")

    assert min(runs.values()) >= 2


@pytest.mark.usefixtures("no_jobs")
async def test_two_processes_never_run_a_job_at_the_same_time(store: Store) -> None:
    done, running, most, runs = asyncio.Event(), 0, 0, 0

    async def alone(work: Work) -> None:
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        await work.table(Pet).find({})
        running -= 1
        if runs == 5:
            done.set()

    declare(alone, "alone")
    await until(done, store, "a", "b")

    assert most == 1


def test_a_jobs_name_is_taken_once(no_jobs: None) -> None:
    async def tidy(work: Work) -> None:
        """Do nothing."""

    job(every_s=1)(tidy)
    with pytest.raises(AssertionError):
        job(every_s=1)(tidy)
