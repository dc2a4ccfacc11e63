"""The provider's side of Aliyun's signature version 3: takes a request apart and checks it.

It shares nothing with the client that signs, so that a mistake in one shows against the other.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from tornado.httputil import HTTPServerRequest

# A request is good for 15 minutes around its date; its nonce is remembered for longer than that.
CLOCK_WINDOW_S = 15 * 60
NONCE_MEMORY_S = 2 * CLOCK_WINDOW_S
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
_ALWAYS_SIGNED = {
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
}


class Unsigned(Exception):
    """The request is not from who it says; what the provider answers then."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class SignatureCheck:
    """Checks requests against one access key, and remembers the nonces it has seen."""

    def __init__(self, *, key_id: str, key_secret: str, now: Callable[[], datetime]) -> None:
        self._key_id = key_id
        self._key_secret = key_secret
        self._now = now
        self._seen: dict[str, datetime] = {}

    def check(self, request: HTTPServerRequest) -> None:
        """Let a rightly signed request pass; anything else raises Unsigned."""
        parts = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        if not parts:
            raise Unsigned(400, "IncompleteSignature", "Authorization is missing or malformed.")
        key_id, names, signature = parts[1], parts[2].split(";"), parts[3]
        if not hmac.compare_digest(key_id, self._key_id):
            raise Unsigned(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        self._check_headers(request, names)
        expected = _signature(request, names, self._key_secret)
        if not hmac.compare_digest(signature, expected):
            raise Unsigned(400, "SignatureDoesNotMatch", "The signature does not match.")
        # Only now: a forged request must not be able to use up somebody's nonce.
        self._use_nonce(request.headers["x-acs-signature-nonce"])

    def _check_headers(self, request: HTTPServerRequest, names: list[str]) -> None:
        present = {name.lower() for name in request.headers}
        must = _ALWAYS_SIGNED | {
            name for name in present if name.startswith("x-acs-") or name == "content-type"
        }
        if missing := must - (present & set(names)):
            listed = ", ".join(sorted(missing))
            raise Unsigned(
                400, "IncompleteSignature", f"These must be present and signed: {listed}."
            )
        body_hash = hashlib.sha256(request.body).hexdigest()
        if request.headers["x-acs-content-sha256"] != body_hash:
            raise Unsigned(400, "SignatureDoesNotMatch", "x-acs-content-sha256 is not the body's.")
        self._check_date(request.headers["x-acs-date"])

    def _check_date(self, text: str) -> None:
        try:
            at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Unsigned(400, "InvalidTimeStamp.Format", "x-acs-date is malformed.") from None
        if abs((self._now() - at).total_seconds()) > CLOCK_WINDOW_S:
            raise Unsigned(400, "InvalidTimeStamp.Expired", "x-acs-date is off by over 15 minutes.")

    def _use_nonce(self, nonce: str) -> None:
        now = self._now()
        for old, used_at in list(self._seen.items()):
            if (now - used_at).total_seconds() <= NONCE_MEMORY_S:
                break
            del self._seen[old]
        if nonce in self._seen:
            raise Unsigned(400, "SignatureNonceUsed", "The nonce was used before.")
        self._seen[nonce] = now


def _signature(request: HTTPServerRequest, names: list[str], secret: str) -> str:
    pairs = sorted(parse_qsl(request.query, keep_blank_values=True))
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs
    )
    headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in sorted(names))
    canonical = (
        f"{request.method}\n{quote(request.path)}\n{query}\n{headers}\n{';'.join(sorted(names))}\n"
        f"{request.headers['x-acs-content-sha256']}"
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    return hmac.new(
        secret.encode(), f"ACS3-HMAC-SHA256\n{hashed}".encode(), hashlib.sha256
    ).hexdigest()
