"""Runs the Autobahn suite's fuzzing client against an echo on the hub's websocket handler.

    python -m bench.autobahn              # all but 9 (big), 12 and 13 (compression): 247 cases
    python -m bench.autobahn '7.9.*'      # some of them

The suite is written for Python 2.7; where there is none, kosoku drives the same cases. Either is
installed into the data folder. Prints how many cases behaved how, and fails when one is not fine.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from realtime.strict import StrictHandler

AUTOBAHN = "autobahntestsuite==25.10.1"
KOSOKU = "kosoku==0.1.0"
EXCLUDED = ["9.*", "12.*", "13.*"]
FINE = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
# Its namespace packages are only found with their .pth files read.
RUN = "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"


class Echo(StrictHandler):
    """Sends back what it is sent."""

    def check_origin(self, origin: str) -> bool:
        """Come from anywhere."""
        return True

    def on_message(self, message: str | bytes) -> None:
        """Send it back, as what it came."""
        self.write_message(message, binary=isinstance(message, bytes))


def find_python() -> str | None:
    """Find a Python 2.7."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = sorted(pyenv.glob("2.7*/bin/python2.7"))
    # On PATH pyenv only has a shim, which refuses where 2.7 is not the chosen one.
    return str(found[-1]) if found else shutil.which("python2.7")


def install(python: str, suite: str, packages: Path) -> None:
    """Install a suite for this Python, once."""
    if not packages.is_dir():
        command = [python, "-m", "pip", "install", "-qqq", "--target", str(packages), suite]
        subprocess.run(command, check=True, stdout=sys.stderr)


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """Serve an echo; gives its port."""
    listener, port = bind_unused_port()
    server = HTTPServer(Application([(r"/", Echo)], websocket_max_message_size=64 * 1024**2))
    server.add_socket(listener)
    yield port
    server.stop()
    await server.close_all_connections()


async def run_autobahn(python: str, folder: Path, cases: list[str]) -> int:
    """Run the cases with the Autobahn suite; gives the exit code."""
    packages, spec = folder / "packages", folder / "spec.json"
    install(python, AUTOBAHN, packages)
    async with echo() as port:
        asked = {
            "outdir": str(folder / "reports"),
            "servers": [{"agent": "hub", "url": f"ws://127.0.0.1:{port}"}],
            "cases": cases,
            "exclude-cases": EXCLUDED,
            "exclude-agent-cases": {},
        }
        spec.write_text(json.dumps(asked))
        suite = await asyncio.create_subprocess_exec(
            *(python, "-c", RUN, str(packages), "-m", "fuzzingclient", "-s", str(spec)),
            stdout=asyncio.subprocess.DEVNULL,
        )
        await suite.wait()
    return show(json.loads((folder / "reports" / "index.json").read_text())["hub"])


async def run_kosoku(folder: Path, cases: list[str]) -> int:
    """Run the cases with kosoku, which prints its own figures; gives the exit code."""
    packages = folder / "kosoku"
    install(sys.executable, KOSOKU, packages)
    chosen = [*(f"-i={case}" for case in cases), *(f"-x={case}" for case in EXCLUDED)]
    async with echo() as port:
        suite = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from kosoku._cli import main; main()"),
            *(f"127.0.0.1:{port}", *chosen, "-o", str(folder / "reports")),
            env=os.environ | {"PYTHONPATH": str(packages)},
        )
        return await suite.wait()


def show(reports: dict[str, Any]) -> int:
    """Print the figures and name each case that is not fine; gives the exit code."""
    behaved = Counter(report["behavior"] for report in reports.values())
    closed = Counter(report["behaviorClose"] for report in reports.values())
    print(f"{len(reports)} cases: {dict(behaved)}; closing: {dict(closed)}")
    wrong = [
        f"{case}: {report['behavior']}, closing {report['behaviorClose']}"
        for case, report in reports.items()
        if not {report["behavior"], report["behaviorClose"]} <= FINE
    ]
    for line in wrong:
        print(line)
    return int(bool(wrong) or not reports)


def main() -> int:
    """Run whichever suite this machine can run."""
    folder = Path(os.environ.get("SMARTCLOUD_DATA_DIR", ".data")).absolute() / "autobahn"
    folder.mkdir(parents=True, exist_ok=True)
    cases = sys.argv[1:] or ["*"]
    python = find_python()
    if python is None:
        return asyncio.run(run_kosoku(folder, cases))
    return asyncio.run(run_autobahn(python, folder, cases))


if __name__ == "__main__":
    sys.exit(main())
