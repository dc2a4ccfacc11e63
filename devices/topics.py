"""The MQTT topics of the device contract: how they are written and how they are read."""

import re

UP_FILTER = "devices/+/up/+"
ACKS_FILTER = "devices/+/ack"
# Ingest processes that share this subscription get each message once among them.
SHARED_UP_FILTER = f"$share/ingest/{UP_FILTER}"

_DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UP = re.compile(r"devices/([A-Za-z0-9_-]{1,64})/up/([a-z0-9_]{1,32})")


def is_device_id(text: str) -> bool:
    """Say whether a text can name a device in a topic: 1 to 64 letters, digits, `_` or `-`."""
    return _DEVICE_ID.fullmatch(text) is not None


def up_topic(device_id: str, kind: str) -> str:
    """Name the topic on which a device publishes; `kind` chooses the codec."""
    assert is_device_id(device_id), device_id
    return f"devices/{device_id}/up/{kind}"


def ack_topic(device_id: str) -> str:
    """Name the topic on which a device hears which of its readings are safe."""
    assert is_device_id(device_id), device_id
    return f"devices/{device_id}/ack"


def parse_up(topic: str) -> tuple[str, str] | None:
    """Read (device id, kind) out of a topic, or None when it is no upward topic of the contract."""
    found = _UP.fullmatch(topic)
    return (found[1], found[2]) if found else None
