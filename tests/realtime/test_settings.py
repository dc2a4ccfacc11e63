"""The configuration of a hub alone: what a file and the environment say, and who may do what by it."""

import json
from pathlib import Path
from typing import Any

import pytest

from realtime.configured import ConfiguredBook, keys_of, limits_of, personal_channel_of
from realtime.namespaces import Actor, InvalidChannel, UnknownChannel
from realtime.settings import Settings, SettingsRefused, read_settings

ANN, NOBODY = Actor("ann"), Actor("")


def settings(tmp_path: Path, tree: Any, **environ: str) -> Settings:
    file = tmp_path / "config.json"
    file.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return read_settings(file, {f"CENTRIFUGO_{name}": value for name, value in environ.items()})


def channels(tmp_path: Path, client: dict[str, Any] | None = None, **options: Any) -> Settings:
    tree = {
        "client": client or {},
        "channel": {"without_namespace": {}, "namespaces": [{"name": "chat", **options}]},
    }
    return settings(tmp_path, tree)


def test_a_file_is_read_and_variables_win(tmp_path: Path) -> None:
    tree = {
        "client": {
            "token": {"hmac_secret_key": "file"},
            "allowed_origins": ["https://a.example"],
            "ping_interval": "1m30s",
            "pong_timeout": "250ms",
            "channel_limit": 7,
            "subscribe_to_user_personal_channel": {"enabled": True},
        },
        "channel": {
            "without_namespace": {"history_size": 3, "history_ttl": "5m"},
            "namespaces": [{"name": "chat", "presence": True, "channel_regex": "^[0-9]+$"}],
        },
        "http_api": {"key": "k"},
        "http_server": {"port": "9000", "address": "127.0.0.1"},
        "engine": {"type": "redis", "redis": {"address": "redis://r:1/2"}},
    }

    read = settings(
        tmp_path,
        tree,
        CLIENT_TOKEN_HMAC_SECRET_KEY="variable",
        CHANNEL_WITHOUT_NAMESPACE_FORCE_RECOVERY="true",
        CHANNEL_NAMESPACES_CHAT_JOIN_LEAVE="1",
        HTTP_API_KEY="",
    )

    assert read.unknown == ()
    assert keys_of(read)[0].hmac == "variable"
    assert read.origins == ("https://a.example",)
    limits = limits_of(read)
    assert (limits.ping_s, limits.pong_s, limits.channels) == (90.0, 0.25, 7)
    assert (read.plain.history_size, read.plain.history_ttl) == (3, 300.0)
    assert read.plain.force_recovery is True
    assert (read.namespaces["chat"].presence, read.namespaces["chat"].join_leave) == (True, True)
    assert (read.api_key, read.port, read.redis_address) == ("k", 9000, ("redis://r:1/2",))
    assert "variable" not in repr(read)


@pytest.mark.parametrize("value", ["a1 b2", '[{"name":"a1"},{"name":"b2","presence":true}]'])
def test_a_variable_lists_namespaces_as_names_or_objects(value: str) -> None:
    environ = {
        "CENTRIFUGO_CHANNEL_NAMESPACES": value,
        "CENTRIFUGO_CHANNEL_NAMESPACES_B2_PRESENCE": "true",
    }

    read = read_settings(None, environ)

    assert set(read.namespaces) == {"a1", "b2"}
    assert read.namespaces["b2"].presence is True
    assert read.unknown == ()


def test_what_is_not_known_is_named_and_the_rest_works(tmp_path: Path) -> None:
    tree = {
        "admin": {"enabled": True},
        "client": {"insecure": True, "colour": 1},
        "channel": {"namespaces": [{"name": "chat", "shared_poll": {"mode": "x"}}]},
    }

    read = settings(tmp_path, tree, LOG_LEVEL="trace")

    assert read.insecure is True
    assert set(read.unknown) == {
        "admin.enabled",
        "client.colour",
        "channel.namespaces.chat.shared_poll.mode",
        "CENTRIFUGO_LOG_LEVEL",
    }


@pytest.mark.parametrize(
    ("tree", "named"),
    [
        ({"client": {"insecure": "perhaps"}}, "client.insecure"),
        ({"client": {"ping_interval": 25}}, "client.ping_interval"),
        ({"client": {"ping_interval": "25"}}, "client.ping_interval"),
        ({"client": {"ping_interval": "0s"}}, "client.ping_interval"),
        ({"client": {"channel_limit": -1}}, "client.channel_limit"),
        ({"client": {"allowed_origins": [1]}}, "client.allowed_origins"),
        ({"client": {"token": {"rsa_public_key": "x"}}}, "client.token.rsa_public_key"),
        ({"engine": {"type": "nats"}}, "engine.type"),
        ({"client": {"ping_interval": "8s"}}, "client.pong_timeout"),
        ({"engine": {"type": "redis", "redis": {"address": []}}}, "engine.redis.address"),
        ({"engine": {"type": "redis", "redis": {"address": "http://r"}}}, "engine.redis.address"),
        ({"engine": {"type": "redis", "redis": {"address": ["a", "b"]}}}, "engine.redis.address"),
        ({"http_server": {"port": 65536}}, "http_server.port"),
        ({"websocket": {"handler_prefix": "connection"}}, "websocket.handler_prefix"),
        ({"http_api": {"handler_prefix": ""}}, "http_api.handler_prefix"),
        ({"channel": {"namespaces": 5}}, "channel.namespaces"),
        ({"channel": {"namespaces": {"chat": {"presence": True}}}}, "channel.namespaces"),
        ({"channel": {"namespaces": [5]}}, "channel.namespaces"),
        ({"channel": {"namespaces": [{}]}}, "channel.namespaces"),
        ({"channel": {"namespaces": [{"name": "a1"}, {"name": "a1"}]}}, "channel.namespaces"),
        (
            {"channel": {"namespaces": [{"name": "a1", "channel_regex": "("}]}},
            "channel.namespaces.a1.channel_regex",
        ),
        (
            {"channel": {"namespaces": [{"name": "a1", "force_recovery": True}]}},
            "channel.namespaces.a1",
        ),
        ({"channel": {"without_namespace": {"history_size": 1}}}, "channel.without_namespace"),
        (
            {
                "client": {
                    "subscribe_to_user_personal_channel": {
                        "enabled": True,
                        "personal_channel_namespace": "own",
                    }
                }
            },
            "personal_channel_namespace",
        ),
        ("[]", "config.json"),
        ("{", "config.json"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "config.json"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_key(
    tmp_path: Path, tree: Any, named: str
) -> None:
    with pytest.raises(SettingsRefused, match=named):
        settings(tmp_path, tree)


def test_a_bad_variable_is_refused_by_its_own_name() -> None:
    with pytest.raises(SettingsRefused, match="CENTRIFUGO_CLIENT_PONG_TIMEOUT"):
        read_settings(None, {"CENTRIFUGO_CLIENT_PONG_TIMEOUT": "soon"})


def test_a_channel_belongs_to_what_stands_before_the_boundary(tmp_path: Path) -> None:
    book = ConfiguredBook(channels(tmp_path, channel_regex="^[a-z]+$"))

    assert book.namespace_of("chat:room").name == "chat"
    assert book.namespace_of("$chat:room").name == "chat"
    assert book.namespace_of("room").name == ""
    with pytest.raises(UnknownChannel):
        book.namespace_of("other:room")
    for wrong in ("chat:7", "chat:a:b", "плата"):
        with pytest.raises(InvalidChannel):
            book.namespace_of(wrong)


@pytest.mark.parametrize(
    ("options", "channel", "ann", "nobody"),
    [
        ({}, "chat:1", False, False),
        ({"allow_subscribe_for_client": True}, "chat:1", True, False),
        ({"allow_subscribe_for_anonymous": True}, "chat:1", False, False),
        (
            {"allow_subscribe_for_client": True, "allow_subscribe_for_anonymous": True},
            "chat:1",
            True,
            True,
        ),
        ({"allow_subscribe_for_client": True}, "$chat:1", False, False),
        ({"allow_user_limited_channels": True}, "chat:1#bob,ann", True, False),
        ({"allow_user_limited_channels": True}, "chat:1#bob", False, False),
        ({"allow_user_limited_channels": True}, "chat:1#", False, False),
        (
            {"allow_user_limited_channels": True, "allow_subscribe_for_client": True},
            "chat:1#bob",
            False,
            False,
        ),
        ({"allow_subscribe_for_client": True}, "chat:1#bob", True, False),
    ],
)
def test_who_may_subscribe(
    tmp_path: Path, options: dict[str, bool], channel: str, ann: bool, nobody: bool
) -> None:
    namespace = ConfiguredBook(channels(tmp_path, **options)).namespace_of(channel)

    assert namespace.access(ANN, channel) is ann
    assert namespace.access(NOBODY, channel) is nobody


@pytest.mark.parametrize("what", ["publish", "presence", "history"])
def test_who_may_publish_and_look(tmp_path: Path, what: str) -> None:
    def allow(**options: bool) -> Any:
        book = ConfiguredBook(
            channels(tmp_path, **{f"allow_{what}_for_{who}": one for who, one in options.items()})
        )
        namespace = book.namespace_of("chat:1")
        return {
            "publish": namespace.publish,
            "presence": namespace.show_presence,
            "history": namespace.show_history,
        }[what]

    assert not allow().covers(ANN, subscribed=True)
    assert allow(client=True).covers(ANN, subscribed=False)
    assert not allow(client=True).covers(NOBODY, subscribed=True)
    assert allow(subscriber=True).covers(ANN, subscribed=True)
    assert not allow(subscriber=True).covers(ANN, subscribed=False)
    assert not allow(anonymous=True).covers(NOBODY, subscribed=True)
    assert allow(subscriber=True, anonymous=True).covers(NOBODY, subscribed=True)


def test_insecure_lets_everybody_do_everything_but_enter_private_channels(tmp_path: Path) -> None:
    namespace = ConfiguredBook(channels(tmp_path, {"insecure": True})).namespace_of("chat:1")

    assert namespace.access(NOBODY, "chat:1") is True
    assert namespace.access(NOBODY, "$chat:1") is False
    for allow in (namespace.publish, namespace.show_presence, namespace.show_history):
        assert allow.covers(NOBODY, subscribed=False)


def test_the_personal_channel_is_named_by_its_namespace(tmp_path: Path) -> None:
    plain = channels(tmp_path, {"subscribe_to_user_personal_channel": {"enabled": True}})
    own = {"enabled": True, "personal_channel_namespace": "chat"}
    named = channels(tmp_path, {"subscribe_to_user_personal_channel": own})

    assert personal_channel_of(plain)(ANN) == "#ann"
    assert personal_channel_of(named)(ANN) == "chat:#ann"
    assert personal_channel_of(plain)(NOBODY) == personal_channel_of(channels(tmp_path))(ANN) == ""
