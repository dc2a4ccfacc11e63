"""How one environment variable is declared: its name, its default, and what it means."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ConfigKey:
    """One environment variable: what it is called, what it is when unset, and what it means."""

    variable: str
    default: str
    meaning: str
    read: Callable[[str], Any]
    in_production: str
    secret: bool


def key(
    variable: str,
    meaning: str,
    *,
    default: str = "",
    shown_default: str = "",
    read: Callable[[str], Any] = str,
    in_production: str = "optional",
    secret: bool = False,
) -> Any:
    """Declare one field of Config; `in_production` is "optional" or "required"."""
    entry = ConfigKey(
        variable=variable,
        default=shown_default or default,
        meaning=meaning,
        read=read,
        in_production=in_production,
        secret=secret,
    )
    # URLs of stores carry passwords, so what is secret or has a password stays out of repr().
    shown = not secret and not variable.endswith("_URL")
    return field(default=default, repr=shown, metadata={"key": entry})
