"""The broker configurations that are written: the same again when nothing has changed, and nothing open."""

import json
import re
from pathlib import Path

import pytest

from server import cli
from server.brokers.mosquitto import PASSWORDS, RULES, write_identities
from server.kernel.hashing import hash_secret, secret_fits

GATEWAY = "mqtt://ingest:the%20gateway@127.0.0.1"


def write(folder: Path, devices: dict[str, str] | None, gateway_url: str = GATEWAY) -> bool:
    return write_identities(folder, gateway_url=gateway_url, fleet_url="", devices=devices)


def passwords(folder: Path) -> dict[str, str]:
    lines = (folder / PASSWORDS).read_text().splitlines()
    return dict(line.split(":", 1) for line in lines)


def test_what_stands_in_the_files_already_is_no_change(tmp_path: Path) -> None:
    devices = {"d1": hash_secret("secret of d1")}

    assert write(tmp_path, devices)
    assert not write(tmp_path, devices)
    assert not write(tmp_path, None)
    assert write(tmp_path, {})
    assert passwords(tmp_path).keys() == {"ingest"}
    assert (tmp_path / PASSWORDS).stat().st_mode & 0o777 == 0o600


def test_an_account_gets_its_new_password_and_a_device_of_its_name_does_not(tmp_path: Path) -> None:
    write(tmp_path, {"ingest": hash_secret("of a device")})
    assert secret_fits(passwords(tmp_path)["ingest"], "the gateway")

    assert write(tmp_path, None, "mqtt://ingest:another@127.0.0.1")

    assert secret_fits(passwords(tmp_path)["ingest"], "another")


def test_no_rule_gives_anybody_more_than_the_contract(tmp_path: Path) -> None:
    write(tmp_path, {})

    rules = re.findall(r"^(pattern|topic|user) (.*)$", (tmp_path / RULES).read_text(), re.MULTILINE)

    assert rules == [
        ("pattern", "write devices/%u/up/+"),
        ("pattern", "read devices/%u/down/#"),
        ("pattern", "read devices/%u/ack"),
        ("user", "ingest"),
        ("topic", "read devices/+/up/+"),
        ("topic", "write devices/+/ack"),
        ("topic", "write devices/+/down/+"),
        ("topic", "write devices/+/up/+"),
    ]


def test_emqx_is_told_to_ask_us_with_the_secret_and_to_deny_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMARTCLOUD_DATA_DIR", str(tmp_path))
    out = tmp_path / "broker"

    code = cli.main(
        ["broker-config", "emqx", "--out", str(out), "--hooks-url", "https://parking.example"]
    )

    secret = json.loads((tmp_path / "secrets.json").read_text())["mqtt_hook_secret"]
    written = (out / "emqx.conf").read_text()
    assert (code, capsys.readouterr().out.strip()) == (0, str(out / "emqx.conf"))
    assert "no_match = deny" in written
    assert written.count(f'authorization = "Bearer {secret}"') == 2
    for path in ("auth", "acl"):
        assert f'url = "https://parking.example/hooks/mqtt/{path}"' in written


def test_emqx_is_told_nothing_where_no_hook_secret_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    required = {
        "SMARTCLOUD_MODE": "production",
        "SMARTCLOUD_MONGO_URL": "mongodb://m/?replicaSet=city",
        "SMARTCLOUD_REDIS_URL": "redis://cache/0",
        "SMARTCLOUD_MQTT_URL": "mqtt://ingest:word@broker",
        "SMARTCLOUD_TOKEN_KEY": "k" * 32,
        "SMARTCLOUD_SMS_KEY_ID": "id",
        "SMARTCLOUD_SMS_KEY_SECRET": "word",
        "SMARTCLOUD_SMS_SIGN_NAME": "某市停车",
        "SMARTCLOUD_SMS_LOGIN_TEMPLATE": "SMS_1",
    }
    for variable, value in required.items():
        monkeypatch.setenv(variable, value)

    code = cli.main(["broker-config", "emqx", "--out", str(tmp_path)])

    assert code == 78
    assert "SMARTCLOUD_MQTT_HOOK_SECRET" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
