"""What clerks see of the policy switchboard."""

from collections.abc import Mapping
from enum import StrEnum

from handlers.shows import Shown
from server.domain.stay import KEYS, Policy, PolicyLayer
from server.domain.stay.queries.policies import PolicyShown
from server.kernel.codec import to_plain


def show_policies(scopes: list[PolicyShown]) -> Shown:
    """Show the switchboard: what each scope says, what holds there, and what each key may be."""
    defaults = to_plain(Policy())
    keys = {
        name: {
            "group": key.group.value,
            "label": key.label,
            "hint": key.hint,
            "kind": key.kind.value,
            "least": key.least,
            "most": key.most,
            "unit": key.unit.value if key.unit else None,
            "choices": _choices(key.choices) if key.choices else None,
            "default": defaults[name],
            "scopes": sorted(key.scopes),
        }
        for name, key in KEYS.items()
    }
    return {"scopes": [_scope(one) for one in scopes], "keys": keys}


def _choices(names: Mapping[StrEnum, str]) -> list[Shown]:
    return [{"value": value.value, "label": label} for value, label in names.items()]


def _scope(one: PolicyShown) -> Shown:
    resolved = to_plain(one.resolved)
    return {
        "scope": one.scope,
        "name": one.name,
        "v": one.v,
        "values": one.values,
        "resolved": {name: resolved[name] for name in KEYS},
        "sources": one.sources,
        "changeable": one.changeable,
    }


def show_policy_change(changed: Policy | PolicyLayer) -> Shown:
    """Show which version a scope has now."""
    return {"scope": changed.id, "v": changed.v}
