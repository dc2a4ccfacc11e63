"""The three kinds of embedded servers: how each is found, configured, started and asked for life."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from server.standalone import mongo, mqtt, redis
from server.standalone.place import Place
from server.standalone.programs import Program, find_mongod, find_mqtt_broker, find_redis


@dataclass(frozen=True)
class Kind:
    """What `Servers` must know of one kind of server.

    `command` writes what configuration the server needs and returns what to run.
    `answer` is one try to use the server; it raises anything at all until the server is ready.
    """

    name: str
    label: str
    port_variable: str
    url_variable: str
    find: Callable[[], Program]
    command: Callable[[Program, Place], list[str]]
    answer: Callable[[Place], Awaitable[None]]
    url: Callable[[int], str]


MONGO = Kind(
    name="mongo",
    label="MongoDB",
    port_variable="SMARTCLOUD_MONGO_PORT",
    url_variable="SMARTCLOUD_MONGO_URL",
    find=find_mongod,
    command=mongo.command,
    answer=mongo.answer,
    url=mongo.url,
)
REDIS = Kind(
    name="redis",
    label="Redis",
    port_variable="SMARTCLOUD_REDIS_PORT",
    url_variable="SMARTCLOUD_REDIS_URL",
    find=find_redis,
    command=redis.command,
    answer=redis.answer,
    url=redis.url,
)
MQTT = Kind(
    name="mqtt",
    label="the MQTT broker",
    port_variable="SMARTCLOUD_MQTT_PORT",
    url_variable="SMARTCLOUD_MQTT_URL",
    find=find_mqtt_broker,
    command=mqtt.command,
    answer=mqtt.answer,
    url=mqtt.url,
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in (MONGO, REDIS, MQTT)}


def log_file(data_dir: Path, name: str) -> Path:
    """Where the output of a server or of one of our processes is kept."""
    return data_dir / "logs" / f"{name}.log"
