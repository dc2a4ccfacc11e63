"""WeChat Pay v3's signatures and sealed parts: RSA-SHA256 over raw bytes, AES-256-GCM.

The platform's keys come in two modes, certificates with serials and public keys with ids, and
during a rotation several are good at once: whatever the ring knows by name may sign.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from server.providers.payment import Forged

SCHEME = "WECHATPAY2-SHA256-RSA2048"
# 5 minutes, by WeChat's own rule: an older notice may be a recorded one.
FRESH_S = 300
NONCE_BYTES = 12


def private_key(pem: bytes) -> RSAPrivateKey:
    """Read a private key in PEM; ValueError when it is none."""
    key = load_pem_private_key(pem, None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the private key is not RSA")
    return key


def public_key(pem: bytes) -> RSAPublicKey:
    """Read a public key, or the one of a certificate, in PEM; ValueError when it is none."""
    if b"BEGIN CERTIFICATE" in pem:
        key = x509.load_pem_x509_certificate(pem).public_key()
    else:
        key = load_pem_public_key(pem)  # type: ignore[assignment]
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the public key is not RSA")
    return key


@dataclass(frozen=True)
class Merchant:
    """Who we are at WeChat Pay, and the keys that only we have."""

    app_id: str
    merchant_id: str
    serial: str
    key: RSAPrivateKey = field(repr=False)
    api_v3_key: bytes = field(repr=False)
    web_app_id: str = ""
    """The official account's, for pages in WeChat's browser; none where there is none."""

    def knows_app(self, app_id: object) -> bool:
        """Say whether an app is one of ours."""
        return bool(app_id) and app_id in (self.app_id, self.web_app_id)

    def sign(self, *parts: str) -> str:
        """Sign lines, each with its line feed."""
        text = "".join(f"{part}\n" for part in parts)
        return base64.b64encode(self.key.sign(text.encode(), PKCS1v15(), SHA256())).decode()

    def authorization(self, method: str, path: str, body: str, *, at: datetime) -> str:
        """Make the Authorization header of a request; the path includes the query."""
        nonce, timestamp = token_hex(16), str(int(at.timestamp()))
        signature = self.sign(method, path, timestamp, nonce, body)
        return (
            f'{SCHEME} mchid="{self.merchant_id}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self.serial}"'
        )

    def open(self, sealed: Mapping[str, Any]) -> bytes:
        """Open a sealed part; raises Forged when it was not sealed with our key."""
        try:
            if sealed["algorithm"] != "AEAD_AES_256_GCM":
                raise Forged("algorithm")
            nonce = sealed["nonce"].encode()
            if len(nonce) != NONCE_BYTES:
                raise Forged("nonce")
            data = base64.b64decode(sealed["ciphertext"], validate=True)
            associated = (sealed.get("associated_data") or "").encode()
            return AESGCM(self.api_v3_key).decrypt(nonce, data, associated)
        except (KeyError, AttributeError, TypeError, binascii.Error, ValueError) as error:
            raise Forged("sealed part") from error
        except InvalidTag as error:
            raise Forged("seal") from error


class KeyRing:
    """The platform's public keys by serial or id; those in the past stay good until dropped."""

    def __init__(self, keys: Mapping[str, RSAPublicKey], *, now: Callable[[], datetime]) -> None:
        self._keys = dict(keys)
        self._now = now

    def __contains__(self, serial: str) -> bool:
        return serial in self._keys

    def add(self, keys: Mapping[str, RSAPublicKey]) -> None:
        """Know more keys."""
        self._keys |= keys

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Let pass what the platform has signed within five minutes; anything else is Forged."""
        timestamp = headers.get("Wechatpay-Timestamp", "")
        nonce = headers.get("Wechatpay-Nonce", "")
        serial = headers.get("Wechatpay-Serial", "")
        if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
            raise Forged("timestamp")
        if abs(self._now().timestamp() - int(timestamp)) > FRESH_S:
            raise Forged("stale")
        if not nonce:
            raise Forged("no nonce")
        key = self._keys.get(serial)
        if key is None:
            raise Forged("serial")
        signed = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(headers.get("Wechatpay-Signature", ""), validate=True)
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise Forged("signature") from error


def certificates(merchant: Merchant, body: bytes, *, now: datetime) -> dict[str, RSAPublicKey]:
    """Read the platform's certificates that are good now; sealed with our key, they are genuine."""
    found = {}
    for entry in json.loads(body)["data"]:
        pem = merchant.open(entry["encrypt_certificate"])
        certificate = x509.load_pem_x509_certificate(pem)
        if certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            found[str(entry["serial_no"])] = public_key(pem)
    return found
