"""Logging in and out, and the websocket's token: the same for every audience with people in it."""

from datetime import timedelta
from typing import ClassVar

from handlers.base import Handler
from handlers.shows import Shown, show_login
from handlers.tokens import sign_token
from realtime.channels import meta_of
from realtime.tokens import sign_connection_token
from server.domain.identity import (
    Account,
    Login,
    count_attempt,
    forget_attempts,
    log_in_with_password,
    log_out,
)

# 10 minutes: a revoked login's token opens no new socket for longer; live ones are cut at once.
REALTIME_TOKEN_LASTS = timedelta(minutes=10)
# 5 tries a minute an account, 20 an address: a person mistypes twice, a script does not stop.
TRIES_ACCOUNT, TRIES_ADDRESS, TRIES_WINDOW_S = 5, 20, 60


def _by_account(who: str) -> str:
    return f"login:who:{who}"


class LoginHandler(Handler):
    """Begins logins."""

    async def count_try(self, who: str) -> None:
        """Count a try by account and by address, and refuse when there were too many."""
        address = f"login:ip:{self.request.remote_ip}"
        await self.run(count_attempt, key=address, limit=TRIES_ADDRESS, window_s=TRIES_WINDOW_S)
        account = _by_account(who)
        await self.run(count_attempt, key=account, limit=TRIES_ACCOUNT, window_s=TRIES_WINDOW_S)

    def begin(self, account: Account, login: Login) -> Shown:
        """Answer with the token of a login that has begun."""
        token = sign_token(
            self.app.config.token_key,
            login_id=login.id,
            audience=self.audience,
            expires_at=login.expires_at,
        )
        return show_login(token, account, login)


class StaffLoginHandler(LoginHandler):
    """Begins logins of staff; `needs` is the permission that makes the client any use."""

    needs: ClassVar[str]

    async def by_password(self, username: str, password: str) -> Shown:
        """Log in by name and password."""
        await self.count_try(username)
        account, login = await self.run(
            log_in_with_password,
            username=username,
            password=password,
            audience=self.audience,
            permission=self.needs,
        )
        # Of the address the tries stay counted: one good password is no licence to guess others.
        await self.run(forget_attempts, key=_by_account(username))
        return self.begin(account, login)


class CurrentLoginHandler(Handler):
    """Ends logins."""

    async def end(self) -> None:
        """Log out."""
        await self.run(log_out)


class RealtimeTokenHandler(Handler):
    """Gives tokens for the websocket."""

    async def make_token(self) -> Shown:
        """Make a token that says who listens, and what that one may hear."""
        token = sign_connection_token(
            self.app.config.token_key,
            user=self.actor.id,
            expires_at=self.app.store.clock() + REALTIME_TOKEN_LASTS,
            meta=meta_of(self.actor),
        )
        return {"token": token}


class SnapshotHandler(Handler):
    """Gives snapshots of channels to whoever may subscribe to them."""

    async def snapshot(self, channel: str) -> Shown:
        """Read a channel's whole state, and the position that it was read at."""
        await self.app.may_hear(self.actor, channel)
        return await self.app.snapshots.read(channel)
