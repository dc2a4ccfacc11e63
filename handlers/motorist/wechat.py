"""As whom a motorist opened the mini-program: what WeChat Pay wants to know of who pays there."""

from handlers import money_schema as schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown
from server.domain.identity import count_attempt
from server.kernel.access import Audience


class WeChatOpenid(Handler):
    """`/wechat-openids`."""

    path = "/api/motorist/wechat-openids"
    audience = Audience.MOTORIST

    @action(
        "换取微信 openid",
        permit=Permit.ANYONE,
        body=schema.WeChatCode,
        answer=schema.WeChatOpenid,
    )
    async def post(self, code: str) -> Shown:
        """Change the code of `wx.login` into the openid that pays; also who has only a link pays so."""
        key = f"openid:ip:{self.request.remote_ip}"
        await self.run(count_attempt, key=key, limit=60, window_s=60)
        return {"openid": await self.app.payers.openid(code)}
