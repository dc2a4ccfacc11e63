"""Use cases of logging in and out."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from server.domain.identity.events import LoginEnded, RightsChanged
from server.domain.identity.model import (
    Account,
    AccountKind,
    Attempts,
    Login,
    LoginCode,
    Organization,
)
from server.domain.identity.rules import (
    actor_under,
    code_fits,
    hash_code,
    password_fits,
    permissions_of,
    read_phone,
)
from server.kernel.access import Actor, Audience
from server.kernel.errors import TooMany, Unauthenticated
from server.kernel.nouns import replace
from server.kernel.work import Work

LOGIN_LASTS = timedelta(hours=12)
CODE_LASTS = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=60)
CODE_TRIES = 5


async def enrol(
    work: Work, *, organizations: Sequence[Organization], accounts: Sequence[Account]
) -> None:
    """Put in organizations and accounts that are not there yet."""
    kept = work.table(Organization)
    have = await kept.load(organization.id for organization in organizations)
    for organization in organizations:
        if organization.id not in have:
            kept.add(organization)
    rows = work.table(Account)
    known = await rows.load(account.id for account in accounts)
    for account in accounts:
        if account.id not in known:
            rows.add(account)


async def count_attempt(work: Work, *, key: str, limit: int, window_s: int) -> None:
    """Count a try, and refuse with `too_many_attempts` beyond the limit.

    It is a unit of work of its own, so that a failed try is counted too.
    """
    rows = work.table(Attempts)
    attempts = await rows.maybe(key)
    until = work.now + timedelta(seconds=window_s)
    if attempts is None:
        rows.add(Attempts(id=key, count=1, until=until))
    elif attempts.until <= work.now:
        rows.save(replace(attempts, count=1, until=until))
    elif attempts.count >= limit:
        wait_s = int((attempts.until - work.now).total_seconds()) + 1
        raise TooMany("too_many_attempts", "操作过于频繁，请稍后再试", retry_after_s=wait_s)
    else:
        rows.save(replace(attempts, count=attempts.count + 1))


async def forget_attempts(work: Work, *, key: str) -> None:
    """Count from nothing again: whoever tried has shown that he may."""
    rows = work.table(Attempts)
    attempts = await rows.maybe(key)
    if attempts is not None:
        rows.save(replace(attempts, count=0))


async def make_login_code(work: Work, *, phone: str) -> str:
    """Make a code for a phone, for the caller to send; one a minute."""
    phone = read_phone(phone)
    rows = work.table(LoginCode)
    before = await rows.maybe(phone)
    if before is not None and work.now < before.sent_at + RESEND_AFTER:
        wait_s = int((before.sent_at + RESEND_AFTER - work.now).total_seconds()) + 1
        raise TooMany("too_many_login_codes", "验证码发送过于频繁", retry_after_s=wait_s)
    code = f"{secrets.randbelow(1_000_000):06}"
    fresh = LoginCode(
        id=phone,
        code_hash=hash_code(phone, code),
        sent_at=work.now,
        expires_at=work.now + CODE_LASTS,
    )
    if before is None:
        rows.add(fresh)
    else:
        rows.save(fresh)
    return code


async def count_code_try(work: Work, *, phone: str) -> None:
    """Count a try at a phone's code; after five the code is dead."""
    rows = work.table(LoginCode)
    code = await rows.maybe(phone)
    if code is not None:
        rows.save(replace(code, tries=code.tries + 1))


async def log_in_with_code(work: Work, *, phone: str, code: str) -> tuple[Account, Login]:
    """Log a motorist in by the code on his phone; a new phone gets an account."""
    rows = work.table(LoginCode)
    sent = await rows.maybe(read_phone(phone))
    good = (
        sent is not None
        and not sent.used
        and sent.tries <= CODE_TRIES
        and work.now < sent.expires_at
        and code_fits(sent.code_hash, phone, code)
    )
    if sent is None or not good:
        raise Unauthenticated("wrong_login_code", "验证码错误或已过期")
    rows.save(replace(sent, used=True))
    accounts = work.table(Account)
    account = await accounts.one({"phone": phone})
    if account is None:
        account = accounts.add(
            Account(id=work.new_id(), kind=AccountKind.MOTORIST, name="车主", phone=phone)
        )
    return account, _log_in(work, account, Audience.MOTORIST)


async def log_in_with_password(
    work: Work, *, username: str, password: str, audience: Audience, permission: str
) -> tuple[Account, Login]:
    """Log a member of staff in, if his role has the permission that the client needs."""
    account = await work.table(Account).one({"username": username})
    fits = password_fits(account, password)
    if account is None or not fits or permission not in permissions_of(account.roles):
        raise Unauthenticated("wrong_password", "用户名或密码错误")
    return account, _log_in(work, account, audience)


def _log_in(work: Work, account: Account, audience: Audience) -> Login:
    if account.disabled:
        raise Unauthenticated("account_disabled", "账号已停用")
    return work.table(Login).add(
        Login(
            id=work.new_id(),
            account_id=account.id,
            audience=audience,
            created_at=work.now,
            expires_at=work.now + LOGIN_LASTS,
        )
    )


async def log_out(work: Work) -> None:
    """End the actor's login; a second time changes nothing."""
    rows = work.table(Login)
    login = await rows.maybe(work.actor.login_id)
    if login is None or login.ended_at is not None:
        return
    rows.save(replace(login, ended_at=work.now))
    work.tell(LoginEnded(at=work.now, login_id=login.id, account_id=login.account_id))


async def actor_of(work: Work, *, login_id: str, audience: Audience) -> Actor:
    """Say who acts under a login; refuses one that is over, or of another audience."""
    login = await work.table(Login).maybe(login_id)
    if login is None or login.ended_at or login.expires_at <= work.now:
        raise Unauthenticated("login_expired", "登录已失效，请重新登录")
    if login.audience is not audience:
        raise Unauthenticated("login_of_other_client", "该登录不能用于此客户端")
    account = await work.table(Account).get(login.account_id)
    if account.disabled:
        raise Unauthenticated("account_disabled", "账号已停用")
    return actor_under(login, account)


async def change_rights(
    work: Work, *, account_id: str, roles: Sequence[str], division_codes: Sequence[str]
) -> Account:
    """Give a member of staff other roles, and other divisions to see; acts on open sockets too."""
    rows = work.table(Account)
    account = replace(
        await rows.get(account_id), roles=tuple(roles), division_codes=tuple(division_codes)
    )
    rows.save(account)
    work.tell(RightsChanged(at=work.now, account_id=account.id))
    return account


async def disable_account(work: Work, *, account_id: str) -> Account:
    """Let nobody in under an account any more, and end its logins."""
    rows = work.table(Account)
    account = replace(await rows.get(account_id), disabled=True)
    rows.save(account)
    logins = work.table(Login)
    for login in await logins.find({"account_id": account_id, "ended_at": None}):
        logins.save(replace(login, ended_at=work.now))
        work.tell(LoginEnded(at=work.now, login_id=login.id, account_id=account_id))
    return account
