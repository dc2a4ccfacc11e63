"""The environment becomes a Config, and what must not start in production does not."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest

from server.config import CONFIG_KEYS, Config, ConfigRefused, render_config_keys
from server.secrets_file import keep_secrets, new_demo_secret

PRODUCTION = {
    "SMARTCLOUD_MODE": "production",
    "SMARTCLOUD_MONGO_URL": "mongodb://m1,m2,m3/?replicaSet=city",
    "SMARTCLOUD_REDIS_URL": "redis://cache/0",
    "SMARTCLOUD_MQTT_URL": "mqtt://ingest:word@broker:1883",
    "SMARTCLOUD_TOKEN_KEY": "k" * 32,
    "SMARTCLOUD_SMS_KEY_ID": "LTAI-id",
    "SMARTCLOUD_SMS_KEY_SECRET": "a-secret",
    "SMARTCLOUD_SMS_SIGN_NAME": "某市停车",
    "SMARTCLOUD_SMS_LOGIN_TEMPLATE": "SMS_1",
}


def demo(data_dir: Path, **environ: str) -> Config:
    return Config.from_environment({"SMARTCLOUD_DATA_DIR": str(data_dir), **environ})


def test_a_demo_needs_no_variable_and_keeps_the_secrets_it_made(tmp_path: Path) -> None:
    first = demo(tmp_path)
    second = demo(tmp_path)

    assert first == second
    assert len({first.token_key, first.sms_key_id, first.sms_key_secret}) == 3
    assert first.mongo_url.startswith("mongodb://127.0.0.1:27410/")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_two_demos_have_different_secrets(tmp_path: Path) -> None:
    assert demo(tmp_path / "a").token_key != demo(tmp_path / "b").token_key


def test_processes_that_start_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    makers = dict.fromkeys(("token_key", "sms_key_id"), new_demo_secret)

    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda _: keep_secrets(tmp_path / "secrets.json", makers), range(32)))

    assert all(secrets == held[0] for secrets in held)


def test_a_port_moves_the_url_of_its_embedded_server(tmp_path: Path) -> None:
    config = demo(tmp_path, SMARTCLOUD_REDIS_PORT="7000", SMARTCLOUD_SMS_PORT="7001")

    assert config.redis_url == "redis://127.0.0.1:7000/0"
    assert config.sms_url == "http://127.0.0.1:7001"


def test_every_unreadable_value_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused) as refusal:
        demo(tmp_path, SMARTCLOUD_HTTP_PORT="80000", SMARTCLOUD_TIME_ZONE="Mars/Olympus")

    assert "SMARTCLOUD_HTTP_PORT" in str(refusal.value)
    assert "SMARTCLOUD_TIME_ZONE" in str(refusal.value)


def test_production_starts_when_everything_is_set(tmp_path: Path) -> None:
    config = Config.from_environment(PRODUCTION | {"SMARTCLOUD_DATA_DIR": str(tmp_path)})

    assert config.sms_url == "https://dysmsapi.aliyuncs.com"
    assert (config.log, config.mqtt_group) == ("json", "ingest")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", sorted(PRODUCTION.keys() - {"SMARTCLOUD_MODE"}))
def test_production_names_the_variable_that_is_missing(variable: str) -> None:
    environ = {name: value for name, value in PRODUCTION.items() if name != variable}

    with pytest.raises(ConfigRefused, match=variable):
        Config.from_environment(environ)


def test_a_demos_secret_never_works_in_production(tmp_path: Path) -> None:
    copied = demo(tmp_path)
    secrets = {
        "SMARTCLOUD_TOKEN_KEY": copied.token_key,
        "SMARTCLOUD_SMS_KEY_ID": copied.sms_key_id,
        "SMARTCLOUD_SMS_KEY_SECRET": copied.sms_key_secret,
    }

    for variable, secret in secrets.items():
        with pytest.raises(ConfigRefused, match=variable) as refusal:
            Config.from_environment(PRODUCTION | {variable: secret})
        assert secret not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SMARTCLOUD_TOKEN_KEY", "short"), ("SMARTCLOUD_SMS_URL", "http://sms.example")],
)
def test_production_refuses_what_is_set_but_unsafe(variable: str, value: str) -> None:
    with pytest.raises(ConfigRefused, match=variable):
        Config.from_environment(PRODUCTION | {variable: value})


def test_a_printed_config_holds_no_secret() -> None:
    shown = repr(Config.from_environment(PRODUCTION))

    for secret in ("k" * 32, "LTAI-id", "a-secret", "word@"):
        assert secret not in shown


def test_the_table_documents_every_variable_once() -> None:
    lines = render_config_keys().splitlines()[2:]

    assert len(CONFIG_KEYS) == len(fields(Config)) == len(lines)
    assert len({entry.variable for entry in CONFIG_KEYS}) == len(CONFIG_KEYS)
    for entry, line in zip(CONFIG_KEYS, lines, strict=True):
        assert line.startswith(f"| `{entry.variable}` |")
        assert entry.meaning in line
