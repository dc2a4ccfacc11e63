"""Officers log in by name and password."""

from handlers import schema
from handlers.base import Permit, action
from handlers.logins import (
    CurrentLoginHandler,
    RealtimeTokenHandler,
    SnapshotHandler,
    StaffLoginHandler,
)
from handlers.shows import Shown
from server.kernel.access import Audience


class Logins(StaffLoginHandler):
    """`/logins`."""

    path = "/api/patrol/logins"
    audience = Audience.PATROL
    needs = "patrol.watch"

    @action("密码登录", permit=Permit.ANYONE, body=schema.PasswordBody, answer=schema.Login)
    async def post(self, username: str, password: str) -> Shown:
        """Log in by name and password."""
        return await self.by_password(username, password)


class CurrentLogin(CurrentLoginHandler):
    """`/logins/current`."""

    path = "/api/patrol/logins/current"
    audience = Audience.PATROL

    @action("退出登录", permit=Permit.LOGGED_IN, status=204)
    async def delete(self) -> None:
        """Log out."""
        await self.end()


class RealtimeTokens(RealtimeTokenHandler):
    """`/realtime-tokens`."""

    path = "/api/patrol/realtime-tokens"
    audience = Audience.PATROL

    @action("获取实时连接令牌", permit=Permit.LOGGED_IN, answer=schema.RealtimeToken)
    async def post(self) -> Shown:
        """Make a token for the websocket."""
        return await self.make_token()


class Snapshots(SnapshotHandler):
    """`/snapshots/{channel}`."""

    path = "/api/patrol/snapshots/{channel}"
    audience = Audience.PATROL

    @action("频道快照", permit=Permit.LOGGED_IN, answer=schema.Snapshot)
    async def get(self, channel: str) -> Shown:
        """Read a channel's state."""
        return await self.snapshot(channel)
