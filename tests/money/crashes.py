"""A store whose process dies: before a commit, so that nothing was done, or after, so that nobody heard."""

from collections.abc import Callable
from random import Random
from typing import Any

from server.kernel.work import Work
from server.store.mongo import Database, Store


class Crash(Exception):
    """The process died here."""


class CrashingStore(Store):
    """Dies at commits by a plan: the numbers of commits, and whether before or after."""

    def __init__(self, database: Database, *, clock: Callable[[], Any]) -> None:
        super().__init__(database, clock=clock)
        self.plan: dict[int, str] = {}
        self.commits = 0
        self.crashes = 0

    def plan_crashes(self, random: Random, *, within: int, count: int) -> None:
        """Choose where to die among the next commits."""
        numbers = random.sample(range(1, within + 1), count)
        self.plan = {
            self.commits + number: random.choice(("before", "after")) for number in numbers
        }

    async def _commit(self, work: Work, *how: Any, **more: Any) -> None:
        if not work.changes() and not work.facts:
            return
        self.commits += 1
        when = self.plan.pop(self.commits, "")
        if when == "before":
            self.crashes += 1
            raise Crash
        await super()._commit(work, *how, **more)
        if when == "after":
            self.crashes += 1
            raise Crash
