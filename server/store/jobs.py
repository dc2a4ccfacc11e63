"""Runs the declared jobs at their pace, in one process at a time."""

import asyncio
import logging

from prometheus_client import Counter, Histogram
from pymongo.errors import PyMongoError

from server.kernel.access import system
from server.kernel.errors import DomainError
from server.kernel.schedule import JOBS, Job
from server.store.lease import Lease
from server.store.mongo import Store
from server.store.stopping import stop_if_cancelled

log = logging.getLogger(__name__)
LEASE_S = 5.0
RUNS = Counter("smartcloud_job_runs_total", "Runs of a job", ["job", "result"])
SECONDS = Histogram("smartcloud_job_seconds", "How long a job ran", ["job"])


async def run_jobs(store: Store, *, holder: str) -> None:
    """Run every declared job at its pace until cancelled."""
    lease = Lease(store.database, name="jobs", holder=holder, lasts_s=LEASE_S)
    held = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_keep(lease, held))
            for job in JOBS.values():
                group.create_task(_repeat(store, job, held))
    finally:
        try:
            await lease.give_back()
        except PyMongoError:
            log.debug("Lease of the jobs runs out by itself: the store is away")


async def _keep(lease: Lease, held: asyncio.Event) -> None:
    while True:
        stop_if_cancelled()
        try:
            mine = await lease.take()
        except PyMongoError:
            mine = False
        (held.set if mine else held.clear)()
        await asyncio.sleep(LEASE_S / 3)


async def _repeat(store: Store, job: Job, held: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    while True:
        stop_if_cancelled()
        await held.wait()
        started = loop.time()
        try:
            await store.run(system(job.name), job.body)
            RUNS.labels(job.name, "done").inc()
        except DomainError as refusal:
            RUNS.labels(job.name, "refused").inc()
            log.warning("Job refused", extra={"job": job.name, "code": refusal.code})
        except Exception:
            RUNS.labels(job.name, "failed").inc()
            log.exception("Job failed", extra={"job": job.name})
        took = loop.time() - started
        SECONDS.labels(job.name).observe(took)
        await asyncio.sleep(max(0.05, job.every_s - took))
