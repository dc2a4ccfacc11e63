"""Use cases of the policy switchboard."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from server.domain.estate import Place
from server.domain.identity import Organization, OrganizationKind
from server.domain.stay.events import PolicyChanged
from server.domain.stay.model import BerthLabel
from server.domain.stay.model.policies import Policy, PolicyLayer, StaysBy
from server.domain.stay.rules.policies import check, resolve, scope_of
from server.domain.stay.rules.policy_keys import CITY
from server.domain.stay.service import policy_of
from server.kernel.access import Audience
from server.kernel.errors import Forbidden, NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import Work


async def policy_for(work: Work, *, organization_id: str, place_id: str = "") -> Policy:
    """Say which policy holds for an operator, and at one of its places."""
    ids = [f"operator:{organization_id}", *([f"place:{place_id}"] if place_id else [])]
    layers = await work.table(PolicyLayer).load(ids)
    return resolve(await policy_of(work), [layers[id] for id in ids if id in layers])


async def stays_kept_by(work: Work) -> Callable[[BerthLabel], StaysBy]:
    """Give what says who begins and ends stays on a berth: one question, as few places differ."""
    where = {"values.stays_by": [one.value for one in StaysBy]}
    said = {
        one.id: str(one.values["stays_by"]) for one in await work.table(PolicyLayer).find(where)
    }
    city = (await policy_of(work)).stays_by

    def of(berth: BerthLabel) -> StaysBy:
        operator = said.get(f"operator:{berth.organization_id}", city)
        return StaysBy(said.get(f"place:{berth.place_id}", operator))

    return of


async def change_policy(
    work: Work, *, scope: str, values: Mapping[str, Any], v: int
) -> Policy | PolicyLayer:
    """Set the keys of a scope (`city`, `operator:{id}`, `place:{id}`); `v` is the version seen.

    At the city the other keys stay; an operator's or a place's keys are replaced, so that what is
    left out is the city's again. Refuses with `policy_changed` when somebody was faster.
    """
    checked = check(scope_of(scope), values)
    await _may_change(work, scope)
    if scope == CITY:
        rows = work.table(Policy)
        held = await rows.maybe(CITY)
        after = replace(held or Policy(), **checked)
        _seen(held.v if held else 0, v)
        _tell(work, scope, checked)
        return rows.save(after) if held else rows.add(after)
    layers = work.table(PolicyLayer)
    layer = await layers.maybe(scope)
    _seen(layer.v if layer else 0, v)
    _tell(work, scope, {**(layer.values if layer else {}), **checked})
    changed = replace(layer or PolicyLayer(id=scope, values={}), values=checked)
    return layers.save(changed) if layer else layers.add(changed)


def _tell(work: Work, scope: str, keys: Iterable[str]) -> None:
    work.tell(PolicyChanged(at=work.now, scope=scope, keys=tuple(sorted(keys))))


def _seen(now: int, seen: int) -> None:
    if now != seen:
        raise Refused("policy_changed", "配置已被他人修改，请刷新后重试", v=now)


async def scope_in_sight(work: Work, *, scope: str) -> bool:
    """Say whether the actor's sight and operator let him change a scope; refuses a place out of sight.

    The city and an operator are for who sees all of them; what holds for the city is changed by its
    own people alone, and so is what holds for an operator and its places.
    """
    kind, _, id = scope.partition(":")
    actor = work.actor
    # What the platform sets up by itself it does for whoever it is.
    own = actor.audience is Audience.SYSTEM
    if kind == "place":
        place = await place_in_sight(work, place_id=id)
        return own or place.organization_id == actor.organization_id
    if kind == CITY:
        return own or (actor.scope.everything and await _of_the_city(work))
    return actor.scope.everything and id == actor.organization_id


async def _of_the_city(work: Work) -> bool:
    organization = await work.table(Organization).maybe(work.actor.organization_id)
    return organization is not None and organization.kind is OrganizationKind.CITY


async def place_in_sight(work: Work, *, place_id: str) -> Place:
    """Find a place in the actor's divisions; refuses with `place_not_found`."""
    place = await work.table(Place).maybe(place_id)
    if place is None or not work.actor.scope.covers(place.division_code):
        raise NotFound("place_not_found", "没有找到这条记录", id=place_id)
    return place


async def _may_change(work: Work, scope: str) -> None:
    """Refuse the city to whoever is not of it or sees a part of it, and others' operators and places."""
    if not await scope_in_sight(work, scope=scope):
        raise Forbidden("policy_scope_forbidden", "无权修改该范围的配置", scope=scope)
