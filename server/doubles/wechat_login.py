"""The WeChat double's logins: a code is good once, and always names the same person of an app.

Of the mini-program (小程序登录), and of pages in WeChat's browser (网页授权, snsapi_base).
"""

import hashlib
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tornado.web import RequestHandler

if TYPE_CHECKING:
    from server.doubles.wechat import WeChatDouble

PERSON = "wechat-person"
# What the browser inside of WeChat says of itself.
BROWSER = "MicroMessenger"
OUTSIDE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>微信</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<body style="font-family:sans-serif;text-align:center;margin-top:20vh"><h1 style="font-size:20px">{}</h1></body></html>"""


class LoginHandler(RequestHandler):
    """What both have in common."""

    def initialize(self, double: "WeChatDouble") -> None:
        self.double = double

    def openid(self, app_id: str, person: str) -> str:
        """Name a person as an app knows him: each app by another name."""
        named = person if app_id == self.double.app_id else f"{app_id} {person}"
        openid = "o" + hashlib.sha256(named.encode()).hexdigest()[:27]
        self.double.openids[openid] = app_id
        return openid

    async def refuse(self, code: int, message: str) -> None:
        """Answer as WeChat refuses: with 200."""
        await self.finish({"errcode": code, "errmsg": message})


class CodeToSession(LoginHandler):
    """GET /sns/jscode2session: who it is that has this code.

    A phone's code begins with `person-` and a name that the double takes for the person.
    """

    async def get(self) -> None:
        ask, double = self.get_query_argument, self.double
        code = ask("js_code", "")
        if (ask("appid", ""), ask("secret", "")) != (double.app_id, double.app_secret):
            await self.refuse(40125, "invalid appsecret")
        elif not code.startswith("person-"):
            await self.refuse(40029, "invalid code")
        elif code in double.used_codes:
            await self.refuse(40163, "code been used")
        else:
            double.used_codes.add(code)
            openid = self.openid(double.app_id, code.split("-")[1])
            await self.finish({"openid": openid, "session_key": "a2V5", "unionid": ""})


class Authorize(LoginHandler):
    """GET /connect/oauth2/authorize: sends WeChat's browser back with a code, asking nobody.

    Each browser is a person of its own. As with WeChat, only the domain that the official account
    names may be come back to, and no other browser is let through.
    """

    async def get(self) -> None:
        ask, double = self.get_query_argument, self.double
        return_to = ask("redirect_uri", "")
        if BROWSER not in self.request.headers.get("User-Agent", ""):
            return await self.lead_nowhere("请在微信客户端打开链接")
        if not double.web_app_id or ask("appid", "") != double.web_app_id:
            return await self.lead_nowhere("appid 参数错误")
        if urlsplit(return_to).netloc != double.web_domain:
            return await self.lead_nowhere("redirect_uri 域名与后台配置不一致，错误码：10003")
        if (ask("response_type", ""), ask("scope", "")) != ("code", "snsapi_base"):
            return await self.lead_nowhere("scope 参数错误或没有 scope 权限，错误码：10005")
        person = self.get_cookie(PERSON) or token_hex(8)
        self.set_cookie(PERSON, person, httponly=True, samesite="Lax")
        code = token_hex(16)
        double.web_codes[code] = person
        back = urlencode({"code": code, "state": ask("state", "")})
        self.redirect(f"{return_to}{'&' if '?' in return_to else '?'}{back}")
        return None

    async def lead_nowhere(self, problem: str) -> None:
        """Show a page that leads nowhere."""
        self.set_status(400)
        await self.finish(OUTSIDE.format(problem))


class AccessToken(LoginHandler):
    """GET /sns/oauth2/access_token: who it is that came back with this code."""

    async def get(self) -> None:
        ask, double = self.get_query_argument, self.double
        code = ask("code", "")
        app = (ask("appid", ""), ask("secret", ""))
        if not double.web_app_id or app != (double.web_app_id, double.web_app_secret):
            await self.refuse(40125, "invalid appsecret")
        elif code in double.used_codes:
            await self.refuse(40163, "code been used")
        elif code not in double.web_codes:
            await self.refuse(40029, "invalid code")
        else:
            double.used_codes.add(code)
            openid = self.openid(double.web_app_id, double.web_codes.pop(code))
            told = {"access_token": token_hex(8), "expires_in": 7200, "refresh_token": "r"}
            await self.finish({**told, "openid": openid, "scope": "snsapi_base"})


def login_routes(double: "WeChatDouble") -> list[Any]:
    """List the addresses."""
    own = {"double": double}
    return [
        (r"/sns/jscode2session", CodeToSession, own),
        (r"/connect/oauth2/authorize", Authorize, own),
        (r"/sns/oauth2/access_token", AccessToken, own),
    ]
