"""用户、组织与登录: who people are, how they log in, and what their role lets them do."""

from server.domain.identity.events import LoginEnded, RightsChanged
from server.domain.identity.model import Account, AccountKind, Login, Organization, OrganizationKind
from server.domain.identity.rules import ROLES, hash_password, mask_phone
from server.domain.identity.service import (
    CODE_LASTS,
    RESEND_AFTER,
    actor_of,
    change_rights,
    count_attempt,
    count_code_try,
    disable_account,
    enrol,
    forget_attempts,
    log_in_with_code,
    log_in_with_password,
    log_out,
    make_login_code,
)

__all__ = [
    "CODE_LASTS",
    "RESEND_AFTER",
    "ROLES",
    "Account",
    "AccountKind",
    "Login",
    "LoginEnded",
    "Organization",
    "OrganizationKind",
    "RightsChanged",
    "actor_of",
    "change_rights",
    "count_attempt",
    "count_code_try",
    "disable_account",
    "enrol",
    "forget_attempts",
    "hash_password",
    "log_in_with_code",
    "log_in_with_password",
    "log_out",
    "make_login_code",
    "mask_phone",
]
