"""Reads one value of the configuration of a hub alone; each raises ValueError with what is wanted."""

import re
from collections.abc import Callable

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
FLAGS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


def flag(value: object) -> bool:
    """Read a yes or no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in FLAGS:
        return FLAGS[value.strip().lower()]
    raise ValueError("true or false is wanted")


def whole(value: object) -> int:
    """Read a number of things."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a whole number from 0 on is wanted")


def port(value: object) -> int:
    """Read a port; 0 is a free one."""
    if (read := whole(value)) <= 65535:
        return read
    raise ValueError("a port up to 65535 is wanted")


def path(value: object) -> str:
    """Read where something is answered."""
    if isinstance(value, str) and value.startswith("/"):
        return value
    raise ValueError('a path is wanted that begins with "/"')


def text(value: object) -> str:
    """Read a text."""
    if isinstance(value, str):
        return value
    raise ValueError("a text is wanted")


def words(value: object) -> tuple[str, ...]:
    """Read a list of texts, or one text with spaces between."""
    if isinstance(value, str):
        return tuple(value.split())
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError("a list of texts is wanted")


def some_words(value: object) -> tuple[str, ...]:
    """Read a list of one text or more."""
    if read := words(value):
        return read
    raise ValueError("one text or more is wanted")


def seconds(value: object) -> float:
    """Read a duration such as `10s`, `5m`, `1h30m` or `250ms`."""
    if isinstance(value, str) and DURATION.sub("", value.strip()) == "" and value.strip():
        return sum(float(count) * UNITS_S[unit] for count, unit in DURATION.findall(value))
    raise ValueError('a duration such as "10s" or "5m" is wanted')


def some_seconds(value: object) -> float:
    """Read a duration that is not nothing."""
    if (read := seconds(value)) > 0:
        return read
    raise ValueError("a duration above 0 is wanted")


def pattern(value: object) -> re.Pattern[str] | None:
    """Read a regular expression; an empty one is none."""
    try:
        return re.compile(text(value)) if value else None
    except re.error as wrong:
        raise ValueError(f"no regular expression: {wrong}") from wrong


def one_of(*choices: str) -> Callable[[object], str]:
    """Make a reader of one of these texts."""

    def read(value: object) -> str:
        if value in choices:
            return str(value)
        raise ValueError("one of these is wanted: " + ", ".join(repr(one) for one in choices))

    return read
