"""What each client of the broker may publish and subscribe to. Pure; the brokers' own rules say the same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from devices.topics import ACKS_FILTER, UP_FILTER, ack_topic, is_device_id, parse_up


class Act(StrEnum):
    """What a client asks the broker for."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


May = Callable[[Act, str], bool]
_DOWNWARDS = re.compile(r"devices/[A-Za-z0-9_-]{1,64}/(ack|down/[a-z0-9_]{1,32})")
_SHARED = re.compile(r"\$share/[^/+#]+/")


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """A client that is no device: the gateway, or a simulated fleet."""

    name: str
    password: str = field(repr=False)
    may: May


def device_may(device_id: str, act: Act, topic: str) -> bool:
    """Say whether a device may: publish its own readings, hear its own commands and acknowledgements."""
    if act is Act.PUBLISH:
        address = parse_up(topic)
        return address is not None and address[0] == device_id
    if not is_device_id(device_id):
        return False
    # Whatever wildcard stands behind `down/`, it reaches no other device.
    return topic == ack_topic(device_id) or topic.startswith(f"devices/{device_id}/down/")


def gateway_may(act: Act, topic: str) -> bool:
    """Say whether the gateway may: hear all readings, answer devices, play a dead letter again."""
    if act is Act.PUBLISH:
        return _DOWNWARDS.fullmatch(topic) is not None or parse_up(topic) is not None
    return _SHARED.sub("", topic, count=1) == UP_FILTER


def fleet_may(act: Act, topic: str) -> bool:
    """Say whether whoever speaks for many devices may: publish readings and hear acknowledgements."""
    return parse_up(topic) is not None if act is Act.PUBLISH else topic == ACKS_FILTER


def accounts_of(*, mqtt_url: str, simulator_mqtt_url: str) -> Mapping[str, BrokerAccount]:
    """Read the accounts, by name, out of the URLs by which gateway and simulator connect."""
    found = {}
    for url, may in ((mqtt_url, gateway_may), (simulator_mqtt_url, fleet_may)):
        parts = urlsplit(url)
        if parts.username and parts.password:
            name = unquote(parts.username)
            found[name] = BrokerAccount(name, unquote(parts.password), may)
    return found
