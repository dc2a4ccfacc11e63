"""组织 (organization) · 用户 (account) · 登录 (login): nouns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.kernel.access import Audience
from server.kernel.table import expires, index, table, unique


class AccountKind(StrEnum):
    """Somebody who drives, or somebody who works for an operator or the city."""

    MOTORIST = "motorist"
    STAFF = "staff"


class OrganizationKind(StrEnum):
    """Whoever runs places, or the city: what holds for all operators is the city's to say."""

    OPERATOR = "operator"
    CITY = "city"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Whoever runs places, or watches over those who do; the city may run some itself."""

    id: str
    v: int = 0
    name: str
    kind: OrganizationKind = OrganizationKind.OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person. `division_codes` bound what a member of staff sees; none means everything."""

    id: str
    v: int = 0
    kind: AccountKind
    name: str
    phone: str | None = None
    username: str | None = None
    password_hash: str | None = None
    roles: tuple[str, ...] = ()
    organization_id: str = ""
    division_codes: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One person on one client, until it ends."""

    id: str
    v: int = 0
    account_id: str
    audience: Audience
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCode:
    """The code that was sent to a phone; its id is the phone. It is used once."""

    id: str
    v: int = 0
    code_hash: str
    sent_at: datetime
    expires_at: datetime
    tries: int = 0
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How often something was tried lately; its id says what, and by whom."""

    id: str
    v: int = 0
    count: int
    until: datetime


ORGANIZATIONS = table(Organization, "organizations")
ACCOUNTS = table(
    Account,
    "accounts",
    unique(
        "phone", code="phone_taken", message="手机号已注册", where={"phone": {"$type": "string"}}
    ),
    unique(
        "username",
        code="username_taken",
        message="用户名已存在",
        where={"username": {"$type": "string"}},
    ),
    hidden=frozenset({"password_hash", "phone"}),
)
LOGINS = table(Login, "logins", index("account_id"), expires("expires_at", ttl_s=30 * 86_400))
LOGIN_CODES = table(
    LoginCode,
    "login_codes",
    expires("expires_at", ttl_s=3_600),
    hidden=frozenset({"code_hash", "id"}),
)
# The id names the phone, the user name or the address of whoever tried.
ATTEMPTS = table(Attempts, "attempts", expires("until", ttl_s=60), hidden=frozenset({"id"}))
