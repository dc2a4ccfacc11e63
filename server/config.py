"""Turns the environment into one frozen Config; every variable is documented here and only here."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from server.config_keys import ConfigKey, key
from server.config_payments import (
    ALIPAY_URL,
    WECHAT_AUTHORIZE_URL,
    WECHAT_LOGIN_URL,
    WECHAT_URL,
    PaymentConfig,
    demo_payments,
    unfit_payments,
)
from server.config_values import (
    read_flag,
    read_folder,
    read_list,
    read_log,
    read_mode,
    read_port,
    read_port_or_none,
    read_signed_readings,
    read_zone,
)
from server.secrets_file import DEMO_PREFIX, keep_secrets, new_demo_secret

ALIYUN_SMS_URL = "https://dysmsapi.aliyuncs.com"
SECRETS_FILE = "secrets.json"
MONGO_OPTIONS = "replicaSet=rs0&w=majority&readConcernLevel=majority&retryWrites=true"

PRODUCTION_DEFAULTS = {
    "sms_url": ALIYUN_SMS_URL,
    "log": "json",
    "mqtt_group": "ingest",
    "wechat_url": WECHAT_URL,
    "wechat_login_url": WECHAT_LOGIN_URL,
    "wechat_authorize_url": WECHAT_AUTHORIZE_URL,
    "alipay_url": ALIPAY_URL,
    "signed_readings": "accepted",
}
# The accounts at the embedded broker.
INGEST, SIMULATOR = "ingest", "simulator"


class ConfigRefused(Exception):
    """The environment cannot be used; the text names each variable and what to do with it."""

    code = "config_refused"


@dataclass(frozen=True)
class Config(PaymentConfig):
    """What every process of the platform is told by its environment."""

    mode: str = key(
        "SMARTCLOUD_MODE",
        "`demo` makes its own secrets and talks to the servers of `smartcloud up`; "
        "`production` starts only with every required variable set",
        default="demo",
        read=read_mode,
    )
    data_dir: Path = key(  # noqa: RUF009 - key() makes a field, nothing shared
        "SMARTCLOUD_DATA_DIR",
        "folder for the demo's secrets, embedded servers and logs",
        default=".data",
        read=read_folder,
    )
    mongo_url: str = key(
        "SMARTCLOUD_MONGO_URL",
        "MongoDB, a replica set or a sharded cluster",
        shown_default="the embedded one",
        in_production="required",
    )
    mongo_database: str = key("SMARTCLOUD_MONGO_DATABASE", "its database", default="smartcloud")
    photo_dir: str = key(
        "SMARTCLOUD_PHOTO_DIR",
        "folder, the same for every `serve`, where photos are kept; unset, they are in the database",
    )
    redis_url: str = key(
        "SMARTCLOUD_REDIS_URL",
        "Redis, for publications and their history",
        shown_default="the embedded one",
        in_production="required",
    )
    mqtt_url: str = key(
        "SMARTCLOUD_MQTT_URL",
        "the MQTT broker, `mqtt://[user:password@]host:port`",
        shown_default="the embedded one",
        in_production="required",
    )
    signed_readings: str = key(
        "SMARTCLOUD_SIGNED_READINGS",
        "`required` believes only readings that are signed with their device's key, for a broker "
        "that cannot tell its clients apart; `accepted` also believes the broker (a wrong signature "
        "is refused anyway)",
        shown_default="demo: required; production: accepted",
        read=read_signed_readings,
    )
    mqtt_hook_secret: str = key(
        "SMARTCLOUD_MQTT_HOOK_SECRET",
        "secret with which the broker asks `/hooks/mqtt/…` who may connect, publish and subscribe; "
        "unset, nobody may",
        shown_default="made at first run",
        secret=True,
    )
    simulator_mqtt_url: str = key(
        "SMARTCLOUD_SIMULATOR_MQTT_URL",
        "the broker for `smartcloud simulate`, which speaks for every device of the demo; the "
        "secrets of those devices follow from its password",
        shown_default="the embedded one",
    )
    mqtt_group: str = key(
        "SMARTCLOUD_MQTT_GROUP",
        "name of the shared subscription by which several `ingest` processes split the load; "
        "none subscribes plainly, for one process",
        shown_default="demo: none; production: ingest",
    )
    node: str = key(
        "SMARTCLOUD_NODE",
        "name of this `ingest` among several; the broker keeps its session under it",
        default="0",
    )
    metrics_port: int = key(
        "SMARTCLOUD_METRICS_PORT",
        "port on which `ingest` and `worker` show `/metrics`; 0 is none (`serve` always does)",
        default="0",
        read=read_port_or_none,
    )
    http_host: str = key("SMARTCLOUD_HTTP_HOST", "address `serve` listens on", default="127.0.0.1")
    http_port: int = key(
        "SMARTCLOUD_HTTP_PORT", "port `serve` listens on", default="8800", read=read_port
    )
    allowed_origins: tuple[str, ...] = key(
        "SMARTCLOUD_ALLOWED_ORIGINS",
        "origins of other sites that may open the websocket, comma-separated",
        shown_default="same origin only",
        read=read_list,
    )
    token_key: str = key(
        "SMARTCLOUD_TOKEN_KEY",
        "key that signs websocket tokens, at least 32 characters",
        shown_default="made at first run",
        in_production="required",
        secret=True,
    )
    realtime_api_key: str = key(
        "SMARTCLOUD_REALTIME_API_KEY",
        "key of the server API of the websocket hub, at `/realtime/api/…`; none leaves it closed",
        secret=True,
    )
    sms_url: str = key(
        "SMARTCLOUD_SMS_URL",
        "Aliyun SMS endpoint",
        shown_default=f"demo: the SMS double; production: {ALIYUN_SMS_URL}",
    )
    sms_key_id: str = key(
        "SMARTCLOUD_SMS_KEY_ID",
        "access key id at the SMS provider",
        shown_default="made at first run",
        in_production="required",
        secret=True,
    )
    sms_key_secret: str = key(
        "SMARTCLOUD_SMS_KEY_SECRET",
        "access key secret at the SMS provider",
        shown_default="made at first run",
        in_production="required",
        secret=True,
    )
    sms_sign_name: str = key(
        "SMARTCLOUD_SMS_SIGN_NAME",
        "signature approved by the SMS provider",
        shown_default="智慧停车",
        in_production="required",
    )
    sms_login_template: str = key(
        "SMARTCLOUD_SMS_LOGIN_TEMPLATE",
        "template of the login code, with the variable `code`",
        shown_default="SMS_LOGIN_CODE",
        in_production="required",
    )
    sms_reminder_template: str = key(
        "SMARTCLOUD_SMS_REMINDER_TEMPLATE",
        "template of reminders of arrears for operators that have set none of their own, with the "
        "variables `plate`, `count`, `amount` and `link`, which goes after `…/d/`",
        shown_default="demo: SMS_REMINDER",
    )
    time_zone: str = key(
        "SMARTCLOUD_TIME_ZONE",
        "the city's time zone: days, tariffs and reports follow it",
        default="Asia/Shanghai",
        read=read_zone,
    )
    log: str = key(
        "SMARTCLOUD_LOG",
        "`text` for people, `json` for machines, one object a line",
        shown_default="demo: text; production: json",
        read=read_log,
    )
    mongo_port: int = key(
        "SMARTCLOUD_MONGO_PORT", "port of the embedded mongod", default="27410", read=read_port
    )
    redis_port: int = key(
        "SMARTCLOUD_REDIS_PORT", "port of the embedded redis-server", default="6410", read=read_port
    )
    mqtt_port: int = key(
        "SMARTCLOUD_MQTT_PORT", "port of the embedded MQTT broker", default="1884", read=read_port
    )
    sms_port: int = key(
        "SMARTCLOUD_SMS_PORT", "port of the SMS double", default="8810", read=read_port
    )
    redis_appendonly: bool = key(
        "SMARTCLOUD_REDIS_APPENDONLY",
        "`yes` keeps the embedded Redis over a restart (clients recover what they missed), "
        "`no` starts it empty (clients load anew)",
        default="no",
        read=read_flag,
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the configuration; in demo mode the data folder and its secrets are made.

        Refuses, with ConfigRefused naming every variable at fault: unreadable values in any
        mode; in production missing or demo secrets as well.
        """
        values = _read_values(environ)
        if values["mode"] == "production":
            _refuse_unfit_for_production(environ)
            values = PRODUCTION_DEFAULTS | _without_blanks(values)
        else:
            values = _demo_values(values) | _without_blanks(values)
        return cls(**values)


CONFIG_KEYS: tuple[ConfigKey, ...] = tuple(each.metadata["key"] for each in fields(Config))


def render_config_keys() -> str:
    """Render the Markdown table of all variables, for the docs and `smartcloud config`."""
    lines = ["| variable | default | in production | meaning |", "| --- | --- | --- | --- |"]
    for entry in CONFIG_KEYS:
        default = entry.default.replace("|", "\\|") or "none"
        lines.append(
            f"| `{entry.variable}` | {default} | {entry.in_production} | {entry.meaning} |"
        )
    return "\n".join(lines) + "\n"


def _read_values(environ: Mapping[str, str]) -> dict[str, Any]:
    values, faults = {}, []
    for each in fields(Config):
        entry: ConfigKey = each.metadata["key"]
        assert each.default is not MISSING
        text = environ.get(entry.variable, "").strip() or str(each.default)
        if not text:
            continue
        try:
            values[each.name] = entry.read(text)
        except ValueError as error:
            faults.append(f"{entry.variable}={text!r}: {error}")
    if faults:
        raise ConfigRefused("The configuration cannot be read. " + "; ".join(faults))
    return {"allowed_origins": (), "wechat_return_urls": ()} | values


def _demo_values(values: Mapping[str, Any]) -> dict[str, Any]:
    names = {"token_key", "sms_key_id", "sms_key_secret", "mqtt_hook_secret"}
    made = names - values.keys()
    path = values["data_dir"] / SECRETS_FILE
    accounts = keep_secrets(path, {f"mqtt_{one}": new_demo_secret for one in (INGEST, SIMULATOR)})
    # A broker that the environment names gets the same accounts.
    named = urlsplit(str(values.get("mqtt_url", ""))).netloc.rpartition("@")[2]
    broker = named or f"127.0.0.1:{values['mqtt_port']}"
    return {
        "mongo_url": f"mongodb://127.0.0.1:{values['mongo_port']}/?{MONGO_OPTIONS}",
        "redis_url": f"redis://127.0.0.1:{values['redis_port']}/0",
        "mqtt_url": f"mqtt://{INGEST}:{accounts['mqtt_ingest']}@{broker}",
        "simulator_mqtt_url": f"mqtt://{SIMULATOR}:{accounts['mqtt_simulator']}@{broker}",
        "signed_readings": "required",
        "sms_url": f"http://127.0.0.1:{values['sms_port']}",
        "sms_sign_name": "智慧停车",
        **demo_payments(values),
        "sms_login_template": "SMS_LOGIN_CODE",
        "sms_reminder_template": "SMS_REMINDER",
        "log": "text",
        **keep_secrets(path, dict.fromkeys(sorted(made), new_demo_secret)),
    }


def _without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != ""}


def _refuse_unfit_for_production(environ: Mapping[str, str]) -> None:
    missing, unfit = [], []
    for entry in CONFIG_KEYS:
        value = environ.get(entry.variable, "").strip()
        if entry.in_production == "required" and not value:
            missing.append(entry.variable)
        if entry.secret and value.startswith(DEMO_PREFIX):
            unfit.append(f"{entry.variable} is a demo's secret")
    token_key = environ.get("SMARTCLOUD_TOKEN_KEY", "").strip()
    # HMAC-SHA256 asks for a key as long as its output (RFC 7518 §3.2).
    if token_key and len(token_key) < 32:
        unfit.append("SMARTCLOUD_TOKEN_KEY is shorter than 32 characters")
    sms_url = urlsplit(environ.get("SMARTCLOUD_SMS_URL", ALIYUN_SMS_URL).strip() or ALIYUN_SMS_URL)
    if sms_url.scheme != "https":
        unfit.append("SMARTCLOUD_SMS_URL is not https")
    unfit += unfit_payments(environ)
    if f":{DEMO_PREFIX}" in environ.get("SMARTCLOUD_MQTT_URL", ""):
        unfit.append("SMARTCLOUD_MQTT_URL holds a demo's password")
    if missing:
        unfit.insert(0, "these must be set: " + ", ".join(missing))
    if unfit:
        raise ConfigRefused("Production mode does not start: " + "; ".join(unfit) + ".")
