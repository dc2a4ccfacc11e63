"""Several processes of one command on one port: kept alive, replaced one by one, stopped together.

Each binds the port itself (SO_REUSEPORT), so the kernel spreads the connections. On SIGHUP each is
replaced in turn: its successor serves before it is told to end, and its sockets are told to come
back (3011), which they do to any of the others.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from server.standalone.processes import start_child, stop_child

log = logging.getLogger(__name__)

READY_FD = "SMARTCLOUD_READY_FD"
METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
RECOVERED_AFTER_S = 60.0
# 60 s: whoever waits for the stores as it starts gives up after 30.
READY_WITHIN_S = 60.0
# One that dies this often before it serves will not serve later either.
DEATHS_BEFORE_READY = 3
STOP_PATIENCE_S = 15.0


def say_ready() -> None:
    """Tell whoever started this process, if it gave a pipe for that, that it serves."""
    given = os.environ.pop(READY_FD, "")
    if given:
        with suppress(OSError):
            os.write(int(given), b"ready")
        os.close(int(given))


class Member:
    """One process, started again whenever it ends until it is stopped.

    `on_ready` is called when it has first said that it serves.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._on_ready = on_ready
        self._settled = asyncio.Event()
        self.ready = False
        self._deaths = 0
        self._living: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start it and keep it alive."""
        self._living = asyncio.create_task(self._keep_alive())

    async def serves(self, *, within_s: float) -> bool:
        """Wait until it has said that it is ready; False when it dies instead, or takes too long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), within_s)
        return self.ready

    async def stop(self) -> None:
        """End it, by force when it does not end within 15 s."""
        assert self._living is not None
        self._living.cancel()
        await asyncio.wait([self._living])

    async def _keep_alive(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            code = await self._live_once()
            self._deaths += 1
            if self._deaths == DEATHS_BEFORE_READY:
                self._settled.set()
            if time.monotonic() - began > RECOVERED_AFTER_S:
                pause_s = FIRST_PAUSE_S
            log.warning("Process restarted", extra={"code": code, "pause_s": pause_s})
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _live_once(self) -> int:
        heard, said = os.pipe()
        try:
            process = await start_child(
                self._command,
                output=None,
                environment={**self._environment, READY_FD: str(said)},
                pass_fds=[said],
            )
        finally:
            os.close(said)
        loop = asyncio.get_running_loop()
        loop.add_reader(heard, self._hear, heard)
        try:
            return await process.wait()
        finally:
            if await stop_child(process, patience_s=STOP_PATIENCE_S):
                log.warning("Process killed because it did not stop", extra={"pid": process.pid})
            loop.remove_reader(heard)
            os.close(heard)
            _forget_gauges(self._environment[METRICS_DIR], process.pid)

    def _hear(self, heard: int) -> None:
        # The end of the pipe, without a word, is a process that died before it served.
        if os.read(heard, 16):
            self._settled.set()
            if not self.ready:
                self.ready = True
                self._on_ready()
        else:
            asyncio.get_running_loop().remove_reader(heard)


class Fleet:
    """So many processes of a command, until SIGTERM or SIGINT.

    When all of them serve it says so, in the log and by `say_ready`, as each of them does to it.
    """

    def __init__(self, command: Sequence[str], size: int) -> None:
        self._command = command
        self._size = size
        self._members: list[Member] = []
        self._said_ready = False

    async def run(self) -> None:
        """Keep them running; SIGHUP replaces them one after another."""
        loop = asyncio.get_running_loop()
        stopping, renewing = asyncio.Event(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, renewing.set)
        with TemporaryDirectory(prefix="smartcloud-metrics-") as folder:
            environment = {**os.environ, METRICS_DIR: folder}
            self._members = [
                Member(self._command, environment, self._look_around) for _ in range(self._size)
            ]
            for member in self._members:
                member.start()
            renewals = asyncio.create_task(self._renew_when_asked(renewing, environment))
            await stopping.wait()
            renewals.cancel()
            await asyncio.wait([renewals])
            await asyncio.gather(*(member.stop() for member in self._members))

    def _look_around(self) -> None:
        if not self._said_ready and all(member.ready for member in self._members):
            self._said_ready = True
            log.info("All processes serve", extra={"count": self._size})
            say_ready()

    async def _renew_when_asked(
        self, renewing: asyncio.Event, environment: Mapping[str, str]
    ) -> None:
        while True:
            await renewing.wait()
            renewing.clear()
            log.info("Processes are replaced", extra={"count": self._size})
            if await self._renew(environment):
                log.info("Processes have been replaced", extra={"count": self._size})
            else:
                log.error("A new process did not come up: the others stay as they are")

    async def _renew(self, environment: Mapping[str, str]) -> bool:
        for number, old in enumerate(self._members):
            new = Member(self._command, environment)
            new.start()
            leaving = old
            try:
                if not await new.serves(within_s=READY_WITHIN_S):
                    leaving = new
                    return False
                self._members[number] = new
                self._look_around()
            except asyncio.CancelledError:
                leaving = new
                raise
            finally:
                await leaving.stop()
        return True


def _forget_gauges(folder: str, pid: int) -> None:
    # What a process counted stays in the sums, which may only rise; what it had is gone with it.
    for left in Path(folder).glob(f"gauge_live*_{pid}.db"):
        left.unlink(missing_ok=True)
