"""Signs and reads the JSON web tokens that open connections and subscriptions.

HS256 with a shared key only: a token that names another algorithm, or none, is refused, and
nothing in a token's header can choose a key.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import jwt
import msgspec

ALGORITHM = "HS256"

# Up to the last second of the year 9999, after which a datetime has no name for it.
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
Claims = TypeVar("Claims")


class TokenInvalid(Exception):
    """The token is forged, malformed, or for something else."""


class TokenExpired(Exception):
    """The token was good once."""


class ConnectionClaims(msgspec.Struct, frozen=True):
    """What a connection token says."""

    sub: str = ""
    exp: Seconds | None = None
    nbf: Seconds | None = None
    info: Any = None
    meta: dict[str, Any] = {}
    channels: list[str] = []
    channel: None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the connection has to be refreshed, if ever."""
        return _instant(self.exp)


class SubscriptionClaims(msgspec.Struct, frozen=True):
    """What a subscription token says."""

    channel: str
    sub: str = ""
    exp: Seconds | None = None
    nbf: Seconds | None = None
    info: Any = None

    @property
    def expires_at(self) -> datetime | None:
        """When the subscription has to be refreshed, if ever."""
        return _instant(self.exp)


def sign_connection_token(
    key: str,
    *,
    user: str,
    expires_at: datetime,
    meta: Mapping[str, object],
    info: object | None = None,
    channels: Sequence[str] = (),
) -> str:
    """Give the token with which `user` (empty: anonymous) may connect until `expires_at`.

    `meta` stays on the server, in `Actor.meta`; `info` is shown to others in presence; `channels`
    are subscribed by the server at connect.
    """
    claims: dict[str, object] = {
        "sub": user,
        "exp": int(expires_at.timestamp()),
        "meta": dict(meta),
        "channels": list(channels),
    }
    if info is not None:
        claims["info"] = info
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def sign_subscription_token(
    key: str,
    *,
    user: str,
    channel: str,
    expires_at: datetime,
    info: object | None = None,
) -> str:
    """Give the token with which `user` may subscribe to `channel` until `expires_at`."""
    claims: dict[str, object] = {
        "sub": user,
        "channel": channel,
        "exp": int(expires_at.timestamp()),
    }
    if info is not None:
        claims["info"] = info
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read_connection_token(key: str, token: str) -> ConnectionClaims:
    """Check a connection token; raises TokenInvalid or TokenExpired."""
    claims = _read(key, token, ConnectionClaims)
    _check_times(claims.exp, claims.nbf)
    return claims


def read_subscription_token(key: str, token: str, *, user: str, channel: str) -> SubscriptionClaims:
    """Check a subscription token of this user for this channel; raises TokenInvalid or TokenExpired."""
    claims = _read(key, token, SubscriptionClaims)
    if claims.sub != user or claims.channel != channel:
        raise TokenInvalid("token is for another user or channel")
    _check_times(claims.exp, claims.nbf)
    return claims


def _read(key: str, token: str, shape: type[Claims]) -> Claims:
    # Times are checked by us on strictly typed claims: PyJWT turns booleans and floats into
    # integers, and lets an infinite float through as an OverflowError.
    unchecked = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], options=unchecked)  # type: ignore[arg-type]
        return msgspec.convert(claims, shape)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, OverflowError) as refusal:
        raise TokenInvalid(str(refusal)) from refusal


def _check_times(exp: int | None, nbf: int | None) -> None:
    now = time.time()
    if exp is not None and exp <= now:
        raise TokenExpired("token has expired")
    if nbf is not None and nbf > now:
        raise TokenInvalid("token is not valid yet")


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
