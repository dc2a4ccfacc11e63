"""Tells who holds the phone, as WeChat Pay asks for a payer's openid: in the mini-program, and in the browser.

小程序登录（wx.login）与网页授权（snsapi_base）：换取付款人的 openid。
"""

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
    """Changes codes into openids; the session keys and tokens that come along are not kept.

    A person has one openid in the mini-program and another one with the official account, whose
    app is the `web` one: its id and secret, and where its browser asks.
    """

    def __init__(
        self,
        *,
        url: str,
        app_id: str,
        secret: str,
        authorize_url: str = "",
        web_app_id: str = "",
        web_secret: str = "",
    ) -> None:
        self._url = url.rstrip("/")
        self._program = (app_id, secret)
        self._authorize_url = authorize_url.rstrip("/")
        self._web = (web_app_id, web_secret)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make it for the apps that orders are made for."""
        return cls(
            url=config.wechat_login_url,
            app_id=config.wechat_app_id,
            secret=config.wechat_app_secret,
            authorize_url=config.wechat_authorize_url,
            web_app_id=config.wechat_web_app_id,
            web_secret=config.wechat_web_app_secret,
        )

    async def openid(self, code: str) -> str:
        """Give the openid behind a code of `wx.login`, which is good once and for five minutes.

        Refuses with `wechat_code_invalid` what is no code any more; Unavailable where WeChat does
        not answer, or does not know us.
        """
        return await self._ask("/sns/jscode2session", self._program, js_code=code)

    def web_page(self, *, return_to: str, state: str) -> str:
        """Name the page that sends WeChat's browser back with a code, without asking anybody.

        Refuses with `wechat_web_off` where there is no official account.
        """
        app_id, _ = self._web_app()
        # In this order: WeChat has been known to refuse another one.
        asked = {
            "appid": app_id,
            "redirect_uri": return_to,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self._authorize_url}/connect/oauth2/authorize?{urlencode(asked)}#wechat_redirect"

    async def web_openid(self, code: str) -> str:
        """Give the openid behind a code that WeChat's browser came back with; see `openid`."""
        return await self._ask("/sns/oauth2/access_token", self._web_app(), code=code)

    def _web_app(self) -> tuple[str, str]:
        if not all(self._web):
            raise Refused("wechat_web_off", "微信内网页支付未开通，请使用小程序或在浏览器打开")
        return self._web

    async def _ask(self, path: str, app: tuple[str, str], **code: str) -> str:
        """Ask for an openid."""
        app_id, secret = app
        asked = {"appid": app_id, "secret": secret, **code, "grant_type": "authorization_code"}
        request = HTTPRequest(
            f"{self._url}{path}?{urlencode(asked)}",
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
