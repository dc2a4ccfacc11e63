"""Two serving nodes and a worker over real stores, each a process that a test may kill."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient

from server.fleet import READY_FD
from server.standalone import Servers
from server.standalone.ports import free_port
from server.store.mongo import Store, connect

STOP_WITHIN_S = 20.0
READY_WITHIN_S = 60.0
OUR_COMMAND = (sys.executable, "-m", "server.cli")


class Node:
    """One process of the platform; a node that serves has a port."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self.port = int(environment["SMARTCLOUD_HTTP_PORT"])
        self.process: asyncio.subprocess.Process | None = None
        self._ready: asyncio.Future[bool] | None = None

    @property
    def url(self) -> str:
        """Address of its web server, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it; it may take a moment to serve."""
        heard, said = os.pipe()
        try:
            with self._log.open("ab") as log:
                self.process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment | {READY_FD: str(said)},
                    pass_fds=[said],
                )
        except BaseException:
            os.close(heard)
            raise
        finally:
            os.close(said)
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        loop.add_reader(heard, _hear, heard, self._ready)

    async def serves(self) -> None:
        """Wait until it says that it serves; of several processes on one port, all of them."""
        assert self._ready is not None
        async with asyncio.timeout(READY_WITHIN_S):
            assert await asyncio.shield(self._ready), self._log.read_text()[-3000:]

    async def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal that ends it, and wait until it is gone."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(how)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Stage:
    """MongoDB, Redis, `nodes` that serve, and a worker, for as long as an `async with` lasts.

    `fill` puts in what is to be there before they start; `serve` is how a serving node is run.
    """

    def __init__(
        self,
        folder: Path,
        fill: Callable[[Store], Awaitable[None]],
        *,
        nodes: int = 2,
        serve: Sequence[str] = (*OUR_COMMAND, "serve"),
    ) -> None:
        self.servers = Servers(folder, only=("mongo", "redis"))
        self.nodes: list[Node] = []
        self._folder = folder
        self._fill = fill
        self._serve = serve
        self._count = nodes
        self._stack = AsyncExitStack()
        self._client: AsyncMongoClient[dict[str, Any]] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._stack.enter_async_context(self.servers)
            await self._fill(self.store)
            worker = self._node((*OUR_COMMAND, "worker"), "worker")
            self.nodes = [
                self._node(self._serve, f"serve-{number}") for number in range(self._count)
            ]
            for node in (worker, *self.nodes):
                self._stack.push_async_callback(node.end)
                await node.start()
            for node in self.nodes:
                await node.serves()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def store(self) -> Store:
        """The platform's store, as its own processes have it."""
        if self._client is None:
            self._client = connect(self.servers.mongo_url)
            self._stack.push_async_callback(self._client.close)
        return Store(self._client["smartcloud"])

    def _node(self, command: Sequence[str], name: str) -> Node:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("SMARTCLOUD_")}
        own = {
            "SMARTCLOUD_DATA_DIR": str(self._folder),
            "SMARTCLOUD_MONGO_URL": self.servers.mongo_url,
            "SMARTCLOUD_REDIS_URL": self.servers.redis_url,
            "SMARTCLOUD_HTTP_PORT": str(free_port()),
        }
        return Node(command, clean | own, self._folder / f"{name}.said")


async def ask(
    node: Node, method: str, path: str, body: object = None, *, token: str = ""
) -> dict[str, Any]:
    """Ask a node's API; raises HTTPClientError for what is no success, and OSError."""
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {token}"} if token else {}
    )
    answer = await AsyncHTTPClient().fetch(
        node.url + path,
        method=method,
        headers=headers,
        body=None if body is None else json.dumps(body),
        allow_nonstandard_methods=True,
        request_timeout=5,
    )
    said: dict[str, Any] = json.loads(answer.body or b"{}")
    return said


def _hear(heard: int, ready: asyncio.Future[bool]) -> None:
    """Take the word of a process that it serves, or the end of its pipe: it died before."""
    asyncio.get_running_loop().remove_reader(heard)
    ready.set_result(bool(os.read(heard, 16)))
    os.close(heard)
