"""Signs and reads the JSON web tokens that open connections and subscriptions.

A shared key verifies HS256 and a public key RS256, each its own algorithm only: a token that names
another one, or none, is refused, and nothing in a token's header can choose a key.
"""

import base64
import binascii
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

ALGORITHM = "HS256"

# Up to the last second of the year 9999, after which a datetime has no name for it.
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
Claims = TypeVar("Claims")


class TokenInvalid(Exception):
    """The token is forged, malformed, or for something else."""


class TokenMisused(TokenInvalid):
    """The token is genuine, but of another user, channel or connection."""


class TokenExpired(Exception):
    """The token was good once."""


class KeyRefused(ValueError):
    """No key of this kind can be read from the text."""


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """What tokens are verified by: a key shared with who signs them, a public RSA key, or both.

    With an audience or an issuer, a token has to name it. Each is equal to itself only, as a public
    key has no hash: what one has verified is not remembered for another.
    """

    hmac: str = field(default="", repr=False)
    rsa: RSAPublicKey | None = None
    audience: str = ""
    issuer: str = ""

    def __bool__(self) -> bool:
        """Tell whether any token can be good."""
        return bool(self.hmac) or self.rsa is not None


def read_rsa_key(pem: str) -> RSAPublicKey:
    """Read a public RSA key in PEM; raises KeyRefused."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as unreadable:
        raise KeyRefused("not a public key in PEM") from unreadable
    if not isinstance(key, RSAPublicKey):
        raise KeyRefused("not an RSA key")
    # PyJWT warns of shorter ones, which the algorithm's standard (RFC 7518) forbids.
    if key.key_size < 2048:
        raise KeyRefused("an RSA key has 2048 bits or more")
    return key


class Flag(msgspec.Struct, frozen=True):
    """A yes or no that may also be left out."""

    value: bool = False


class Override(msgspec.Struct, frozen=True):
    """What one subscription has otherwise than its namespace."""

    presence: Flag | None = None
    join_leave: Flag | None = None
    force_recovery: Flag | None = None
    force_positioning: Flag | None = None
    force_push_join_leave: Flag | None = None


class SubscriptionOptions(msgspec.Struct, frozen=True):
    """What goes with a subscription that a connection token asks for."""

    info: Any = None
    b64info: str = ""
    data: Any = None
    b64data: str = ""
    override: Override | None = None


class ConnectionClaims(msgspec.Struct, frozen=True):
    """What a connection token says."""

    sub: str = ""
    exp: Seconds | None = None
    expire_at: Seconds | None = None
    iat: Seconds = 0
    nbf: Seconds | None = None
    jti: str = ""
    info: Any = None
    b64info: str = ""
    meta: dict[str, Any] = {}
    channels: list[str] = []
    subs: dict[str, SubscriptionOptions] = {}
    channel: None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the connection has to be refreshed, if ever."""
        return _lasts_until(self.exp, self.expire_at)


class SubscriptionClaims(msgspec.Struct, frozen=True):
    """What a subscription token says."""

    channel: str
    sub: str = ""
    client: str = ""
    exp: Seconds | None = None
    expire_at: Seconds | None = None
    iat: Seconds = 0
    nbf: Seconds | None = None
    jti: str = ""
    info: Any = None
    b64info: str = ""
    data: Any = None
    b64data: str = ""
    override: Override | None = None

    @property
    def expires_at(self) -> datetime | None:
        """When the subscription has to be refreshed, if ever."""
        return _lasts_until(self.exp, self.expire_at)


def sign_connection_token(
    key: str,
    *,
    user: str,
    expires_at: datetime,
    meta: Mapping[str, object],
    info: object | None = None,
    channels: Sequence[str] = (),
    token_id: str = "",
) -> str:
    """Give the token with which `user` (empty: anonymous) may connect until `expires_at`.

    `meta` stays on the server, in `Actor.meta`; `info` is shown to others in presence; `channels`
    are subscribed by the server at connect; by `token_id` it can be revoked.
    """
    claims: dict[str, object] = {
        "sub": user,
        "iat": int(time.time()),
        "exp": int(expires_at.timestamp()),
        "meta": dict(meta),
        "channels": list(channels),
    }
    if info is not None:
        claims["info"] = info
    if token_id:
        claims["jti"] = token_id
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
        "iat": int(time.time()),
        "exp": int(expires_at.timestamp()),
    }
    if info is not None:
        claims["info"] = info
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read_connection_token(keys: Keys | str, token: str) -> ConnectionClaims:
    """Check a connection token; raises TokenInvalid or TokenExpired."""
    claims = _read(keys, token, ConnectionClaims)
    _check_times(claims.exp, claims.nbf)
    return claims


def read_subscription_token(
    keys: Keys | str, token: str, *, user: str, channel: str, client: str = ""
) -> SubscriptionClaims:
    """Check a subscription token of this user for this channel.

    Raises TokenExpired, TokenMisused, or TokenInvalid when it is forged. A token that names a client is for that connection only.
    """
    claims = _read(keys, token, SubscriptionClaims)
    if claims.sub != user or claims.channel != channel:
        raise TokenMisused("token is for another user or channel")
    if claims.client and claims.client != client:
        raise TokenMisused("token is for another connection")
    _check_times(claims.exp, claims.nbf)
    return claims


def plain(value: Any, encoded: str) -> Any:
    """Give what a claim says, plainly or as JSON in base64; raises TokenInvalid."""
    if not encoded:
        return value
    try:
        return msgspec.json.decode(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as unreadable:
        raise TokenInvalid("no JSON in base64") from unreadable


def _read(keys: Keys | str, token: str, shape: type[Claims]) -> Claims:
    if isinstance(keys, str):
        keys = Keys(hmac=keys)
    try:
        return msgspec.convert(_verified(keys, token), shape)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError, OverflowError) as refusal:
        raise TokenInvalid(str(refusal)) from refusal


# 4,096 tokens: in a storm the same ones come back, and to check one is a sixth of the handshake.
@lru_cache(maxsize=4096)
def _verified(keys: Keys, token: str) -> dict[str, Any]:
    """Give the claims of a genuine token, whatever the time."""
    # Times are checked by us on strictly typed claims: PyJWT turns booleans and floats into
    # integers, and lets an infinite float through as an OverflowError.
    options: Any = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_sub"), False)
    options["verify_aud"] = bool(keys.audience)
    key, algorithm = _key_for(keys, token)
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=keys.audience or None,
        issuer=keys.issuer or None,
        options=options,
    )
    return claims


def _key_for(keys: Keys, token: str) -> tuple[str | RSAPublicKey, str]:
    """Give the key and its algorithm: a header picks among pairs, never a key for an algorithm."""
    algorithm = jwt.get_unverified_header(token).get("alg") if keys.rsa is not None else ALGORITHM
    if algorithm == ALGORITHM and keys.hmac:
        return keys.hmac, ALGORITHM
    if algorithm == "RS256" and keys.rsa is not None:
        return keys.rsa, "RS256"
    raise TokenInvalid("token is signed by an algorithm that is not accepted")


def _check_times(exp: int | None, nbf: int | None) -> None:
    now = time.time()
    if exp is not None and exp <= now:
        raise TokenExpired("token has expired")
    if nbf is not None and nbf > now:
        raise TokenInvalid("token is not valid yet")


def _lasts_until(exp: int | None, expire_at: int | None) -> datetime | None:
    """Tell until when what was opened by a token lasts: `expire_at` says otherwise, 0 for ever."""
    seconds = exp if expire_at is None else expire_at or None
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
