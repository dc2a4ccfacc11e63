"""The demo's own secrets: made at the first run, kept in one file only its owner can read."""

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_urlsafe

# Production refuses any secret that begins like this, so copying a demo's file there cannot work.
DEMO_PREFIX = "demo-"


def new_demo_secret() -> str:
    """Make a secret of 256 random bits that production will refuse."""
    return DEMO_PREFIX + token_urlsafe(32)


def keep_secrets(path: Path, makers: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Read the named secrets from the file, making and storing those it lacks.

    Safe to call from several processes at once: all of them get the same values.
    Secrets in the file that were not asked for stay there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = {name: make() for name, make in makers.items() if name not in held}
        if missing:
            held |= missing
            write_privately(path, json.dumps(held, indent=2, sort_keys=True) + "\n")
    return {name: held[name] for name in makers}


def write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    # Written beside and renamed: a crash in the middle leaves the old secrets, not half a file.
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
