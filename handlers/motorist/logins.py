"""A motorist logs in by the code on his phone."""

from handlers import schema
from handlers.base import Handler, Permit, action
from handlers.logins import (
    CurrentLoginHandler,
    LoginHandler,
    RealtimeTokenHandler,
    SnapshotHandler,
)
from handlers.shows import Shown
from server.domain.identity import (
    CODE_LASTS,
    RESEND_AFTER,
    count_attempt,
    count_code_try,
    log_in_with_code,
    make_login_code,
)
from server.kernel.access import Audience


class LoginCodes(Handler):
    """`/login-codes`."""

    path = "/api/motorist/login-codes"
    audience = Audience.MOTORIST

    @action(
        "发送登录验证码",
        permit=Permit.ANYONE,
        body=schema.PhoneBody,
        answer=schema.LoginCodeSent,
        status=202,
    )
    async def post(self, phone: str) -> Shown:
        """Send a code to a phone."""
        key = f"code:ip:{self.request.remote_ip}"
        await self.run(count_attempt, key=key, limit=10, window_s=60)
        code = await self.run(make_login_code, phone=phone)
        template = self.app.config.sms_login_template
        await self.app.sms.send(phone=phone, template=template, params={"code": code})
        return {
            "expires_in_s": int(CODE_LASTS.total_seconds()),
            "resend_in_s": int(RESEND_AFTER.total_seconds()),
        }


class Logins(LoginHandler):
    """`/logins`."""

    path = "/api/motorist/logins"
    audience = Audience.MOTORIST

    @action("验证码登录", permit=Permit.ANYONE, body=schema.CodeBody, answer=schema.Login)
    async def post(self, phone: str, code: str) -> Shown:
        """Log in by phone and code."""
        await self.count_try(phone)
        await self.run(count_code_try, phone=phone)
        return self.begin(*await self.run(log_in_with_code, phone=phone, code=code))


class CurrentLogin(CurrentLoginHandler):
    """`/logins/current`."""

    path = "/api/motorist/logins/current"
    audience = Audience.MOTORIST

    @action("退出登录", permit=Permit.LOGGED_IN, status=204)
    async def delete(self) -> None:
        """Log out."""
        await self.end()


class RealtimeTokens(RealtimeTokenHandler):
    """`/realtime-tokens`."""

    path = "/api/motorist/realtime-tokens"
    audience = Audience.MOTORIST

    @action("获取实时连接令牌（可匿名）", permit=Permit.ANYONE, answer=schema.RealtimeToken)
    async def post(self) -> Shown:
        """Make a token for the websocket, for strangers too."""
        return await self.make_token()


class Snapshots(SnapshotHandler):
    """`/snapshots/{channel}`."""

    path = "/api/motorist/snapshots/{channel}"
    audience = Audience.MOTORIST

    @action("频道快照", permit=Permit.ANYONE, answer=schema.Snapshot)
    async def get(self, channel: str) -> Shown:
        """Read a channel's state."""
        return await self.snapshot(channel)
