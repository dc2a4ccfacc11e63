"""Tokens that open connections and subscriptions, and the ones that must not."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from realtime.tokens import (
    TokenExpired,
    TokenInvalid,
    read_connection_token,
    read_subscription_token,
    sign_connection_token,
    sign_subscription_token,
)
from tests.realtime.node import KEY

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
PAST = datetime.now(UTC) - timedelta(seconds=1)


def forge(header: dict[str, object], claims: str, signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), claims.encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(claims: dict[str, object], **more: object) -> str:
    return jwt.encode(claims, KEY, algorithm="HS256", **more)  # type: ignore[arg-type]


def test_a_connection_token_says_what_was_signed() -> None:
    token = sign_connection_token(
        KEY, user="ann", expires_at=LATER, meta={"role": "x"}, info={"n": 1}, channels=["a"]
    )

    claims = read_connection_token(KEY, token)

    assert (claims.sub, claims.meta, claims.info) == ("ann", {"role": "x"}, {"n": 1})
    assert claims.channels == ["a"]
    assert claims.expires_at == LATER


def test_a_token_that_has_ended_is_expired_not_invalid() -> None:
    token = sign_connection_token(KEY, user="ann", expires_at=PAST, meta={})

    with pytest.raises(TokenExpired):
        read_connection_token(KEY, token)


def test_a_subscription_token_is_for_one_user_and_one_channel() -> None:
    token = sign_subscription_token(KEY, user="ann", channel="a:1", expires_at=LATER)

    assert read_subscription_token(KEY, token, user="ann", channel="a:1").expires_at == LATER
    for user, channel in [("bob", "a:1"), ("ann", "a:2"), ("", "a:1")]:
        with pytest.raises(TokenInvalid):
            read_subscription_token(KEY, token, user=user, channel=channel)


def test_a_subscription_token_opens_no_connection_and_the_other_way_round() -> None:
    subscription = sign_subscription_token(KEY, user="ann", channel="a:1", expires_at=LATER)
    connection = sign_connection_token(KEY, user="ann", expires_at=LATER, meta={})

    with pytest.raises(TokenInvalid):
        read_connection_token(KEY, subscription)
    with pytest.raises(TokenInvalid):
        read_subscription_token(KEY, connection, user="ann", channel="a:1")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        forge({"alg": "none"}, '{"sub":"ann"}'),
        forge({"alg": "None", "typ": "JWT"}, '{"sub":"ann"}'),
        forge({"alg": "HS256"}, '{"sub":"ann"}', b"\0" * 32),
        forge({"alg": "HS256", "jwk": {"kty": "oct", "k": ""}}, '{"sub":"ann"}'),
        jwt.encode({"sub": "ann"}, KEY, algorithm="HS512"),
        jwt.encode({"sub": "ann"}, "another key of thirty-two bytes.", algorithm="HS256"),
        signed({"sub": 7}),
        signed({"sub": "ann", "exp": True}),
        signed({"sub": "ann", "exp": 1e400}),
        signed({"sub": "ann", "exp": "9999999999"}),
        signed({"sub": "ann", "exp": 10**30}),
        signed({"sub": "ann", "nbf": 4_000_000_000}),
        signed({"sub": "ann", "channels": "a"}),
        signed({"sub": "ann", "meta": []}),
        signed({"sub": "ann"}, headers={"crit": ["x"], "x": 1}),
    ],
)
def test_a_forged_or_malformed_token_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        read_connection_token(KEY, token)


def test_a_public_key_never_serves_as_a_shared_secret() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode({"sub": "ann"}, private, algorithm="RS256")
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    with pytest.raises(TokenInvalid):
        read_connection_token(public.decode(), token)
