"""Which policy holds where, and which values a key may have. Pure."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.domain.stay.model.policies import Policy, PolicyLayer
from server.domain.stay.rules.policy_keys import ANYWHERE, CITY, KEYS, Key, PolicyKind
from server.domain.vehicle import begins_plates
from server.kernel.errors import Invalid
from server.kernel.nouns import replace

_STEP = r"[0-9]{1,3}:(app|sms|app\+sms)"
_LADDER = re.compile(f"{_STEP}(,{_STEP}){{0,9}}")


def resolve(city: Policy, layers: Iterable[PolicyLayer]) -> Policy:
    """Join the city's policy with what an operator and a place say, the nearest last."""
    for layer in layers:
        city = replace(city, **dict(check(scope_of(layer.id), layer.values)))
    return city


def scope_of(id: str) -> str:
    """Name the scope of a layer's id: `city`, `operator` or `place`; refuses another."""
    kind, _, name = id.partition(":")
    if kind not in ANYWHERE or bool(name) is (kind == CITY):
        raise Invalid("policy_scope_invalid", "配置范围不正确", scope=["配置范围不正确"])
    return kind


def sources(scopes: Iterable[tuple[str, Iterable[str]]]) -> Mapping[str, str]:
    """Say for each key from which scope its value is, given what each scope says, the nearest last."""
    nearest = dict.fromkeys(KEYS, CITY)
    for scope, names in scopes:
        nearest |= dict.fromkeys(names, scope)
    return nearest


def check(scope: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the values in their types; refuses unknown keys, wrong values, and keys of other scopes."""
    said = {name: _wrong(scope, name, value) for name, value in values.items()}
    wrong = {name: [why] for name, why in said.items() if why}
    if wrong:
        raise Invalid("policy_invalid", "配置项有误", **wrong)
    return {name: _typed(KEYS[name], value) for name, value in values.items()}


def _wrong(scope: str, name: str, value: Any) -> str:
    """Say what is wrong with a value; nothing when it may be."""
    key = KEYS.get(name)
    if key is None:
        return "没有这个配置项"
    if scope not in key.scopes:
        return "该范围不能设置此项"
    match key.kind:
        case PolicyKind.CHOICE:
            return "" if value in set(key.choices or ()) else "不在可选范围内"
        case PolicyKind.ZONE:
            return "" if isinstance(value, str) and _is_zone(value) else "没有这个时区"
        case PolicyKind.PREFIX:
            fits = isinstance(value, str) and (value == "" or begins_plates(value))
            return "" if fits else "须为省份简称加一个字母，如 粤B，或留空"
        case PolicyKind.LADDER:
            return "" if isinstance(value, str) and _climbs(value) else "催缴阶梯有误：天数须递增"
        case PolicyKind.NUMBER:
            fits = type(value) is int and key.least <= value <= key.most
            return "" if fits else f"须为 {key.least} 至 {key.most} 的整数"


def _climbs(ladder: str) -> bool:
    """Say whether each step is later than the one before: reminders are taken in this order."""
    if not _LADDER.fullmatch(ladder):
        return False
    days = [int(step.partition(":")[0]) for step in ladder.split(",")]
    return all(day < later for day, later in pairwise(days))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _typed(key: Key, value: Any) -> Any:
    return type(next(iter(key.choices)))(value) if key.choices else value
