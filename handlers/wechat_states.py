"""Binds a way through WeChat's authorization to the browser that began it, and to a page we know.

Nothing is kept: the browser holds a random secret in a cookie that no script reads, and the state
that goes through WeChat is a MAC of it. A code that somebody else's browser brings is not taken.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex

from server.kernel.errors import Invalid, Refused

COOKIE = "wechat_authorization"
# 10 minutes: a silent authorization takes a second, and a code itself is good for five.
LASTS_S = 600


def new_secret() -> str:
    """Draw what the browser keeps."""
    return token_hex(16)


def require_return(allowed: Sequence[str], return_to: str) -> str:
    """Give the page to come back to; refuses with `return_not_allowed` what is not configured."""
    if return_to not in allowed:
        raise Invalid("return_not_allowed", "不支持返回该地址", return_to=["不支持返回该地址"])
    return return_to


def write_state(key: str, secret: str, now: datetime) -> str:
    """Write the state of one way; WeChat takes letters and digits only, 128 at most."""
    until = int(now.timestamp()) + LASTS_S
    return f"{until:x}x{_mac(key, secret, until)}"


def check_state(key: str, secret: str, state: str, now: datetime) -> None:
    """Refuse with `wechat_state_invalid` what another browser has begun, or nobody, or long ago."""
    until, _, mac = state.partition("x")
    try:
        ends = int(until, 16)
    except ValueError:
        ends = 0
    good = hmac.compare_digest(_mac(key, secret, ends).encode(), mac.encode())
    if not secret or not good or now.timestamp() > ends:
        raise Refused("wechat_state_invalid", "微信授权已失效，请重试")


def _mac(key: str, secret: str, until: int) -> str:
    told = f"wechat authorization {secret} {until}".encode()
    return hmac.digest(key.encode(), told, hashlib.sha256).hex()
