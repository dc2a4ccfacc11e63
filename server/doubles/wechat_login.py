"""The WeChat double's login of mini-programs: a code is good once, and always names the same person."""

import hashlib
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

if TYPE_CHECKING:
    from server.doubles.wechat import WeChatDouble


class CodeToSession(RequestHandler):
    """GET /sns/jscode2session: who it is that has this code.

    A phone's code begins with `person-` and a name that the double takes for the person.
    """

    def initialize(self, double: "WeChatDouble") -> None:
        self.double = double

    async def get(self) -> None:
        ask, double = self.get_query_argument, self.double
        code = ask("js_code", "")
        if (ask("appid", ""), ask("secret", "")) != (double.app_id, double.app_secret):
            await self.finish({"errcode": 40125, "errmsg": "invalid appsecret"})
        elif not code.startswith("person-"):
            await self.finish({"errcode": 40029, "errmsg": "invalid code"})
        elif code in double.used_codes:
            await self.finish({"errcode": 40163, "errmsg": "code been used"})
        else:
            double.used_codes.add(code)
            person = code.split("-")[1]
            openid = "o" + hashlib.sha256(person.encode()).hexdigest()[:27]
            await self.finish({"openid": openid, "session_key": "a2V5", "unionid": ""})


def login_routes(double: "WeChatDouble") -> list[Any]:
    """List the address."""
    return [(r"/sns/jscode2session", CodeToSession, {"double": double})]
