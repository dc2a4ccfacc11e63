"""Child processes that never outlive us: started, stopped, and recognised again after a crash."""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


async def start_child(
    command: Sequence[str],
    *,
    output: int | IO[bytes] | None,
    environment: Mapping[str, str] | None = None,
    hold_stdin: bool = False,
    death_signal: signal.Signals = signal.SIGTERM,
    pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """Start a program that gets `death_signal` when this process ends, however it ends.

    Its output and errors go to `output`, or where ours go. `pass_fds` stay open in it. It has a session of its own, so that Ctrl-C reaches
    only us and we choose the order in which children stop. `hold_stdin` keeps its input open
    for as long as we live. The kernel ties it to the calling thread: call from the main one.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE if hold_stdin else asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,
        preexec_fn=_tie_to_parent(death_signal),
        pass_fds=pass_fds,
    )


def _tie_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    # Elsewhere than on Linux a kill -9 of the parent leaves the child; its pid file ends it later.
    if _LIBC is None:
        return None
    return partial(_ask_for_death_signal, _LIBC.prctl, death_signal, os.getpid())


def _ask_for_death_signal(prctl: Callable[[int, int], int], death_signal: int, parent: int) -> None:
    prctl(PR_SET_PDEATHSIG, death_signal)
    # The parent may have died between fork and prctl; then no signal will ever come.
    if os.getppid() != parent:
        os._exit(1)


async def stop_child(process: asyncio.subprocess.Process, *, patience_s: float) -> bool:
    """Ask a child to end and wait for it; True when it had to be killed."""
    if process.returncode is not None:
        return False
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience_s)
        return False
    except TimeoutError:
        process.kill()
        await process.wait()
        return True


def birth_of(pid: int) -> str | None:
    """Tell a process from a later one with the same number; None when there is no such process."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None if sys.platform == "linux" or not _is_alive(pid) else "alive"
    # The name, in parentheses, may hold blanks; state is field 3, the start in ticks field 22.
    rest = status.rpartition(")")[2].split()
    return None if rest[0] in "ZX" else rest[19]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def record_child(path: Path, pid: int) -> None:
    """Write down a child, so that the next run recognises it if we are killed."""
    path.write_text(json.dumps({"pid": pid, "birth": birth_of(pid)}))


async def end_left_over(path: Path, *, patience_s: float) -> int | None:
    """End the child recorded by a run that was killed; its pid when one was still there."""
    try:
        recorded = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    pid, birth = recorded["pid"], recorded["birth"]
    if birth is None or birth_of(pid) != birth:
        path.unlink()
        return None
    os.kill(pid, signal.SIGTERM)
    if not await _is_gone(pid, birth, patience_s):
        os.kill(pid, signal.SIGKILL)
        await _is_gone(pid, birth, patience_s)
    path.unlink()
    return int(pid)


async def _is_gone(pid: int, birth: str, patience_s: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while birth_of(pid) == birth:
        if loop.time() > deadline:
            return False
        # It is no child of ours, so there is nothing to wait on but its number.
        await asyncio.sleep(0.02)
    return True
