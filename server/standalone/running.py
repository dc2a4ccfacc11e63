"""One embedded server: started until it answers, watched, restarted, stopped."""

import asyncio
import time
from pathlib import Path

import structlog

from server.standalone.errors import ServerFailed, StandaloneRefused
from server.standalone.kinds import Kind
from server.standalone.place import Place, last_lines, open_log
from server.standalone.ports import require_free
from server.standalone.processes import end_left_over, record_child, start_child, stop_child
from server.standalone.programs import Program

log = structlog.get_logger(__name__)

# mongod replays its journal after a kill -9: 1-2 s for the demo, more on a slow disk.
START_PATIENCE_S = 60
STOP_PATIENCE_S = 15
PROBE_EVERY_S = 5
PROBE_PATIENCE_S = 3
PROBES_FAILED_AT_MOST = 3
RESTART_PAUSE_S = 1


class RunningServer:
    """A server program on its place, run as our child."""

    def __init__(self, *, kind: Kind, program: Program, place: Place, record: Path) -> None:
        self.kind = kind
        self.program = program
        self.place = place
        self._record = record
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """URL for clients."""
        return self.kind.url(self.place.port)

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._process is not None, f"{self.kind.name} is not running"
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it answers; raises PortTaken or ServerFailed."""
        left_over = await end_left_over(self._record, patience_s=STOP_PATIENCE_S)
        if left_over:
            log.info("Server of a killed run ended", server=self.kind.name, pid=left_over)
        require_free(self.place.port, label=self.kind.label, variable=self.kind.port_variable)
        self.place.folder.mkdir(parents=True, exist_ok=True)
        with open_log(self.place.log) as output:
            self._process = await start_child(
                self.kind.command(self.program, self.place), output=output, hold_stdin=True
            )
        record_child(self._record, self._process.pid)
        await self._wait_for_answer(self._process)

    async def stop(self) -> None:
        """Stop it cleanly, or by force when it does not stop within 15 s."""
        if self._process is None:
            return
        if await stop_child(self._process, patience_s=STOP_PATIENCE_S):
            log.warning("Server killed because it did not stop", server=self.kind.name)
        self._record.unlink(missing_ok=True)
        self._process = None

    async def kill(self) -> None:
        """Kill it as a crash would, and wait until it is gone."""
        assert self._process is not None, f"{self.kind.name} is not running"
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def watch(self) -> None:
        """Restart it whenever it ends or stops answering; runs until it is cancelled."""
        while True:
            assert self._process is not None
            reason = await self._wait_for_trouble(self._process)
            log.warning("Server restarted", server=self.kind.name, reason=reason)
            await self.kill()
            await asyncio.sleep(RESTART_PAUSE_S)
            try:
                await self.start()
            except StandaloneRefused as error:
                log.warning("Server did not come back", server=self.kind.name, reason=str(error))

    async def _wait_for_answer(self, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + START_PATIENCE_S
        while True:
            if process.returncode is not None:
                raise self._failed(f"ended with code {process.returncode} while it was started")
            try:
                await self.kind.answer(self.place)
                return
            except Exception as error:
                if time.monotonic() > deadline:
                    await self.kill()
                    raise self._failed(f"did not answer within {START_PATIENCE_S} s") from error
            await asyncio.sleep(0.03)

    async def _wait_for_trouble(self, process: asyncio.subprocess.Process) -> str:
        failed = 0
        while failed < PROBES_FAILED_AT_MOST:
            try:
                await asyncio.wait_for(process.wait(), PROBE_EVERY_S)
                return f"ended with code {process.returncode}"
            except TimeoutError:
                # A broker whose router has died keeps its port open, so a live process proves little.
                failed = 0 if await self._answers() else failed + 1
        return f"did not answer {failed} times"

    async def _answers(self) -> bool:
        try:
            await asyncio.wait_for(self.kind.answer(self.place), PROBE_PATIENCE_S)
        except Exception:
            return False
        return True

    def _failed(self, how: str) -> ServerFailed:
        return ServerFailed(
            f"{self.kind.label} ({self.program.command[0]}) {how}. "
            f"The end of {self.place.log}:\n{last_lines(self.place.log)}"
        )
