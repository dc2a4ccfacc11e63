"""The product's channel book: which channels there are, what they keep, and who may hear them.

| channel | who | carries |
| --- | --- | --- |
| `section:{place}` `lot:{place}` | anyone | berths of a place, without plates |
| `section:{place}:staff` `lot:{place}:staff` | staff in scope | the same, with plates, stays and alerts |
| `map:{cell}` | anyone | room of the places in a map cell |
| `live:{organization}` | managers of it | facts, a line each |
| `arrears:{organization}` | managers of it | changes of arrears, a line each |
| `kpi:{organization}` | managers of it | the figures of the home page |
| `#{account}` | that account | its stays, bills and wallet |
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from realtime.gathering import merge_state
from realtime.namespaces import Actor, Namespace, UnknownChannel
from server.kernel import access as kernel

# 10 minutes and 1,000 publications: the promise to a phone that was in a tunnel.
KEPT_S = 600
KEPT = 1_000

DivisionOf = Callable[[str], Awaitable[str | None]]
WATCH = frozenset({"city.watch", "patrol.watch"})


@dataclass(frozen=True, slots=True)
class Meta:
    """What the connection token says of its bearer, beside the account."""

    permissions: frozenset[str]
    everything: bool
    division_codes: frozenset[str]
    organization_id: str


def meta_of(actor: kernel.Actor) -> dict[str, Any]:
    """Give what a connection token is to say of an actor."""
    return {
        "permissions": sorted(actor.permissions),
        "everything": actor.scope.everything,
        "division_codes": sorted(actor.scope.division_codes),
        "organization_id": actor.organization_id,
        "login_id": actor.login_id,
    }


def listener(actor: kernel.Actor) -> Actor:
    """Give the actor as the hub knows it once it has connected."""
    return Actor(actor.id, meta_of(actor))


def _meta(meta: Mapping[str, object]) -> Meta:
    read: Mapping[str, Any] = meta
    return Meta(
        frozenset(read.get("permissions", ())),
        bool(read.get("everything", False)),
        frozenset(read.get("division_codes", ())),
        str(read.get("organization_id", "")),
    )


class Channels:
    """Finds the namespace of a channel."""

    def __init__(self, division_of: DivisionOf) -> None:
        async def staff(actor: Actor, channel: str) -> bool:
            meta = _meta(actor.meta)
            if not (actor.user and meta.permissions & WATCH):
                return False
            division_code = await division_of(channel.split(":")[1])
            return division_code is not None and (
                meta.everything or division_code in meta.division_codes
            )

        self._place = _state("place", lambda _actor, _channel: True)
        self._staff = _state("staff", staff)
        self._map = _state("map", lambda _actor, _channel: True)
        self._kpi = _state("kpi", _managers("city.figures"))
        self._live = _stream("live", _managers("city.watch"), kept=200)
        self._arrears = _stream("arrears", _managers("arrears.watch"), kept=200)
        self._personal = _stream("personal", _owner, kept=KEPT)

    def namespace_of(self, channel: str) -> Namespace:
        """Give the namespace of a channel; raises UnknownChannel."""
        if channel.startswith("#"):
            return self._personal
        match channel.split(":"):
            case ["section" | "lot", place_id] if place_id:
                return self._place
            case ["section" | "lot", place_id, "staff"] if place_id:
                return self._staff
            case ["map", cell] if cell:
                return self._map
            case ["kpi", organization_id] if organization_id:
                return self._kpi
            case ["live", organization_id] if organization_id:
                return self._live
            case ["arrears", organization_id] if organization_id:
                return self._arrears
        raise UnknownChannel(channel)


def personal_channel(actor: Actor) -> str:
    """Name the channel that an account's connections are subscribed to by the server."""
    return f"#{actor.user}" if actor.user else ""


def _owner(actor: Actor, channel: str) -> bool:
    return bool(actor.user) and channel == f"#{actor.user}"


def _managers(permission: str) -> Callable[[Actor, str], bool]:
    def may(actor: Actor, channel: str) -> bool:
        meta = _meta(actor.meta)
        return permission in meta.permissions and channel.endswith(f":{meta.organization_id}")

    return may


def _state(name: str, access: Callable[[Actor, str], Awaitable[bool] | bool]) -> Namespace:
    return Namespace(
        name,
        access=access,
        history_size=KEPT,
        history_ttl_s=KEPT_S,
        recoverable=True,
        state=True,
        merge=merge_state,
    )


def _stream(name: str, access: Callable[[Actor, str], bool], *, kept: int) -> Namespace:
    return Namespace(name, access=access, history_size=kept, history_ttl_s=KEPT_S, recoverable=True)
