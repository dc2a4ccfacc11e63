"""The provider's side of WeChat Pay v3: checks requests, signs answers and notices, seals parts.

It shares nothing with the client, so that a mistake in one shows against the other.
"""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from secrets import token_hex

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from tornado.httputil import HTTPServerRequest

from server.doubles.trades import NotAccepted

CLOCK_WINDOW_S = 300
_FIELD = re.compile(r'(\w+)="([^"]*)"')
_NAMES = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}


class RequestCheck:
    """Checks that requests are the merchant's, fresh and unused."""

    def __init__(
        self,
        *,
        merchant_id: str,
        serial: str,
        key: RSAPublicKey,
        now: Callable[[], datetime],
    ) -> None:
        self._merchant_id = merchant_id
        self._serial = serial
        self._key = key
        self._now = now
        self._seen: dict[str, float] = {}

    def check(self, request: HTTPServerRequest) -> None:
        """Let a rightly signed request pass; anything else raises NotAccepted."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        fields = dict(_FIELD.findall(rest))
        if scheme != "WECHATPAY2-SHA256-RSA2048" or fields.keys() != _NAMES:
            raise _unsigned("Authorization 不合法")
        if (fields["mchid"], fields["serial_no"]) != (self._merchant_id, self._serial):
            raise _unsigned("商户号或证书序列号不匹配")
        at, now = int(fields["timestamp"] or 0), self._now().timestamp()
        if abs(now - at) > CLOCK_WINDOW_S:
            raise _unsigned("时间戳已过期")
        lines = (request.method, request.uri, fields["timestamp"], fields["nonce_str"])
        signed = "".join(f"{line}\n" for line in lines).encode() + request.body + b"\n"
        try:
            signature = base64.b64decode(fields["signature"], validate=True)
            self._key.verify(signature, signed, PKCS1v15(), SHA256())
        except (binascii.Error, ValueError, InvalidSignature):
            raise _unsigned("签名错误") from None
        if fields["nonce_str"] in self._seen:
            raise _unsigned("请求重复")
        self._seen[fields["nonce_str"]] = now
        for nonce, used in list(self._seen.items()):
            if now - used <= 2 * CLOCK_WINDOW_S:
                break
            del self._seen[nonce]


def signed_headers(
    body: bytes, *, key: RSAPrivateKey, serial: str, now: datetime
) -> dict[str, str]:
    """Sign an answer or a notice."""
    timestamp, nonce = str(int(now.timestamp())), token_hex(16)
    signed = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": base64.b64encode(key.sign(signed, PKCS1v15(), SHA256())).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Content-Type": "application/json",
    }


def seal(plain: bytes, *, key: bytes, associated: str) -> dict[str, str]:
    """Seal a part with the merchant's APIv3 key."""
    nonce = token_hex(6)
    data = AESGCM(key).encrypt(nonce.encode(), plain, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(data).decode(),
        "associated_data": associated,
        "nonce": nonce,
    }


def _unsigned(message: str) -> NotAccepted:
    return NotAccepted(401, "SIGN_ERROR", message)
