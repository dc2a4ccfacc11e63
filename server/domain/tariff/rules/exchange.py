"""Tariffs as files: our own JSON, and the Curb Data Specification's `Rate`."""

from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from server.domain.tariff.model import Tariff

FORMAT = "smartcloud-tariff/1"


def to_file(tariff: Tariff) -> dict[str, Any]:
    """Write a version as a file; what is as it always is, is left out."""
    return {
        "format": FORMAT,
        "code": tariff.code,
        "name": tariff.name,
        "on_change": tariff.on_change.value,
        "approval": tariff.approval,
        "note": tariff.note,
        "terms": plain(tariff.terms),
    }


def plain(value: Any) -> Any:
    """Turn nouns into JSON values without what equals its default."""
    if is_dataclass(value) and not isinstance(value, type):
        given = ((field, getattr(value, field.name)) for field in fields(value))
        return {
            field.name: plain(one)
            for field, one in given
            if field.default is MISSING or one != field.default
        }
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value
