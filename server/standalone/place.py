"""Where one embedded server lives: its folder, its log and its port."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

# One log is kept besides the current one; 20 MB of mongod's JSON lines is about a day of demo.
LOG_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class Place:
    """Folder for the data, file for the log, port of the loopback address, durability, and the
    folder that says who may use it (None trusts everybody on this machine)."""

    folder: Path
    log: Path
    port: int
    appendonly: bool = False
    identities: Path | None = None


def open_log(log: Path) -> IO[bytes]:
    """Open a log to append to; one that has grown too large is moved aside first."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return open(log, "ab")


def last_lines(log: Path, count: int = 5) -> str:
    """Read the end of a log, for an error message."""
    if not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join(line[:300] for line in lines)
