"""As whom a motorist is in WeChat: what WeChat Pay wants to know of who pays inside of it."""

from handlers import wechat_schema as schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown
from handlers.wechat_states import (
    COOKIE,
    LASTS_S,
    check_state,
    new_secret,
    require_return,
    write_state,
)
from server.domain.identity import count_attempt
from server.kernel.access import Audience


class AskingHandler(Handler):
    """A handler that asks WeChat; also who has only a link pays so, so that nobody need be known."""

    audience = Audience.MOTORIST

    async def count(self) -> None:
        """Refuse who asks too often."""
        key = f"openid:ip:{self.request.remote_ip}"
        await self.run(count_attempt, key=key, limit=60, window_s=60)


class WeChatOpenid(AskingHandler):
    """`/wechat-openids`."""

    path = "/api/motorist/wechat-openids"

    @action(
        "换取微信 openid",
        permit=Permit.ANYONE,
        body=schema.WeChatCode,
        answer=schema.WeChatOpenid,
    )
    async def post(self, code: str) -> Shown:
        """Change the code of `wx.login` into the openid that pays."""
        await self.count()
        return {"openid": await self.app.payers.openid(code)}


class WeChatAuthorization(AskingHandler):
    """`/wechat-authorizations`."""

    path = "/api/motorist/wechat-authorizations"

    @action(
        "发起微信网页授权",
        permit=Permit.ANYONE,
        body=schema.ReturnBody,
        answer=schema.AuthorizePage,
        status=201,
    )
    async def post(self, return_to: str) -> Shown:
        """Name the page that sends WeChat's browser back with a code and a state of its own."""
        await self.count()
        page = require_return(self.app.config.return_urls, return_to)
        secret = self.keep_secret(safe=page.startswith("https:"))
        state = write_state(self.app.config.token_key, secret, self.app.store.clock())
        return {"url": self.app.payers.web_page(return_to=page, state=state)}

    def keep_secret(self, *, safe: bool) -> str:
        """Draw what the browser's state is checked by, and let it keep that."""
        secret = new_secret()
        self.set_cookie(
            COOKIE,
            secret,
            path="/api/motorist/",
            max_age=LASTS_S,
            httponly=True,
            secure=safe,
            samesite="Lax",
        )
        return secret


class WeChatWebOpenid(AskingHandler):
    """`/wechat-web-openids`."""

    path = "/api/motorist/wechat-web-openids"

    @action(
        "换取微信网页 openid",
        permit=Permit.ANYONE,
        body=schema.ReturnedCode,
        answer=schema.WeChatOpenid,
    )
    async def post(self, code: str, state: str) -> Shown:
        """Change the code that WeChat's browser came back with, if the browser had gone for it."""
        await self.count()
        secret = self.get_cookie(COOKIE) or ""
        check_state(self.app.config.token_key, secret, state, self.app.store.clock())
        self.clear_cookie(COOKIE, path="/api/motorist/")
        return {"openid": await self.app.payers.web_openid(code)}
