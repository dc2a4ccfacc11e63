"""The switchboard for a screen: what each scope says, what holds there, and from where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.domain.identity import Organization
from server.domain.stay.model.policies import Policy, PolicyLayer
from server.domain.stay.rules.policies import resolve, sources
from server.domain.stay.rules.policy_keys import CITY
from server.domain.stay.service import policy_of
from server.domain.stay.service.policies import place_in_sight, scope_in_sight
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class PolicyShown:
    """A scope's own keys with their version, and what holds there all in all.

    `sources` says for each key from which scope it is; `name` is the operator's or the place's.
    """

    scope: str
    name: str
    v: int
    values: Mapping[str, Any]
    resolved: Policy
    sources: Mapping[str, str]
    changeable: bool


async def local_prefix(work: Work) -> str:
    """Say how the city's own plates begin, for keyboards; empty where nobody has said."""
    return (await policy_of(work)).local_prefix


async def policy_of_scope(work: Work, *, place_id: str | None = None) -> list[PolicyShown]:
    """Show the policies from the city down to the actor's operator, or to a place and its operator."""
    place = await place_in_sight(work, place_id=place_id) if place_id else None
    organization_id = place.organization_id if place else work.actor.organization_id
    organization = await work.table(Organization).maybe(organization_id)
    names = {f"operator:{organization_id}": organization.name if organization else ""}
    if place:
        names[f"place:{place.id}"] = place.name
    city = await work.table(Policy).maybe(CITY) or Policy()
    held = await work.table(PolicyLayer).load(names)
    shown = [await _shown(work, CITY, "", city.v, [], city)]
    layers: list[PolicyLayer] = []
    for scope, name in names.items():
        layer = held.get(scope) or PolicyLayer(id=scope, values={})
        layers.append(layer)
        shown.append(await _shown(work, scope, name, layer.v, layers, resolve(city, layers)))
    return shown


async def _shown(
    work: Work, scope: str, name: str, v: int, layers: list[PolicyLayer], resolved: Policy
) -> PolicyShown:
    may = "policy.change" in work.actor.permissions and await scope_in_sight(work, scope=scope)
    return PolicyShown(
        scope=scope,
        name=name,
        v=v,
        values=dict(layers[-1].values) if layers else {},
        resolved=resolved,
        sources=sources((one.id, one.values) for one in layers),
        changeable=may,
    )
