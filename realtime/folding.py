"""Makes one publication of several that wait for the same reader, where a channel carries state.

A publication of a state channel replaces what earlier ones said of the same keys. So what waits can
be sent as one publication with the newest of each key, at the offset of the last: a reader that has
it stands where it would have stood with all of them, and recovers from there. Its tag `first` names
the first of them, so that a client which counts takes it for no gap.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

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
    run: list[Waiting] = []
    for one in waiting:
        if _data_of(one[1]) is None:
            folded += _merged(run, merge)
            folded.append(one)
            run = []
        else:
            run.append(one)
    return folded + _merged(run, merge)


def _merged(run: Sequence[Waiting], merge: Merge) -> list[Waiting]:
    if len(run) < 2:
        return list(run)
    data = reduce(merge, (msgspec.json.decode(_data_of(body) or b"") for _, body in run))
    MERGED.inc(len(run) - 1)
    body = publication_body(encode_json(data), tags={"first": str(run[0][0])})
    return [(run[-1][0], body)]


def _data_of(body: bytes) -> bytes | None:
    """Give the data of a body that holds nothing else."""
    members = msgspec.json.decode(b"{%b}" % body, type=dict[str, msgspec.Raw])
    return bytes(members["data"]) if set(members) == {"data"} else None
