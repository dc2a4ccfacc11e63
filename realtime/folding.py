"""Makes one publication of several that wait for the same reader, where a channel carries state.

A publication of a state channel replaces what earlier ones said of the same keys. So what waits can
be sent as one publication with the newest of each key, at the offset of the last: a reader that has
it stands where it would have stood with all of them, and recovers from there. Its tag `first` names
the first of them, so that a client which counts takes it for no gap.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

import msgspec

from realtime.metrics import MERGED
from realtime.protocol import encode_json, publication_body

# Given the data of an earlier publication and of a later one: the data that says both. Pure; it may
# change neither.
Merge = Callable[[Any, Any], Any]

Waiting = tuple[int, bytes]
"""A publication's offset and the inside of its object."""


def fold(waiting: Sequence[Waiting], merge: Merge) -> list[Waiting]:
    """Merge neighbours that carry data only; one with more (who published it) stays as it is."""
    folded: list[Waiting] = []
    run: list[tuple[int, _Parts]] = []
    for offset, body in waiting:
        parts = _parts_of(offset, body)
        if parts is None:
            folded += _merged(run, merge)
            folded.append((offset, body))
            run = []
        else:
            run.append((offset, parts))
    return folded + _merged(run, merge)


class _Parts(NamedTuple):
    """A body that carries data only, and from which offset on it carries it."""

    body: bytes
    data: bytes
    first: int


def _merged(run: Sequence[tuple[int, _Parts]], merge: Merge) -> list[Waiting]:
    if len(run) < 2:
        return [(offset, parts.body) for offset, parts in run]
    data = reduce(merge, (msgspec.json.decode(parts.data) for _, parts in run))
    MERGED.inc(len(run) - 1)
    tags = {"first": str(run[0][1].first)}
    return [(run[-1][0], publication_body(encode_json(data), tags=tags))]


def _parts_of(offset: int, body: bytes) -> _Parts | None:
    """Take a body apart that holds nothing but data, be it one that was merged before."""
    members = msgspec.json.decode(b"{%b}" % body, type=dict[str, msgspec.Raw])
    if set(members) == {"data"}:
        return _Parts(body, bytes(members["data"]), offset)
    if set(members) == {"data", "tags"}:
        tags = msgspec.json.decode(members["tags"], type=dict[str, str])
        if set(tags) == {"first"}:
            return _Parts(body, bytes(members["data"]), int(tags["first"]))
    return None
