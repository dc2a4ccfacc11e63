"""How a link to pay is signed and read. Pure."""

import base64
import hashlib
import hmac
from datetime import datetime

from server.kernel.errors import Forbidden, NotFound
from server.kernel.period import from_ms, to_ms

# A key of its own, so that no token of another kind passes for a link.
_PURPOSE = b"smartcloud pay link 1"
# 128 bits: nobody guesses one, and the code that a slip shows stays small.
_MAC_BYTES = 16


def sign_link(key: str, *, link_id: str, expires_at: datetime) -> str:
    """Write the token of a link: its id, when it expires in seconds, and the proof."""
    said = f"{link_id}.{to_ms(expires_at) // 1000:x}"
    return f"{said}.{_proof(key, said)}"


def read_link(key: str, token: str, *, now: datetime) -> str:
    """Give the id that a token stands for; refuses with `link_not_found` and `link_expired`."""
    said, _, proof = token.rpartition(".")
    link_id, _, expires = said.partition(".")
    if not hmac.compare_digest(proof.encode(), _proof(key, said).encode()):
        raise NotFound("link_not_found", "链接无效，请核对后重试")
    if from_ms(int(expires, 16) * 1000) <= now:
        raise Forbidden("link_expired", "链接已过期，请重新获取")
    return link_id


def _proof(key: str, said: str) -> str:
    own = hmac.digest(key.encode(), _PURPOSE, hashlib.sha256)
    proof = hmac.digest(own, said.encode(), hashlib.sha256)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(proof).decode().rstrip("=")
