"""Reads the values of environment variables; a ValueError says what a value must be."""

from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo


def read_port(text: str) -> int:
    """Read a TCP port, 1 to 65535."""
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError("a port is a number from 1 to 65535")
    return port


def read_port_or_none(text: str) -> int:
    """Read a TCP port; 0 means none."""
    return 0 if text == "0" else read_port(text)


def read_basis_points(text: str) -> int:
    """Read a share in ten-thousandths, 0 to 1,000."""
    share = int(text)
    if not 0 <= share <= 1_000:
        raise ValueError("a share is a number of ten-thousandths from 0 to 1000")
    return share


def read_folder(text: str) -> Path:
    """Read a folder; a relative one starts at the working directory."""
    return Path(text).absolute()


def read_mode(text: str) -> str:
    """Read the mode."""
    return read_choice(text, ("demo", "production"))


def read_log(text: str) -> str:
    """Read the form of the log."""
    return read_choice(text, ("text", "json"))


def read_signed_readings(text: str) -> str:
    """Read whether readings must be signed."""
    return read_choice(text, ("required", "accepted"))


def read_choice(text: str, choices: Iterable[str]) -> str:
    """Read one of the given words."""
    if text not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}")
    return text


def read_list(text: str) -> tuple[str, ...]:
    """Read a comma-separated list; blanks around the entries are dropped."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def read_zone(text: str) -> str:
    """Read the name of an IANA time zone."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no IANA time zone") from error


def read_flag(text: str) -> bool:
    """Read yes or no."""
    return read_choice(text, ("yes", "no")) == "yes"
