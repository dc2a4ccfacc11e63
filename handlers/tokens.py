"""The bearer tokens of the API: which login, for which client, until when."""

from datetime import datetime

import jwt

from server.kernel.access import Audience
from server.kernel.errors import Unauthenticated

ALGORITHM = "HS256"


def sign_token(key: str, *, login_id: str, audience: Audience, expires_at: datetime) -> str:
    """Make the token that a client shows with each request."""
    claims = {"jti": login_id, "aud": f"api:{audience.value}", "exp": int(expires_at.timestamp())}
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def read_token(key: str, token: str, *, audience: Audience) -> str:
    """Check a token; gives the login's id."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=f"api:{audience.value}",
            options={"require": ["exp", "jti", "aud"]},
        )
    except (jwt.PyJWTError, ValueError, OverflowError) as error:
        raise Unauthenticated("token_invalid", "登录已失效，请重新登录") from error
    return str(claims["jti"])
