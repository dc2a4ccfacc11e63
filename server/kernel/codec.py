"""One codec for all frozen dataclasses: noun to document and back.

`msgspec` does the walking in C. Instants stay instants, enums become their values, tuples become
lists, and `id` is called `_id` in a document.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_KEPT = (datetime,)


def to_document(noun: Any) -> dict[str, Any]:
    """Turn a noun into a document for the store."""
    document: dict[str, Any] = msgspec.to_builtins(noun, builtin_types=_KEPT)
    document["_id"] = document.pop("id")
    return document


def to_changes(before: Any, after: Any) -> dict[str, Any]:
    """Give the fields in which two versions of a noun differ, as the store keeps them."""
    read, names = _fields(after.__class__)
    differing = {
        name: new
        for name, old, new in zip(names, read(before), read(after), strict=True)
        if new is not old
    }
    changes: dict[str, Any] = msgspec.to_builtins(differing, builtin_types=_KEPT)
    return changes


@cache
def _fields(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[str, ...]]:
    names = tuple(field.name for field in fields(kind) if field.name != "id")
    return attrgetter(*names), names


def from_document(noun: type[T], document: dict[str, Any]) -> T:
    """Turn a stored document back into its noun; unknown keys are left out.

    Raises `msgspec.ValidationError` where a stored value is of another type than the noun's.
    """
    document["id"] = document.pop("_id")
    return msgspec.convert(document, noun, builtin_types=_KEPT)


def to_text(value: Any) -> str:
    """Turn a dataclass, or a list of them, into JSON text; instants are written as ISO 8601."""
    return msgspec.json.encode(value).decode()


def from_text(kind: type[T], text: str) -> T:
    """Turn JSON text back into a dataclass; raises `msgspec.ValidationError` as above."""
    return msgspec.json.decode(text, type=kind)


def to_plain(value: Any) -> Any:
    """Turn a dataclass into plain values, instants kept as they are."""
    return msgspec.to_builtins(value, builtin_types=_KEPT)
