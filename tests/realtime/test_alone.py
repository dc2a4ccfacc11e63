"""`smartcloud realtime`: the hub alone as a process, with an SDK and a backend that know only Centrifugo."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from centrifuge import Client
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from server.standalone.ports import free_port
from tests.realtime.redis_servers import RedisServer
from tests.realtime.test_sdk_python import Heard, HeardOnChannel, until

COMMAND = Path(sys.executable).with_name("smartcloud")
CONFIG = {
    "client": {"insecure": True},
    "channel": {
        "without_namespace": {
            "presence": True,
            "history_size": 10,
            "history_ttl": "60s",
            "force_recovery": True,
        }
    },
    "http_api": {"key": "backend"},
    "prometheus": {"enabled": True},
    "swagger": {"enabled": True},
}


class Process:
    """A hub in a process of its own."""

    def __init__(self, child: asyncio.subprocess.Process, port: int) -> None:
        self.child = child
        self.port = port

    async def get(self, path: str, body: Any = None) -> bytes:
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method="GET" if body is None else "POST",
            body=None if body is None else json.dumps(body),
            headers={"X-API-Key": "backend"},
        )
        return (await AsyncHTTPClient().fetch(request)).body

    async def answers(self) -> None:
        async with asyncio.timeout(20):
            while True:
                with suppress(OSError):
                    await self.get("/health")
                    return
                await asyncio.sleep(0.05)

    async def end(self) -> str:
        with suppress(ProcessLookupError):
            self.child.send_signal(signal.SIGTERM)
        said, _ = await self.child.communicate()
        return said.decode()


async def launch(*arguments: str, **environ: str) -> Process:
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        *(str(COMMAND), "realtime", "--address", "127.0.0.1", "--port", str(port), *arguments),
        env={"PATH": "/usr/bin:/bin", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Process(child, port)


@pytest_asyncio.fixture(params=["memory", "redis"])
async def alone(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Process]:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    arguments = ["--config", str(file)]
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        arguments += ["--redis", server.url]
    process = await launch(*arguments, CENTRIFUGO_HEALTH_ENABLED="true")
    await process.answers()
    yield process
    if process.child.returncode is None:
        await process.end()


async def test_a_client_and_a_backend_meet_on_a_hub_alone(alone: Process) -> None:
    heard, channel = Heard(), HeardOnChannel()
    url = f"ws://127.0.0.1:{alone.port}/connection/websocket"
    client = Client(url, events=heard, max_reconnect_delay=0.3, proxy=None)
    await client.connect()
    await client.ready(timeout=5)
    sub = client.new_subscription("room", events=channel)
    await sub.subscribe()
    await sub.ready(timeout=5)

    await sub.publish({"from": "client"})
    await alone.get("/api/publish", {"channel": "room", "data": {"from": "backend"}})
    await until(lambda: len(channel.data) == 2)
    present = await sub.presence_stats()
    figures = await alone.get("/metrics")
    said = await alone.end()
    await until(lambda: heard.reconnects[1:])
    await client.disconnect()

    assert channel.data == [{"from": "client"}, {"from": "backend"}]
    assert channel.subscribed[0].recoverable is True
    assert present.num_clients == 1
    assert b"realtime_connections 1.0" in figures
    assert heard.reconnects[1] == (3011, "force reconnect")
    assert alone.child.returncode == 0
    assert "swagger.enabled" in said


async def test_protobuf_is_refused_with_a_code_that_ends_it(alone: Process) -> None:
    url = f"ws://127.0.0.1:{alone.port}/connection/websocket"
    connection = await websocket_connect(url, subprotocols=["centrifuge-protobuf"])

    assert await connection.read_message() is None
    assert (connection.close_code, connection.close_reason) == (3506, "inappropriate protocol")


async def test_without_a_key_there_is_no_server_api() -> None:
    process = await launch(CENTRIFUGO_HEALTH_ENABLED="true")
    await process.answers()

    with pytest.raises(Exception, match="404"):
        await process.get("/api/info", {})

    await process.end()


async def test_a_bad_value_ends_it_with_the_key_named() -> None:
    process = await launch(CENTRIFUGO_CLIENT_PING_INTERVAL="soon")

    said, _ = await process.child.communicate()

    assert process.child.returncode == 78
    assert "CENTRIFUGO_CLIENT_PING_INTERVAL" in said.decode()


async def test_a_port_that_is_taken_and_an_address_that_is_none_end_it_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        first = await launch("--port", port)
        second = await launch("--address", "nowhere.invalid")

        for process, named in ((first, port), (second, "nowhere.invalid")):
            said, _ = await process.child.communicate()
            assert process.child.returncode == 78
            assert named in said.decode()
            assert "Traceback" not in said.decode()


async def test_it_ends_when_told_to_though_its_broker_is_away() -> None:
    process = await launch("--redis", f"redis://127.0.0.1:{free_port()}/0")
    assert process.child.stdout is not None
    async with asyncio.timeout(20):
        while b"cannot be reached" not in await process.child.stdout.readline():
            pass

    process.child.send_signal(signal.SIGTERM)

    async with asyncio.timeout(10):
        assert await process.child.wait() == 0


async def test_a_path_is_taken_as_it_is_written() -> None:
    process = await launch(
        CENTRIFUGO_HEALTH_ENABLED="true",
        CENTRIFUGO_HTTP_API_INSECURE="true",
        CENTRIFUGO_HTTP_API_HANDLER_PREFIX="/a(p.i",
        CENTRIFUGO_WEBSOCKET_HANDLER_PREFIX="/c+",
    )
    await process.answers()

    info = json.loads(await process.get("/a(p.i/info", {}))
    url = f"ws://127.0.0.1:{process.port}/c+"
    connection = await websocket_connect(url)
    connection.close()
    with pytest.raises(Exception, match="404"):
        await process.get("/a(pxi/info", {})

    assert len(info["result"]["nodes"]) == 1
    await process.end()
