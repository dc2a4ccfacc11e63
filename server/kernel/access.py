"""Who acts, and what that one may do and see: denied unless declared."""

from dataclasses import dataclass
from enum import StrEnum

from server.kernel.errors import Forbidden, Unauthenticated


class Audience(StrEnum):
    """Through which door an actor came."""

    MOTORIST = "motorist"
    PATROL = "patrol"
    CONSOLE = "console"
    OPEN = "open"
    HOOKS = "hooks"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Scope:
    """What data an actor sees: everything, or the divisions named."""

    everything: bool = False
    division_codes: frozenset[str] = frozenset()

    def covers(self, division_code: str) -> bool:
        """Say whether a thing in that division is in sight."""
        return self.everything or division_code in self.division_codes


def in_scope(scope: Scope) -> dict[str, list[str]]:
    """Give the part of a `where` that keeps to a scope, for nouns with a `division_code`."""
    return {} if scope.everything else {"division_code": sorted(scope.division_codes)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or something, that acts."""

    id: str
    audience: Audience
    permissions: frozenset[str] = frozenset()
    scope: Scope = Scope()
    organization_id: str = ""
    login_id: str = ""

    @property
    def known(self) -> bool:
        """Say whether this one is logged in."""
        return bool(self.id)

    def require(self, permission: str) -> None:
        """Refuse unless the permission is held."""
        if not self.known:
            raise Unauthenticated("login_required", "请先登录")
        if permission not in self.permissions:
            raise Forbidden("permission_missing", "没有此项权限", permission=permission)


ANYONE = Actor("", Audience.MOTORIST)


def system(name: str) -> Actor:
    """Make the actor for what the platform does by itself; it sees everything."""
    return Actor(name, Audience.SYSTEM, scope=Scope(everything=True))
