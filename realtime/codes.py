"""Numbered errors, unsubscribes and disconnects of the Centrifuge client protocol, with their published meaning.

A disconnect code of 3000-3499 or 4000-4499 tells a client to reconnect, 3500-3999 or 4500-4999 to
stop. An unsubscribe code below 2500 ends the subscription, 2500 and above makes the client
subscribe again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """What a reply says when a command is refused; a temporary one may be tried again."""

    code: int
    message: str
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class DisconnectCode:
    """Code and reason of the close frame."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class UnsubscribeCode:
    """Code and reason of an unsubscribe push."""

    code: int
    reason: str


class Refused(Exception):
    """A command was refused; the connection lives on."""

    def __init__(self, error: ErrorCode) -> None:
        super().__init__(error.message)
        self.error = error


class Disconnected(Exception):
    """The connection has to end."""

    def __init__(self, disconnect: DisconnectCode) -> None:
        super().__init__(disconnect.reason)
        self.disconnect = disconnect


INTERNAL = ErrorCode(100, "internal server error", temporary=True)
UNAUTHORIZED = ErrorCode(101, "unauthorized")
UNKNOWN_CHANNEL = ErrorCode(102, "unknown channel")
PERMISSION_DENIED = ErrorCode(103, "permission denied")
METHOD_NOT_FOUND = ErrorCode(104, "method not found")
ALREADY_SUBSCRIBED = ErrorCode(105, "already subscribed")
LIMIT_EXCEEDED = ErrorCode(106, "limit exceeded")
BAD_REQUEST = ErrorCode(107, "bad request")
NOT_AVAILABLE = ErrorCode(108, "not available")
TOKEN_EXPIRED = ErrorCode(109, "token expired")
EXPIRED = ErrorCode(110, "expired")
TOO_MANY_REQUESTS = ErrorCode(111, "too many requests", temporary=True)
UNRECOVERABLE_POSITION = ErrorCode(112, "unrecoverable position")

UNSUBSCRIBED_BY_SERVER = UnsubscribeCode(2000, "server unsubscribe")
UNSUBSCRIBED_INSUFFICIENT = UnsubscribeCode(2500, "insufficient state")
UNSUBSCRIBED_EXPIRED = UnsubscribeCode(2501, "subscription expired")

CONNECTION_CLOSED = DisconnectCode(3000, "connection closed")
SHUTDOWN = DisconnectCode(3001, "shutdown")
SERVER_ERROR = DisconnectCode(3004, "internal server error")
CONNECTION_EXPIRED = DisconnectCode(3005, "connection expired")
SUBSCRIPTION_EXPIRED = DisconnectCode(3006, "subscription expired")
SLOW = DisconnectCode(3008, "slow")
INSUFFICIENT_STATE = DisconnectCode(3010, "insufficient state")
FORCE_RECONNECT = DisconnectCode(3011, "force reconnect")
NO_PONG = DisconnectCode(3012, "no pong")
INVALID_TOKEN = DisconnectCode(3500, "invalid token")
BAD_MESSAGE = DisconnectCode(3501, "bad request")
STALE = DisconnectCode(3502, "stale")
FORCE_DISCONNECT = DisconnectCode(3503, "force disconnect")
CONNECTION_LIMIT = DisconnectCode(3504, "connection limit")
CHANNEL_LIMIT = DisconnectCode(3505, "channel limit")
INAPPROPRIATE_PROTOCOL = DisconnectCode(3506, "inappropriate protocol")
PERMISSION_REFUSED = DisconnectCode(3507, "permission denied")
UNAVAILABLE = DisconnectCode(3508, "not available")
