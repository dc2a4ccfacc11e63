"""A changed copy of a frozen noun, twice as fast as the standard library makes one.

One reading makes a dozen such copies; with `dataclasses.replace`, which asks every field by name
and sets each through `object.__setattr__`, they were 27 % of the ingest's CPU. To the type checker
it *is* `dataclasses.replace`, so wrong names and types are found all the same.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from dataclasses import fields
    from functools import cache
    from operator import attrgetter

    @cache
    def _parts(kind):
        names = tuple(field.name for field in fields(kind))
        assert not hasattr(kind, "__post_init__"), f"{kind.__name__} checks itself when made"
        setters = {name: getattr(kind, name).__set__ for name in names}  # needs slots=True
        return attrgetter(*names), tuple(setters.values()), setters

    def replace(noun, /, **changes):
        """Make a copy with some fields changed."""
        kind = noun.__class__
        read, set_all, setters = _parts(kind)
        copy = kind.__new__(kind)
        for set_one, value in zip(set_all, read(noun), strict=True):
            set_one(copy, value)
        for name, value in changes.items():
            setters[name](copy, value)
        return copy


__all__ = ["replace"]
