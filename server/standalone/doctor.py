"""`smartcloud doctor`: what this machine has, what it lacks, and exactly what to do about it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

from rich.table import Table
from rich.text import Text

from server.config import Config
from server.standalone.errors import ProgramMissing
from server.standalone.kinds import KINDS
from server.standalone.ports import is_free

ROOT = Path(__file__).resolve().parents[2]
NODE_AT_LEAST = 20
# 302 MB is what an empty mongod takes for its journal; the rest is logs and a week of a city.
FREE_SPACE_BYTES = 2_000_000_000
BUILT_CLIENTS = {
    "/console/": "clients/console/dist/index.html",
    "/pos/": "clients/pos/dist/index.html",
    "/m/": "clients/miniprogram/dist/build/h5/index.html",
}
MARKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "missing": ("✗", "red")}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: "ok", "note" (works without, or only just) or "missing"."""

    about: str
    state: str
    found: str
    remedy: str = ""


def examine(config: Config, environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything that `make run` needs, without starting anything."""
    return [
        _python(),
        _tool("node", f"install Node.js {NODE_AT_LEAST} or later", at_least=NODE_AT_LEAST),
        _tool("make", "install make (Debian, Ubuntu: apt install make)"),
        *_servers(environ),
        *_ports(config, environ),
        _data_dir(config.data_dir),
        *_clients(),
    ]


def show_findings(findings: list[Finding]) -> Table:
    """Lay the findings out for a terminal."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        sign, color = MARKS[finding.state]
        table.add_row(
            Text(sign, style=color), finding.about, Text(finding.found), Text(finding.remedy)
        )
    return table


def _python() -> Finding:
    # Older ones cannot even read this file.
    return Finding("python", "ok", f"{sys.version.split()[0]}, smartcloud {version('smartcloud')}")


def _tool(name: str, remedy: str, *, at_least: int = 0) -> Finding:
    path = shutil.which(name)
    if not path:
        return Finding(name, "missing", "not on PATH", remedy)
    answer = subprocess.run(  # noqa: S603 - a program found on PATH
        [path, "--version"], capture_output=True, text=True, timeout=10, check=False
    )
    said = answer.stdout.partition("\n")[0].strip()
    major = said.removeprefix("v").partition(".")[0]
    if at_least and not (major.isdigit() and int(major) >= at_least):
        return Finding(name, "missing", f"{said} ({path})", remedy)
    return Finding(name, "ok", f"{said} ({path})")


def _servers(environ: Mapping[str, str]) -> Iterator[Finding]:
    for kind in KINDS.values():
        about = kind.label.removeprefix("the ")
        if environ.get(kind.url_variable):
            yield Finding(about, "ok", f"yours, by {kind.url_variable}")
            continue
        try:
            program = kind.find()
            yield Finding(about, "ok", f"{program.version()} (from {program.origin})")
        except (ProgramMissing, OSError, subprocess.SubprocessError) as error:
            yield Finding(about, "missing", "none that runs here", str(error))


def _ports(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    wanted = [
        ("SMARTCLOUD_HTTP_PORT", config.http_port, ""),
        ("SMARTCLOUD_MONGO_PORT", config.mongo_port, "SMARTCLOUD_MONGO_URL"),
        ("SMARTCLOUD_REDIS_PORT", config.redis_port, "SMARTCLOUD_REDIS_URL"),
        ("SMARTCLOUD_MQTT_PORT", config.mqtt_port, "SMARTCLOUD_MQTT_URL"),
        ("SMARTCLOUD_SMS_PORT", config.sms_port, "SMARTCLOUD_SMS_URL"),
    ]
    for variable, port, instead in wanted:
        if instead and environ.get(instead):
            continue
        if is_free(port):
            yield Finding(f"port {port}", "ok", "free")
        else:
            remedy = f"fine if `smartcloud up` is running; else stop that program or set {variable}"
            yield Finding(f"port {port}", "note", "taken", remedy)


def _data_dir(folder: Path) -> Finding:
    about = "data folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(about, "missing", str(error), "choose one with SMARTCLOUD_DATA_DIR")
    found = f"{folder}, {free / 1e9:.0f} GB free"
    if free < FREE_SPACE_BYTES:
        return Finding(about, "note", found, "make room: 2 GB are enough for a demo")
    return Finding(about, "ok", found)


def _clients() -> Iterator[Finding]:
    for prefix, built in BUILT_CLIENTS.items():
        if (ROOT / built).exists():
            yield Finding(f"client {prefix}", "ok", "built")
        else:
            yield Finding(f"client {prefix}", "note", "not built", "make clients")
