"""Where RFCs are stricter than Tornado: it echoes an invalid close frame, which is answered with 1002
(RFC 6455), and takes no note of an extension's parameters that have no value (RFC 7692)."""

import struct
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.websocket import WebSocketHandler, WebSocketProtocol, WebSocketProtocol13

CLOSE = 0x8
PROTOCOL_ERROR = 1002


def may_close_with(code: int) -> bool:
    """Tell whether a peer may send this close code (RFC 6455 section 7.4, and IANA's registry)."""
    return code in {1000, 1001, 1002, 1003} or 1007 <= code <= 1014 or 3000 <= code <= 4999


def is_well_formed(body: bytes) -> bool:
    """Tell whether a close frame holds nothing, or a code that may be sent and a text in UTF-8."""
    if not body:
        return True
    if len(body) < 2:
        return False
    try:
        body[2:].decode()
    except UnicodeDecodeError:
        return False
    return may_close_with(struct.unpack("!H", body[:2])[0])


def _extension(text: str) -> tuple[str, dict[str, Any]]:
    """Read an extension and its parameters, each with its value or None."""
    name, *parameters = [part.strip() for part in text.split(";")]
    parted = [one.partition("=") for one in parameters]
    return name, {key: value if equals else None for key, equals, value in parted}


class StrictProtocol(WebSocketProtocol13):
    """Tornado's protocol, strict about close frames and about what of compression was agreed on."""

    def _parse_extensions_header(self, headers: HTTPHeaders) -> list[tuple[str, dict[str, Any]]]:
        offered = headers.get("Sec-WebSocket-Extensions", "")
        return [_extension(one) for one in offered.split(",")] if offered else []

    def _handle_message(self, opcode: int, data: bytes) -> Any:
        if opcode == CLOSE and not is_well_formed(data):
            self.client_terminated = True
            self.close(PROTOCOL_ERROR)
            return None
        return super()._handle_message(opcode, data)


class StrictHandler(WebSocketHandler):
    """A websocket handler with the strict protocol."""

    def get_websocket_protocol(self) -> WebSocketProtocol | None:
        chosen = super().get_websocket_protocol()
        if isinstance(chosen, WebSocketProtocol13):
            return StrictProtocol(self, False, chosen.params)
        return chosen
