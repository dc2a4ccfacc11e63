"""Signs requests to Aliyun: version 3, ACS3-HMAC-SHA256 over the canonical request."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True)
class AccessKey:
    """The two halves of an access key; neither is ever shown."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Call:
    """One call of an action: all of it is signed."""

    host: str
    action: str
    version: str
    query: Mapping[str, str]
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"

    def query_string(self) -> str:
        """The query as it is sent and as it is signed: sorted, percent-encoded by RFC 3986."""
        return "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}"
            for name, value in sorted(self.query.items())
        )


def sign(call: Call, *, key: AccessKey, at: datetime, nonce: str) -> dict[str, str]:
    """Make all headers of a call, Authorization included; `at` is an instant in UTC."""
    body_hash = hashlib.sha256(call.body).hexdigest()
    headers = {name.lower(): value.strip() for name, value in call.headers.items()} | {
        "host": call.host,
        "x-acs-action": call.action,
        "x-acs-version": call.version,
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": body_hash,
    }
    names = sorted(headers)
    canonical = "\n".join(
        [
            call.method,
            "/",
            call.query_string(),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            body_hash,
        ]
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key.secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return headers | {
        "Authorization": f"{ALGORITHM} Credential={key.key_id},"
        f"SignedHeaders={';'.join(names)},Signature={signature}"
    }
