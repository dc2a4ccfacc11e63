"""Our own processes as children: started in order, restarted when they die, stopped in reverse."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL
from typing import Self

import structlog

from server.standalone.errors import ServerFailed
from server.standalone.kinds import log_file
from server.standalone.place import last_lines, open_log
from server.standalone.processes import start_child, stop_child

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
# Who lived this long has recovered: the next death starts again with the shortest pause.
RECOVERED_AFTER_S = 60.0
STOP_PATIENCE_S = 15.0
# A process that dies this often before it ever answers will not answer later either.
DEATHS_BEFORE_FIRST_ANSWER = 3

Show = Callable[[str, str], None]


class Child:
    """One process, restarted whenever it ends until it is stopped."""

    def __init__(
        self, *, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.deaths = 0
        self.process: asyncio.subprocess.Process | None = None
        self.log = log
        self._command = command
        self._environment = environment
        self._living: asyncio.Task[None] | None = None

    def start(self, show: Show) -> None:
        """Start it and keep it alive; each line it prints goes to `show` and to its log."""
        self._living = asyncio.create_task(self._keep_alive(show))

    async def stop(self) -> None:
        """Stop it, by force when it does not end within 15 s."""
        assert self._living is not None
        self._living.cancel()
        await asyncio.wait([self._living])
        if not self._living.cancelled() and self._living.exception():
            log.error("Supervision failed", child=self.name, exc_info=self._living.exception())

    async def _keep_alive(self, show: Show) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            code = await self._live_once(show)
            self.deaths += 1
            if time.monotonic() - began > RECOVERED_AFTER_S:
                pause_s = FIRST_PAUSE_S
            log.warning("Process restarted", child=self.name, code=code, pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _live_once(self, show: Show) -> int:
        # SIGKILL: without us its stores are going away too, and what it has not
        # acknowledged its devices will send again.
        process = await start_child(
            self._command,
            output=asyncio.subprocess.PIPE,
            environment=self._environment,
            death_signal=SIGKILL,
        )
        self.process = process
        relaying = asyncio.create_task(self._relay(process, show))
        try:
            return await process.wait()
        finally:
            # Cancelled here when we are told to stop; its last words still come through.
            if await stop_child(process, patience_s=STOP_PATIENCE_S):
                log.warning("Process killed because it did not stop", child=self.name)
            await relaying

    async def _relay(self, process: asyncio.subprocess.Process, show: Show) -> None:
        assert process.stdout is not None
        with open_log(self.log) as kept:
            while True:
                try:
                    line = await process.stdout.readline()
                except ValueError:
                    # Over 64 kB without an end of line: no line of a log.
                    continue
                if not line:
                    return
                kept.write(line)
                kept.flush()
                show(self.name, line.decode("utf-8", "replace").rstrip())


class Children:
    """All processes of one `up`; leaving the `async with` stops them, the last started first."""

    def __init__(self, *, data_dir: Path, environment: Mapping[str, str], show: Show) -> None:
        self._data_dir = data_dir
        self._environment = environment
        self._show = show
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._children:
            await self._children.pop().stop()

    def start(self, name: str, command: Sequence[str]) -> Child:
        """Start one more process."""
        child = Child(
            name=name,
            command=command,
            environment=self._environment,
            log=log_file(self._data_dir, name),
        )
        child.start(self._show)
        self._children.append(child)
        return child


async def wait_until(
    answers: Callable[[], Awaitable[bool]], *, child: Child, patience_s: float
) -> bool:
    """Wait until a process answers; False when it does not in time.

    Raises ServerFailed, with the end of its log, when it dies again and again before.
    """
    deadline = time.monotonic() + patience_s
    while not await answers():
        if child.deaths >= DEATHS_BEFORE_FIRST_ANSWER:
            raise ServerFailed(
                f"`{child.name}` ended {child.deaths} times before it answered. "
                f"The end of {child.log}:\n{last_lines(child.log, 12)}"
            )
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
