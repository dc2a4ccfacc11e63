"""Where a broker is and as whom to connect, read out of its URL."""

from ssl import create_default_context
from typing import Any
from urllib.parse import unquote, urlsplit


def connection_of(url: str) -> dict[str, Any]:
    """Give an MQTT client's arguments for `mqtt[s]://[user:password@]host[:port]`."""
    parts = urlsplit(url)
    secure = parts.scheme == "mqtts"
    return {
        "hostname": parts.hostname or "127.0.0.1",
        "port": parts.port or (8883 if secure else 1883),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "tls_context": create_default_context() if secure else None,
    }
