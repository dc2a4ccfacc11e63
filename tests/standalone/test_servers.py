"""The embedded servers start, continue, and leave nothing behind, however their parent ends."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from server.standalone import DataInUse, PortTaken, ServerFailed, Servers, running
from server.standalone.ports import free_port, is_free
from server.standalone.processes import birth_of, record_child
from server.standalone.programs import find_redis
from tests.eventually import eventually

# Runs the servers as `up` does, says their process ids and URL, then waits to be killed.
PARENT = """
import asyncio, sys
from pathlib import Path
from server.standalone import Servers

async def main():
    async with Servers(Path(sys.argv[1])) as servers:
        pids = [str(servers[name].pid) for name in ("mongo", "redis", "mqtt")]
        print(*pids, servers.mongo_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def parent(tmp_path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    yield process
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def test_all_three_servers_do_their_work(servers: Servers) -> None:
    async with AsyncMongoClient(servers.mongo_url) as mongo:
        stays = mongo.standalone.stays
        await stays.insert_one({"_id": "before"})
        async with mongo.start_session() as session:
            await session.with_transaction(lambda s: stays.insert_one({"_id": "in"}, session=s))
        assert await stays.count_documents({}) == 2
        await mongo.drop_database("standalone")

    async with Redis.from_url(servers.redis_url) as redis:
        await redis.set("standalone-test", "here", ex=10)
        assert await redis.get("standalone-test") == b"here"

    port = int(servers.mqtt_url.rpartition(":")[2])
    async with aiomqtt.Client("127.0.0.1", port) as device:
        await device.subscribe("standalone/test", qos=1)
        await device.publish("standalone/test", b"arrived", qos=1)
        message = await asyncio.wait_for(anext(device.messages), 5)
        assert message.payload == b"arrived"


@pytest.mark.parametrize(("appendonly", "found"), [(False, None), (True, b"here")])
async def test_redis_keeps_its_data_only_when_asked_to(
    tmp_path: Path, appendonly: bool, found: bytes | None
) -> None:
    async with (
        Servers(tmp_path, only=["redis"], redis_appendonly=appendonly) as servers,
        Redis.from_url(servers.redis_url) as redis,
    ):
        await redis.set("key", "here")

    async with (
        Servers(tmp_path, only=["redis"], redis_appendonly=appendonly) as servers,
        Redis.from_url(servers.redis_url) as redis,
    ):
        assert await redis.get("key") == found


async def test_killing_the_parent_leaves_no_child_and_the_next_start_continues_on_other_ports(
    tmp_path: Path, parent: asyncio.subprocess.Process
) -> None:
    assert parent.stdout is not None
    *pids, url = (await asyncio.wait_for(parent.stdout.readline(), 30)).decode().split()
    async with AsyncMongoClient(url) as mongo:
        await mongo.standalone.stays.insert_one({"_id": "acknowledged"})

    parent.kill()
    await parent.wait()

    await eventually(lambda: all(birth_of(int(pid)) is None for pid in pids))
    async with (
        Servers(tmp_path, only=["mongo"]) as servers,
        AsyncMongoClient(servers.mongo_url) as mongo,
    ):
        assert servers.mongo_url != url
        assert await mongo.standalone.stays.find_one() == {"_id": "acknowledged"}


async def test_a_child_left_by_a_killed_run_is_ended_by_the_next_start(tmp_path: Path) -> None:
    # A server nobody is tied to, recorded as ours: what a kill -9 leaves where children survive it.
    port = free_port()
    left_over = await asyncio.create_subprocess_exec(
        *find_redis().command,
        *("--port", str(port), "--save", "", "--dir", str(tmp_path)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    await eventually(lambda: not is_free(port))
    record = tmp_path / "run" / "redis.json"
    record.parent.mkdir()
    record_child(record, left_over.pid)

    async with Servers(tmp_path, ports={"redis": port}, only=["redis"]) as servers:
        await asyncio.wait_for(left_over.wait(), 5)
        assert servers["redis"].pid != left_over.pid


async def test_a_recorded_number_that_now_is_another_process_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "run" / "redis.json"
    record.parent.mkdir()
    record.write_text(f'{{"pid": {os.getpid()}, "birth": "1"}}')

    async with Servers(tmp_path, only=["redis"]) as servers:
        assert servers["redis"].pid != os.getpid()


@pytest.mark.parametrize("name", ["mongo", "redis", "mqtt"])
async def test_a_taken_port_is_named_with_the_variable_that_changes_it(
    tmp_path: Path, name: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortTaken) as refusal:
            async with Servers(tmp_path, ports={name: port}):
                raise AssertionError("started on a taken port")

    assert str(port) in str(refusal.value)
    assert f"SMARTCLOUD_{name.upper()}_PORT" in str(refusal.value)
    assert not list((tmp_path / "run").glob("*.json"))


async def test_two_runs_never_share_a_data_folder(tmp_path: Path) -> None:
    async with Servers(tmp_path, only=["redis"]) as first:
        with pytest.raises(DataInUse) as refusal:
            async with Servers(tmp_path, only=["redis"]):
                raise AssertionError("started twice")

        assert str(os.getpid()) in str(refusal.value)
        async with Redis.from_url(first.redis_url) as redis:
            assert await redis.ping()


async def test_a_server_that_cannot_start_is_reported_with_the_end_of_its_log(
    tmp_path: Path,
) -> None:
    (tmp_path / "mongo").mkdir()
    (tmp_path / "mongo" / "WiredTiger").write_text("not a database")
    (tmp_path / "mongo" / "storage.bson").write_text("neither")

    with pytest.raises(ServerFailed) as refusal:
        async with Servers(tmp_path, only=["mongo"]):
            raise AssertionError("started on broken data")

    assert "mongod" in str(refusal.value)
    assert str(tmp_path / "logs" / "mongo.log") in str(refusal.value)
    assert len(str(refusal.value).splitlines()) > 1


async def test_a_watched_server_that_is_killed_comes_back_on_its_port(tmp_path: Path) -> None:
    port = free_port()
    async with Servers(tmp_path, ports={"redis": port}, only=["redis"]) as servers:
        watching = asyncio.create_task(servers.watch())
        first = servers["redis"].pid

        os.kill(first, signal.SIGKILL)

        await eventually(lambda: servers["redis"].pid != first and not is_free(port))
        watching.cancel()
        async with Redis.from_url(servers.redis_url) as redis:
            assert await redis.ping()


async def test_a_watched_server_that_hangs_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PROBE_EVERY_S", 0.05)
    monkeypatch.setattr(running, "PROBE_PATIENCE_S", 0.1)
    async with Servers(tmp_path, only=["mqtt"]) as servers:
        watching = asyncio.create_task(servers.watch())
        first = servers["mqtt"].pid

        # Alive and with its port open, as the broker is when its router has died.
        os.kill(first, signal.SIGSTOP)

        await eventually(lambda: servers["mqtt"].pid != first)
        assert birth_of(first) is None
        watching.cancel()
