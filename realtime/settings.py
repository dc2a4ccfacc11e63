"""Reads the configuration of a hub that runs alone: a JSON file in the shape of Centrifugo's, and the environment.

Each key has one reader here. A key `a.b` is also the variable `CENTRIFUGO_A_B`, which wins over the
file. A key that is not known is named and left aside; a value that cannot be is refused by its key.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from realtime.redis_place import read_place
from realtime.setting_values import (
    flag,
    one_of,
    path,
    pattern,
    port,
    seconds,
    some_seconds,
    some_words,
    text,
    whole,
    words,
)
from realtime.tokens import KeyRefused, read_rsa_key

PREFIX = "CENTRIFUGO_"
PLAIN = "channel.without_namespace"
NAMESPACES = "channel.namespaces"

NAME = re.compile(r"[-a-zA-Z0-9_.]{2,}")


class SettingsRefused(Exception):
    """The configuration cannot be used; the text names the key and what is wrong with it."""


def key(name: str, read: Callable[[object], Any], default: Any, *, secret: bool = False) -> Any:
    """Declare the field that a key is read into; a secret stays out of repr()."""
    return field(default=default, repr=not secret, metadata={"key": name, "read": read})


@dataclass(frozen=True)
class ChannelOptions:
    """What the channels of one namespace keep, show and allow; the names are Centrifugo's."""

    presence: bool = key("presence", flag, False)
    join_leave: bool = key("join_leave", flag, False)
    force_push_join_leave: bool = key("force_push_join_leave", flag, False)
    history_size: int = key("history_size", whole, 0)
    history_ttl: float = key("history_ttl", seconds, 0.0)
    force_positioning: bool = key("force_positioning", flag, False)
    allow_positioning: bool = key("allow_positioning", flag, False)
    force_recovery: bool = key("force_recovery", flag, False)
    allow_recovery: bool = key("allow_recovery", flag, False)
    force_recovery_mode: str = key("force_recovery_mode", one_of("", "stream", "cache"), "")
    allow_subscribe_for_client: bool = key("allow_subscribe_for_client", flag, False)
    allow_subscribe_for_anonymous: bool = key("allow_subscribe_for_anonymous", flag, False)
    allow_publish_for_client: bool = key("allow_publish_for_client", flag, False)
    allow_publish_for_subscriber: bool = key("allow_publish_for_subscriber", flag, False)
    allow_publish_for_anonymous: bool = key("allow_publish_for_anonymous", flag, False)
    allow_presence_for_client: bool = key("allow_presence_for_client", flag, False)
    allow_presence_for_subscriber: bool = key("allow_presence_for_subscriber", flag, False)
    allow_presence_for_anonymous: bool = key("allow_presence_for_anonymous", flag, False)
    allow_history_for_client: bool = key("allow_history_for_client", flag, False)
    allow_history_for_subscriber: bool = key("allow_history_for_subscriber", flag, False)
    allow_history_for_anonymous: bool = key("allow_history_for_anonymous", flag, False)
    allow_user_limited_channels: bool = key("allow_user_limited_channels", flag, False)
    channel_regex: re.Pattern[str] | None = key("channel_regex", pattern, None)  # noqa: RUF009


@dataclass(frozen=True)
class Settings:
    """Everything that a hub alone is told."""

    insecure: bool = key("client.insecure", flag, False)
    anonymous: bool = key("client.allow_anonymous_connect_without_token", flag, False)
    origins: tuple[str, ...] = key("client.allowed_origins", words, ())
    hmac_key: str = key("client.token.hmac_secret_key", text, "", secret=True)
    rsa_key: str = key("client.token.rsa_public_key", text, "")
    audience: str = key("client.token.audience", text, "")
    issuer: str = key("client.token.issuer", text, "")
    own_subscription_keys: bool = key("client.subscription_token.enabled", flag, False)
    sub_hmac_key: str = key("client.subscription_token.hmac_secret_key", text, "", secret=True)
    sub_rsa_key: str = key("client.subscription_token.rsa_public_key", text, "")
    sub_audience: str = key("client.subscription_token.audience", text, "")
    sub_issuer: str = key("client.subscription_token.issuer", text, "")
    personal: bool = key("client.subscribe_to_user_personal_channel.enabled", flag, False)
    personal_namespace: str = key(
        "client.subscribe_to_user_personal_channel.personal_channel_namespace", text, ""
    )
    ping_s: float = key("client.ping_interval", some_seconds, 25.0)
    pong_s: float = key("client.pong_timeout", some_seconds, 8.0)
    stale_s: float = key("client.stale_close_delay", some_seconds, 10.0)
    expired_s: float = key("client.expired_close_delay", seconds, 25.0)
    sub_expired_s: float = key("client.expired_sub_close_delay", seconds, 25.0)
    position_check_s: float = key("client.channel_position_check_delay", some_seconds, 20.0)
    channel_limit: int = key("client.channel_limit", whole, 128)
    queue_max_size: int = key("client.queue_max_size", whole, 1024 * 1024)
    connection_limit: int = key("client.connection_limit", whole, 0)
    user_connection_limit: int = key("client.user_connection_limit", whole, 0)
    history_limit: int = key("client.history_max_publication_limit", whole, 300)
    recovery_limit: int = key("client.recovery_max_publication_limit", whole, 300)
    channel_length: int = key("channel.max_length", whole, 255)
    private_prefix: str = key("channel.private_prefix", text, "$")
    boundary: str = key("channel.namespace_boundary", text, ":")
    user_boundary: str = key("channel.user_boundary", text, "#")
    user_separator: str = key("channel.user_separator", text, ",")
    deflate: bool = key("websocket.compression", flag, False)
    message_size: int = key("websocket.message_size_limit", whole, 64 * 1024)
    websocket_path: str = key("websocket.handler_prefix", path, "/connection/websocket")
    api_key: str = key("http_api.key", text, "", secret=True)
    api_insecure: bool = key("http_api.insecure", flag, False)
    api_disabled: bool = key("http_api.disabled", flag, False)
    api_path: str = key("http_api.handler_prefix", path, "/api")
    health: bool = key("health.enabled", flag, False)
    health_path: str = key("health.handler_prefix", path, "/health")
    metrics: bool = key("prometheus.enabled", flag, False)
    metrics_path: str = key("prometheus.handler_prefix", path, "/metrics")
    address: str = key("http_server.address", text, "")
    port: int = key("http_server.port", port, 8000)
    engine: str = key("engine.type", one_of("memory", "redis"), "memory")
    redis_address: tuple[str, ...] = key("engine.redis.address", some_words, ("127.0.0.1:6379",))
    redis_prefix: str = key("engine.redis.prefix", text, "centrifugo")
    plain: ChannelOptions = ChannelOptions()
    namespaces: Mapping[str, ChannelOptions] = field(default_factory=dict)
    # Keys and variables that nothing here reads.
    unknown: tuple[str, ...] = ()

    @property
    def redis_url(self) -> str:
        """The URL of the Redis; several addresses, without more, are one that does not exist."""
        address = ",".join(self.redis_address)
        return address if "://" in address else f"redis://{address}/0"


def read_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read a JSON file (none: no file) and the environment; raises SettingsRefused."""
    source = _Source(_load(path), environ)
    own = source.read(Settings)
    plain = ChannelOptions(**source.read(ChannelOptions, PLAIN))
    namespaces = {
        name: ChannelOptions(**source.read(ChannelOptions, f"{NAMESPACES}.{name}"))
        for name in source.namespaces()
    }
    settings = Settings(**own, plain=plain, namespaces=namespaces, unknown=source.unread())
    _check(settings)
    return settings


def variable_of(name: str) -> str:
    """Give the variable of a key."""
    return PREFIX + re.sub(r"[.-]", "_", name).upper()


class _Source:
    """What the file and the environment say, and which of it was read."""

    def __init__(self, tree: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self._said = dict(_flatten(tree))
        # A variable that is set to nothing is as good as unset.
        self._variables = {
            name: value for name, value in environ.items() if name.startswith(PREFIX) and value
        }
        self._read: set[str] = set()

    def read(self, shape: type[Any], above: str = "") -> dict[str, Any]:
        """Read the fields of a declaration from the keys under `above`; variables win."""
        found = {}
        for one in fields(shape):
            if "key" in one.metadata:
                name = f"{above}.{one.metadata['key']}" if above else one.metadata["key"]
                where, value = self._find(name)
                if value is not None:
                    try:
                        found[one.name] = one.metadata["read"](value)
                    except ValueError as wrong:
                        raise SettingsRefused(f"{where}: {wrong}") from wrong
        return found

    def namespaces(self) -> list[str]:
        """Give the names of the namespaces; a variable lists objects, or names only."""
        where, declared = self._find(NAMESPACES)
        if isinstance(declared, str):
            declared = _declared(declared)
        loose = [one for one in self._said if one.startswith(f"{NAMESPACES}.")]
        if not isinstance(declared or [], list) or loose:
            raise SettingsRefused(f"{where}: a list of objects is wanted")
        names: list[str] = []
        for entry in declared or []:
            name = entry.get("name") if isinstance(entry, dict) else None
            if not isinstance(name, str) or not NAME.fullmatch(name) or name in names:
                raise SettingsRefused(f"{where}: each has a name of its own, not {name!r}")
            names.append(name)
            options = {one: value for one, value in entry.items() if one != "name"}
            self._said.update(_flatten(options, f"{NAMESPACES}.{name}."))
        return names

    def unread(self) -> tuple[str, ...]:
        """Give the keys and variables that nothing has asked for."""
        return tuple(one for one in [*self._said, *self._variables] if one not in self._read)

    def _find(self, name: str) -> tuple[str, Any]:
        variable = variable_of(name)
        self._read |= {name, variable}
        if variable in self._variables:
            return variable, self._variables[variable]
        return name, self._said.get(name)


def _load(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        loaded = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as unreadable:
        raise SettingsRefused(f"{path}: {unreadable}") from unreadable
    if not isinstance(loaded, dict):
        raise SettingsRefused(f"{path}: an object is wanted")
    return loaded


def _flatten(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{name}.")
        else:
            yield above + name, value


def _declared(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return [{"name": name} for name in value.split()]


def _check(settings: Settings) -> None:
    """Refuse what no single key shows to be wrong."""
    _check_channels(settings)
    _check_keys(settings)
    # A pong that may come after the next ping is never late.
    if settings.pong_s >= settings.ping_s:
        raise SettingsRefused("client.pong_timeout: less than client.ping_interval is wanted")
    if settings.engine == "redis":
        try:
            read_place(settings.redis_url)
        except ValueError as wrong:
            raise SettingsRefused(f"engine.redis.address: {wrong}") from wrong


def _check_channels(settings: Settings) -> None:
    for above, options in [
        (PLAIN, settings.plain),
        *((f"{NAMESPACES}.{name}", one) for name, one in settings.namespaces.items()),
    ]:
        kept = options.history_size > 0 and options.history_ttl > 0
        if (options.history_size > 0) != (options.history_ttl > 0):
            raise SettingsRefused(f"{above}: history_size and history_ttl go together")
        if (options.force_recovery or options.force_positioning) and not kept:
            raise SettingsRefused(f"{above}: recovery and positions need history_size")
    if settings.personal and settings.personal_namespace not in {"", *settings.namespaces}:
        where = "client.subscribe_to_user_personal_channel.personal_channel_namespace"
        raise SettingsRefused(f"{where}: no namespace is called {settings.personal_namespace!r}")
    if settings.boundary == "":
        raise SettingsRefused("channel.namespace_boundary: a text is wanted")


def _check_keys(settings: Settings) -> None:
    for name, pem in [
        ("client.token.rsa_public_key", settings.rsa_key),
        ("client.subscription_token.rsa_public_key", settings.sub_rsa_key),
    ]:
        try:
            read_rsa_key(pem) if pem else None
        except KeyRefused as wrong:
            raise SettingsRefused(f"{name}: {wrong}") from wrong
