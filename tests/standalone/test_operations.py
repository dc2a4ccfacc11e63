"""The operators' commands on real servers: what they print, and what they leave behind."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import pytest

from devices.dead_letters import DeadLetter, Reason
from devices.simulator import demo_city
from server import cli
from server.dead_letters import bury
from server.demo import demo_device_secret
from server.domain.equipment import authenticate_device, issue_secrets
from server.standalone import Servers
from tests.world import World


@pytest.fixture
def command(
    servers: Servers, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Commands that belong to the street of these tests."""
    for variable, value in {
        "DATA_DIR": str(tmp_path),
        "MONGO_URL": servers.mongo_url,
        "MONGO_DATABASE": world.store.database.name,
        "MQTT_URL": servers.mqtt_url,
    }.items():
        monkeypatch.setenv(f"SMARTCLOUD_{variable}", value)
    monkeypatch.setenv("COLUMNS", "300")


async def run(*argv: str) -> int:
    """Run a command as its own process would: with a loop of its own."""
    return await asyncio.to_thread(cli.main, list(argv))


async def knows(world: World, secret: str) -> bool:
    return await world.run(authenticate_device, device_id="d1", secret=secret)


@pytest.mark.usefixtures("command")
async def test_a_secret_is_issued_and_revoked_and_the_audit_names_who_did(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("device", "issue", "d1") == 0
    secret = capsys.readouterr().out.strip()
    assert await knows(world, secret)

    assert await run("device", "disable", "d1") == 0
    assert not await knows(world, secret)
    assert await run("device", "enable", "d1") == 0
    assert await knows(world, secret)
    assert await run("device", "revoke", "d1") == 0
    assert not await knows(world, secret)

    entries = await world.store.database["audit_entries"].find().sort("_id").to_list(None)
    assert [one["action"] for one in entries] == [
        "issue_secrets",
        "disable_device",
        "enable_device",
        "revoke_secret",
    ]
    assert all(one["actor_id"].startswith("cli:") for one in entries)
    assert secret not in str(entries)


@pytest.mark.usefixtures("command")
async def test_a_device_that_is_not_there_gets_no_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await run("device", "issue", "nobody") == 1

    said = capsys.readouterr()
    assert (said.out, "device_not_found" in said.err) == ("", True)


@pytest.mark.usefixtures("command")
async def test_a_demo_secret_is_shown_as_long_as_it_is_the_devices(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = demo_device_secret(tmp_path, "d1")
    await world.run(issue_secrets, secrets={"d1": secret})

    assert await run("device", "secret", "d1") == 0
    assert capsys.readouterr().out.strip() == secret
    await world.run(issue_secrets, secrets={"d1": "another"})
    assert await run("device", "secret", "d1") == 78
    assert "device issue" in capsys.readouterr().err


@pytest.mark.usefixtures("command")
async def test_mosquittos_passwords_are_those_of_devices_in_service(
    world: World, tmp_path: Path
) -> None:
    await world.run(issue_secrets, secrets={"d1": "one", "d2": "two"})
    await run("device", "disable", "d2")
    out = tmp_path / "broker"

    assert await run("broker-config", "mosquitto", "--out", str(out)) == 0

    names = [line.split(":")[0] for line in (out / "passwords").read_text().splitlines()]
    config = (out / "mosquitto.conf").read_text()
    assert names == ["d1", "simulator"]  # the servers of the tests have no account for a gateway
    assert "allow_anonymous false" in config
    assert f"password_file {out}/passwords" in config
    assert f"acl_file {out}/acl" in config


def letter(number: int, reason: Reason, *, missing: int = 0) -> DeadLetter:
    payload = b"letter %d" % number
    size = len(payload) + missing
    received_at = datetime.now(UTC) - timedelta(minutes=10 - number)
    return DeadLetter("devices/d1/up/reading", payload, size, reason, "why", received_at, "d1")


@pytest.mark.usefixtures("command")
async def test_letters_are_listed_and_each_is_replayed_once(
    world: World, servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    letters = [
        letter(1, Reason.UNSIGNED),
        letter(2, Reason.TRUNCATED),
        letter(3, Reason.UNSIGNED),
        letter(4, Reason.UNSIGNED, missing=9),
    ]
    await bury(world.store.database, letters)
    broker = urlsplit(servers.mqtt_url)
    async with aiomqtt.Client(broker.hostname or "", broker.port or 0) as listener:
        await listener.subscribe("devices/d1/up/+", qos=1)

        assert await run("dead-letters", "list", "--since", "1h") == 0
        listed = capsys.readouterr().out
        assert await run("dead-letters", "replay", "--reason", "unsigned", "--device", "d1") == 0
        assert await run("dead-letters", "replay", "--reason", "unsigned") == 0
        replayed = capsys.readouterr().out.splitlines()

        heard = [
            (await asyncio.wait_for(anext(aiter(listener.messages)), 10)).payload for _ in "12"
        ]

    assert len(re.findall(r"letter \d", listed)) == 4
    assert [line[:1] for line in replayed] == ["2", "0"]
    assert heard == [b"letter 1", b"letter 3"]
    await run("dead-letters", "list")
    assert capsys.readouterr().out.count("(replayed)") == 2


@pytest.mark.parametrize("since", ["yesterday", "5", "2026-01-01T00:00:00"])
def test_since_is_an_age_or_an_instant_with_an_offset(
    since: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["dead-letters", "list", "--since", since])

    assert "neither an age nor an instant" in capsys.readouterr().err


def test_demo_secrets_differ_by_device_and_by_installation(tmp_path: Path) -> None:
    ids = [device.id for device in demo_city().devices]

    here = {demo_device_secret(tmp_path / "a", id) for id in ids[:20]}
    there = {demo_device_secret(tmp_path / "b", id) for id in ids[:20]}

    assert len(here | there) == 40
    assert here == {demo_device_secret(tmp_path / "a", id) for id in ids[:20]}
