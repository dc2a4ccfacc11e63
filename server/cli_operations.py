"""The commands by which operators look after devices: their secrets, their broker, their dead letters."""

import argparse
import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devices.dead_letters import Reason
from server.config import Config

if TYPE_CHECKING:
    from server.dead_letters import Kept

_AGE = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
# 120 letters of a detail, and 60 of a payload: a line each on a wide terminal.
DETAIL_SHOWN, PAYLOAD_SHOWN = 120, 60


class Call(Protocol):
    """A command as it was typed."""

    @property
    def options(self) -> argparse.Namespace: ...
    def config(self) -> Config:
        """Read the configuration."""


class Add(Protocol):
    """Declares one command."""

    def __call__(
        self, name: str, run: Callable[[Any], int | None], text: str
    ) -> argparse.ArgumentParser: ...


def declare_operations(add: Add) -> None:
    """Declare the commands and their options."""
    device = add("device", run_device, "issue, show or revoke a device's secret; disable a device")
    device.add_argument("act", choices=["secret", "issue", "revoke", "disable", "enable"])
    device.add_argument("device_id")
    broker = add("broker-config", run_broker_config, "write the configuration of an MQTT broker")
    broker.add_argument("broker", choices=["mosquitto", "emqx"])
    broker.add_argument("--out", type=Path, default=Path("broker"), help="folder (default broker)")
    broker.add_argument(
        "--hooks-url", help="where EMQX reaches `serve` (default: the address it listens on)"
    )
    broker.add_argument(
        "--follow",
        type=Path,
        metavar="PID_FILE",
        help="keep mosquitto's password and ACL files fresh, and let the process of this "
        "pid file read them anew",
    )
    letters = add("dead-letters", run_dead_letters, "look at messages set aside, or replay them")
    letters.add_argument("act", choices=["list", "replay"])
    letters.add_argument("--reason", type=Reason, choices=list(Reason), help="only of this reason")
    letters.add_argument("--device", metavar="ID", help="only of this device")
    letters.add_argument(
        "--since", type=read_since, metavar="WHEN", help="not before: 30m, 2h, 7d or RFC 3339"
    )
    letters.add_argument("--again", action="store_true", help="replay also what was replayed")
    letters.add_argument("--limit", type=int, default=50, help="list so many (default 50)")

    add(
        "check-books",
        run_check_books,
        "check ledger, wallets, payments and bills for contradictions",
    )


def read_since(text: str) -> datetime:
    """Read an instant, or how long ago it was."""
    age = _AGE.fullmatch(text)
    if age:
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an age nor an instant with offset")
    return at


def run_device(call: Call) -> None:
    """Do it; a secret is all that is printed, for a shell to take."""
    from server import operations

    config, device_id = call.config(), call.options.device_id
    match call.options.act:
        case "secret":
            print(asyncio.run(operations.show_secret(config, device_id)))
        case "issue":
            print(asyncio.run(operations.issue_secret(config, device_id)))
        case "revoke":
            asyncio.run(operations.take_secret(config, device_id))
        case act:
            disabled = act == "disable"
            asyncio.run(operations.set_disabled(config, device_id, disabled=disabled))


def run_broker_config(call: Call) -> None:
    """Write the files and name them."""
    from server import operations
    from server.logs import set_up_logs

    config, options = call.config(), call.options
    if options.broker == "emqx":
        hooks_url = options.hooks_url or f"http://{config.http_host}:{config.http_port}"
        written = operations.write_emqx(config, options.out, hooks_url=hooks_url)
    elif options.follow:
        set_up_logs(config, process="broker-config")
        asyncio.run(operations.follow_mosquitto(config, options.out, options.follow))
        return
    else:
        written = asyncio.run(operations.write_mosquitto(config, options.out))
    for path in written:
        print(path)


def run_dead_letters(call: Call) -> None:
    """Show the letters, or replay them and say how many."""
    from server import operations
    from server.dead_letters import Sought

    config, options = call.config(), call.options
    sought = Sought(reason=options.reason, device_id=options.device, since=options.since)
    if options.act == "list":
        letters = asyncio.run(operations.list_dead_letters(config, sought, limit=options.limit))
        Console().print(show_letters(letters))
        return
    fresh: Sought = sought if options.again else sought.not_replayed()
    replayed, unfit = asyncio.run(operations.replay_dead_letters(config, fresh))
    print(f"{replayed} replayed, {unfit} not: kept in part, or with a topic that nobody hears")


def run_check_books(call: Call) -> int:
    """Print what contradicts itself in the books; 1 where anything does."""
    from server import operations

    faults = asyncio.run(operations.check_books(call.config()))
    for fault in faults:
        print(f"{fault.where} {fault.what}")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


def show_letters(letters: "list[Kept]") -> Table:
    """Lay dead letters out for a terminal."""
    table = Table(box=None, pad_edge=False)
    for heading in ("received", "reason", "device", "topic", "bytes", "detail", "payload"):
        table.add_column(heading, overflow="fold")
    for kept in letters:
        letter = kept.letter
        reason = f"{letter.reason} (replayed)" if kept.replayed_at else letter.reason.value
        cells = (
            letter.received_at.isoformat(timespec="milliseconds"),
            reason,
            letter.device_id or "",
            letter.topic,
            str(letter.size),
            letter.detail[:DETAIL_SHOWN],
            repr(letter.payload[:PAYLOAD_SHOWN])[2:-1],
        )
        table.add_row(*map(Text, cells))
    return table
