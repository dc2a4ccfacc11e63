"""Measures the fan-out of the product's own path beside nchan and a C loop that only calls send().

usage: python -m bench.fanout [--runs 5] [--results FILE] [--only-table]

The load client and the floor are C programs, `fanload.c` and `floor.c`, in the folder that
BENCH_TOOLS names (../shared/bench by default). The product's publications are Centrifuge pushes with
an offset, published by a subscriber over its websocket, through Redis. Server and load client have
a core each; a ratio is of deliveries a second of the server's processor time, so that whoever else
uses the machine disturbs it little. Results go to FILE as they come: runs can be added up.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from bench.loads import (
    Line,
    Missing,
    bare_tornado,
    build_tools,
    floor,
    hub,
    load,
    nchan,
    nchan_missing,
)

Server = Callable[[Path], AbstractContextManager[tuple[int, list[str]]]]
SECONDS = 1.5
# Deliveries a second at which latencies are compared.
RATE = 20_000
MANY, MOST = 1_000, 5_000
# Big messages, and a kernel that takes few: 50 readers that never read are behind within 3 s.
STALLED = 50
STALL_MESSAGE = 2_000
SEND_BUFFER = 32 * 1024


def main() -> int:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--results", type=Path, default=Path("build/bench/fanout.jsonl"))
    parser.add_argument("--only-table", action="store_true")
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    if not options.only_table:
        with tempfile.TemporaryDirectory() as built:
            try:
                build_tools(Path(built))
            except Missing as missing:
                print(f"skipped: {missing}")
                return 0
            for _ in range(options.runs):
                run(Path(built), options.results)
    print_table([json.loads(line) for line in options.results.read_text().splitlines()])
    return 0


def run(built: Path, results: Path) -> None:
    """Measure each server once, in turn, so that the machine's noise hits all of them."""
    servers: dict[str, Server] = {"floor": floor, "hub": hub}
    servers["memory"] = partial(hub, broker="memory")
    if not (why := nchan_missing()):
        servers["nchan"] = nchan
    else:
        print(why, file=sys.stderr)
    saturate = [f"-a{SECONDS}:{window}" for window in (1, 32)]
    for name, server in servers.items():
        keep(results, name, measure(built, server, f"-n{MANY}", *saturate))
    for name, server in servers.items():
        if name != "memory":
            phases = [f"-a{SECONDS}:8", f"-f2:{RATE}"] if name != "floor" else [f"-a{SECONDS}:8"]
            keep(results, name, measure(built, server, f"-n{MOST}", *phases))
    keep(results, "tornado", measure(built, bare_tornado, f"-n{MOST}"))
    counts: list[Line] = []
    stalled = partial(hub, send_buffer=SEND_BUFFER, counts=counts)
    phases = [f"-f3:{RATE}", f"-z{STALLED}", f"-f9:{RATE}", "-x1"]
    lines = measure(built, stalled, f"-n{MANY}", f"-l{STALL_MESSAGE}", *phases)
    keep(results, "stall", lines + counts)


def measure(built: Path, server: Server, *phases: str) -> list[Line]:
    """Run the load client through its phases against a fresh server."""
    with server(built) as (pid, arguments):
        return load(built, pid, arguments, *phases)


def keep(results: Path, name: str, lines: Iterable[Line]) -> None:
    """Add a server's lines to the results."""
    with results.open("a") as file:
        for number, line in enumerate(lines):
            file.write(json.dumps({"server": name, "number": number, **line}) + "\n")


def print_table(lines: list[Line]) -> None:
    """Print each figure as a median, beside what it is compared with."""

    def median(server: str, field: str, **match: object) -> float:
        found = [
            float(line[field])
            for line in lines
            if line["server"] == server and all(line.get(k) == v for k, v in match.items())
        ]
        return statistics.median(found) if found else float("nan")

    runs = sum(line["server"] == "floor" and line.get("window") == 8 for line in lines)
    print(f"medians of {runs}; ratios are of deliveries a CPU-second to the C send() loop")
    print(f"{'':58}{'asked':>8}{'hub':>9}{'memory':>9}{'nchan':>9}{'floor':>12}")
    for subscribers, window, asked in ((MANY, 1, "≥ 0.9"), (MANY, 32, "≥ 12"), (MOST, 8, "≥ 8")):
        where = {"phase": "sat", "n": subscribers, "window": window}
        low = median("floor", "deliv_cpu_s", **where)
        ratios = [median(name, "deliv_cpu_s", **where) / low for name in ("hub", "memory", "nchan")]
        cells = "".join(f"{ratio:9.2f}" for ratio in ratios)
        what = f"{subscribers:,} subscribers, {window} in flight"
        print(f"{what:58}{asked:>8}{cells}{low:12,.0f}")
    rows = [
        (f"KiB a connection ({MOST:,} idle, one channel each)", "≤ 16", "kb_per_conn", "connect"),
        (f"p50 ms at {RATE:,} deliveries/s, {MOST:,} subscribers", "", "p50_ms", "fixed"),
        (f"p99 ms at {RATE:,} deliveries/s, {MOST:,} subscribers", "≤ nchan", "p99_ms", "fixed"),
        ("sockets/s: handshake, connect, recovering subscribe", "≥ 2,000", "conn_s", "connect"),
        ("the same a CPU-second", "", "conn_cpu_s", "connect"),
    ]
    bare = median("tornado", "conn_cpu_s", phase="connect", n=MOST)
    for what, asked, field, phase in rows:
        ours, theirs = (median(name, field, phase=phase, n=MOST) for name in ("hub", "nchan"))
        print(f"{what:58}{asked:>8}{ours:9,.1f}{'':9}{theirs:9,.1f}")
    what = "the same a CPU-second, of a bare Tornado handler"
    print(f"{what:58}{'':8}{ours / bare:8.2f}×{'':18}{bare:12,.0f}")
    print_stall(median)


def print_stall(median: Callable[..., float]) -> None:
    """Print what fifty readers that never read do to the others."""
    before, after = (median("stall", "p99_ms", number=number) for number in (1, 2))
    rss = (median("stall", "rss_kb", number=3) - median("stall", "rss1_kb", number=0)) / 1024
    dead, slow = median("stall", "dead", number=3), median("stall", "slow", phase="counts")
    print(
        f"{STALLED} of {MANY:,} readers stop reading: {slow:.0f} were closed as slow, {dead:.0f} others"
    )
    print(f"{'  p99 ms of the others, before and with them':58}{'≤ 1.2×':>8}{before:9.1f}{after:9.1f}{after / before:8.2f}×")  # fmt: skip
    print(f"{'  growth of the process, MiB':58}{'≤ 64':>8}{rss:9.1f}")


if __name__ == "__main__":
    sys.exit(main())
