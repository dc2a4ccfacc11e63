"""Alipay's signatures, RSA2: SHA256 with RSA over sorted parameters, or over an answer's raw text."""

import base64
import binascii
import json
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from server.providers.payment import Forged


def joined(fields: Mapping[str, str], *, without: tuple[str, ...] = ("sign",)) -> bytes:
    """Join the parameters as they are signed: sorted, the empty ones left out."""
    pairs = (f"{k}={v}" for k, v in sorted(fields.items()) if v != "" and k not in without)
    return "&".join(pairs).encode()


def sign(key: RSAPrivateKey, fields: Mapping[str, str]) -> str:
    """Sign the parameters of a request."""
    return base64.b64encode(key.sign(joined(fields), PKCS1v15(), SHA256())).decode()


def verify(key: RSAPublicKey, signature: str, signed: bytes) -> None:
    """Let pass what the key has signed; anything else is Forged."""
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, PKCS1v15(), SHA256())
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise Forged("signature") from error


def verify_notice(key: RSAPublicKey, fields: Mapping[str, str]) -> None:
    """Let a rightly signed notice pass; neither the signature nor its type is signed."""
    if fields.get("sign_type") != "RSA2":
        raise Forged("sign type")
    verify(key, fields.get("sign", ""), joined(fields, without=("sign", "sign_type")))


def read_answer(key: RSAPublicKey, text: str, name: str) -> dict[str, object]:
    """Read an answer's node, its signature checked over the very text of it; raises Forged."""
    mark = f'"{name}":'
    start = text.find(mark)
    if start < 0:
        raise Forged("content")
    start += len(mark)
    start += len(text[start:]) - len(text[start:].lstrip())
    try:
        node, end = json.JSONDecoder().raw_decode(text, start)
        signature = str(json.loads(text)["sign"])
    except (ValueError, KeyError, TypeError) as error:
        raise Forged("content") from error
    verify(key, signature, text[start:end].encode())
    if not isinstance(node, dict):
        raise Forged("content")
    return node
