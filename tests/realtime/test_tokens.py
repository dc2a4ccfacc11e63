"""Tokens that open connections and subscriptions, and the ones that must not."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from realtime.tokens import (
    KeyRefused,
    Keys,
    TokenExpired,
    TokenInvalid,
    TokenMisused,
    plain,
    read_connection_token,
    read_rsa_key,
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


def rsa_pair() -> tuple[rsa.RSAPrivateKey, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public.decode()


def test_each_algorithm_has_its_own_key() -> None:
    private, pem = rsa_pair()
    public = read_rsa_key(pem)
    by_rsa = jwt.encode({"sub": "ann"}, private, algorithm="RS256")
    by_hmac = signed({"sub": "bob"})
    both = Keys(hmac=KEY, rsa=public)

    assert read_connection_token(both, by_rsa).sub == "ann"
    assert read_connection_token(both, by_hmac).sub == "bob"
    for keys, token in [
        (Keys(rsa=public), by_hmac),
        (Keys(hmac=KEY), by_rsa),
        (Keys(), by_hmac),
        (both, jwt.encode({"sub": "ann"}, private, algorithm="RS512")),
        (both, jwt.encode({"sub": "ann"}, rsa_pair()[0], algorithm="RS256")),
        (both, forge({"alg": "none"}, '{"sub":"ann"}')),
    ]:
        with pytest.raises(TokenInvalid):
            read_connection_token(keys, token)


def test_a_token_signed_with_the_public_key_as_a_secret_is_forged() -> None:
    _, pem = rsa_pair()
    head, claims = forge({"alg": "HS256", "typ": "JWT"}, '{"sub":"ann"}').split(".")[:2]
    signature = hmac.digest(pem.encode(), f"{head}.{claims}".encode(), "sha256")
    token = f"{head}.{claims}." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    with pytest.raises(TokenInvalid):
        read_connection_token(Keys(rsa=read_rsa_key(pem)), token)
    with pytest.raises(TokenInvalid):
        read_connection_token(Keys(hmac=KEY, rsa=read_rsa_key(pem)), token)


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"])
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(KeyRefused):
        read_rsa_key(pem)


def test_a_connection_may_last_otherwise_than_its_token() -> None:
    later = int(LATER.timestamp())

    longer = read_connection_token(KEY, signed({"sub": "a", "exp": later, "expire_at": later + 9}))
    forever = read_connection_token(KEY, signed({"sub": "a", "exp": later, "expire_at": 0}))

    assert longer.expires_at == LATER + timedelta(seconds=9)
    assert forever.expires_at is None


def test_an_audience_and_an_issuer_have_to_be_named_when_they_are_asked_for() -> None:
    keys = Keys(hmac=KEY, audience="city", issuer="backend")

    assert read_connection_token(keys, signed({"sub": "a", "aud": "city", "iss": "backend"}))
    assert read_connection_token(KEY, signed({"sub": "a", "aud": "town", "iss": "other"}))
    for claims in [{"aud": "town", "iss": "backend"}, {"aud": "city"}, {"iss": "backend"}, {}]:
        with pytest.raises(TokenInvalid):
            read_connection_token(keys, signed({"sub": "a", **claims}))


def test_a_subscription_token_of_one_connection_is_for_no_other() -> None:
    token = signed({"sub": "ann", "channel": "a:1", "client": "c1"})

    def read(client: str) -> str:
        return read_subscription_token(KEY, token, user="ann", channel="a:1", client=client).channel

    assert read("c1") == "a:1"
    with pytest.raises(TokenMisused):
        read("c2")


def test_info_may_come_in_base64() -> None:
    assert plain({"a": 1}, "") == {"a": 1}
    assert plain(None, base64.b64encode(b'{"a":1}').decode()) == {"a": 1}
    for wrong in ("e30", "!!!!", base64.b64encode(b"no json").decode()):
        with pytest.raises(TokenInvalid):
            plain(None, wrong)
