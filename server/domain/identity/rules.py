"""Roles, passwords, codes, and how much of a phone is shown. Pure but for the hash's own salt."""

import hashlib
import hmac
import re
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from server.domain.identity.model import Account, Login
from server.kernel.access import Actor, Scope
from server.kernel.errors import Invalid

_STAYS = frozenset({"stays.watch", "stays.edit", "stays.approve", "stays.review"})
_ARREARS = frozenset({"arrears.watch", "arrears.pursue", "arrears.write_off"})
ROLES: dict[str, frozenset[str]] = {
    "city_manager": frozenset(
        {
            "city.watch",
            "city.figures",
            "tariff.read",
            "tariff.edit",
            "tariff.publish",
            "tariff.assign",
            "calendar.edit",
            "money.watch",
            "refunds.approve",
            "policy.change",
            "berths.suspend",
            "arrears.watch",
            "arrears.pursue",
            "arrears.approve",
            "arrears.templates",
        }
    )
    | _STAYS,
    "district_manager": frozenset(
        {
            "city.watch",
            "city.figures",
            "tariff.read",
            "tariff.assign",
            "policy.change",
            "berths.suspend",
            "arrears.watch",
        }
    )
    | _STAYS,
    "dispatcher": frozenset(
        {"city.watch", "stays.watch", "stays.edit", "stays.review", "berths.suspend"}
    )
    | _ARREARS,
    "finance": frozenset(
        {
            "city.watch",
            "city.figures",
            "tariff.read",
            "money.watch",
            "money.reconcile",
            "bills.waive",
            "refunds.request",
            "refunds.approve",
            "stays.watch",
            "stays.approve",
            "arrears.approve",
        }
    )
    | _ARREARS,
    "patroller": frozenset({"patrol.watch", "patrol.identify", "patrol.report", "patrol.collect"}),
}
"""What each role may do. Whoever has no role may do nothing."""

_PHONE = re.compile(r"1[3-9][0-9]{9}")
# 19 MiB, 2 passes, 1 lane: OWASP's argon2id floor; 30 ms a login on one core.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """Make what is stored in a password's place."""
    return _HASHER.hash(password)


# Checked where there is no account, so that the answer takes as long as where there is one.
_NOBODY = hash_password("nobody has this password")


def password_fits(account: Account | None, password: str) -> bool:
    """Say whether the password is the account's."""
    stored = account.password_hash if account else None
    try:
        _HASHER.verify(stored or _NOBODY, password)
    except VerificationError:
        return False
    return stored is not None


def hash_code(phone: str, code: str) -> str:
    """Make what is stored in a login code's place."""
    return hmac.new(phone.encode(), code.encode(), hashlib.sha256).hexdigest()


def code_fits(stored: str, phone: str, code: str) -> bool:
    """Say whether the code is the one that was sent."""
    return hmac.compare_digest(stored, hash_code(phone, code))


def read_phone(phone: str) -> str:
    """Read a mainland mobile number; refuses what is none."""
    if not _PHONE.fullmatch(phone):
        raise Invalid("phone_invalid", "手机号不正确", phone=["手机号不正确"])
    return phone


def mask_phone(phone: str | None) -> str:
    """Show how a phone begins and ends: `138****0001`."""
    return f"{phone[:3]}****{phone[-4:]}" if phone else ""


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Join what the roles may do."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def scope_of(account: Account) -> Scope:
    """Say what data a member of staff sees."""
    codes = frozenset(account.division_codes)
    return Scope(everything=not codes, division_codes=codes)


def actor_under(login: Login, account: Account) -> Actor:
    """Say who acts under a login, and what that one may do and see."""
    return Actor(
        id=account.id,
        audience=login.audience,
        permissions=permissions_of(account.roles),
        scope=scope_of(account),
        organization_id=account.organization_id,
        login_id=login.id,
    )
