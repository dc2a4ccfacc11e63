"""A changed copy of a frozen noun, three times as fast as the standard library makes one.

One reading makes a dozen such copies; with `dataclasses.replace`, which asks every field by name
and sets each through `object.__setattr__`, they were 27 % of the ingest's CPU. Here a kind gets a
function of its own, written out field by field (4 µs instead of 13 for 15 fields). To the type
checker it *is* `dataclasses.replace`, so wrong names and types are found all the same.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from dataclasses import fields
    from functools import cache

    @cache
    def _copier(kind):
        """Write the function `copy(noun, *, field=…)` for a kind."""
        names = [field.name for field in fields(kind)]
        assert not hasattr(kind, "__post_init__"), f"{kind.__name__} checks itself when made"
        setters = {
            f"_set_{name}": getattr(kind, name).__set__ for name in names
        }  # needs slots=True
        # No field begins with an underscore, so that none takes a name of ours.
        kept = ", ".join(f"{name}=_KEPT" for name in names)
        lines = [f"def _copy(_old, /, *, {kept}):", " _made = _new(_kind)"]
        lines += [
            f" _set_{name}(_made, _old.{name} if {name} is _KEPT else {name})" for name in names
        ]
        room = {"_new": kind.__new__, "_kind": kind, "_KEPT": object(), **setters}
        exec("\n".join([*lines, " return _made"]), room)  # noqa: S102 - only names of our own fields
        return room["_copy"]

    def replace(noun, /, **changes):
        """Make a copy with some fields changed."""
        return _copier(noun.__class__)(noun, **changes)


def stamp(noun: Any, v: int) -> None:
    """Set the version of a noun that nobody else has seen yet: a copy for that alone costs 3 µs."""
    noun.__class__.v.__set__(noun, v)


__all__ = ["replace", "stamp"]
