"""What the platform does by itself at a pace: declared jobs, run by one process at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from server.kernel.work import Work

JobBody = Callable[[Work], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """A body that is run every so many seconds, each time as a unit of work of its own."""

    name: str
    every_s: float
    body: JobBody


JOBS: dict[str, Job] = {}


def job(*, every_s: float) -> Callable[[JobBody], JobBody]:
    """Declare a job. It must be safe to run twice, and to be skipped once."""

    def declare(body: JobBody) -> JobBody:
        name = body.__name__
        assert name not in JOBS, f"{name} is declared already"
        JOBS[name] = Job(name, every_s, body)
        return body

    return declare
