"""Tells as whom somebody opened the mini-program: WeChat Pay asks for the payer's openid (小程序登录)."""

import json
from typing import Any, Self
from urllib.parse import urlencode

import structlog
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from server.config import Config
from server.kernel.errors import Refused, Unavailable

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
# Not a code, or one that was used before: a fresh one helps, and nothing else.
BAD_CODES = frozenset({40029, 40163})


class WeChatLogin:
    """Changes a code of `wx.login` into an openid; the session key that comes along is not kept."""

    def __init__(self, *, url: str, app_id: str, secret: str) -> None:
        self._url = url.rstrip("/")
        self._app_id = app_id
        self._secret = secret

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make it for the app that orders are made for."""
        return cls(
            url=config.wechat_login_url,
            app_id=config.wechat_app_id,
            secret=config.wechat_app_secret,
        )

    async def openid(self, code: str) -> str:
        """Give the openid behind a code, which is good once and for five minutes.

        Refuses with `wechat_code_invalid` what is no code any more; Unavailable where WeChat does
        not answer, or does not know us.
        """
        asked = {
            "appid": self._app_id,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        request = HTTPRequest(
            f"{self._url}/sns/jscode2session?{urlencode(asked)}",
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=ANSWER_TIMEOUT_S,
            follow_redirects=False,
        )
        try:
            response = await AsyncHTTPClient().fetch(request, raise_error=False)
            answer: dict[str, Any] = json.loads(response.body)
            openid, refusal = answer.get("openid"), answer.get("errcode", 0)
        except (OSError, HTTPClientError, ValueError, AttributeError) as error:
            # Only the kind: the address has the secret in it.
            log.warning("WeChat did not tell who it is", error=type(error).__name__)
            raise _unavailable() from None
        if refusal in BAD_CODES:
            raise Refused("wechat_code_invalid", "微信登录已失效，请重试")
        if not isinstance(openid, str) or not openid:
            log.error("WeChat does not tell who it is", errcode=refusal)
            raise _unavailable()
        return openid


def _unavailable() -> Unavailable:
    return Unavailable("wechat_unavailable", "微信登录暂时不可用，请稍后再试")
