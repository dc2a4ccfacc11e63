"""Makes of what a batch of facts says as few publications as say the same.

On a state channel the rows of a batch are one publication, and two publications that wait for a slow
reader are one (`merge_state`, by which `folding` does it). On other channels each stands for itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha1
from itertools import repeat
from typing import Any

from realtime.feeds import FEEDS
from realtime.publications import Data, Publication
from server.kernel.events import Fact

# 20 lines a batch: a person reads the live list at a glance; it is no ledger.
_LINES = 20
# Of a row: as a screen knows it.
_KEY, _VERSION = 0, 4


def publications_of(facts: Sequence[Fact], ids: Sequence[str] = ()) -> list[Publication]:
    """Turn a batch of facts into publications, joining what goes to one state channel.

    Rows keep their order, so the last row of a berth is its newest. The time at which the oldest
    reading of a joined publication was heard stays with it. With the facts' ids each publication
    has a key: the same for the same facts; but facts of a state channel that come in another batch
    are another publication.
    """
    joined: dict[str, Data] = {}
    sources: dict[str, list[str]] = {}
    streamed: list[Publication] = []
    for fact, fact_id in zip(facts, ids or repeat(""), strict=bool(ids)):
        feed = FEEDS.get(type(fact))
        for number, publication in enumerate(feed(fact) if feed else ()):
            held = joined.get(publication.channel)
            if not _is_state(publication.channel):
                key = f"{fact_id}.{number}" if fact_id else ""
                streamed.append(replace(publication, key=key))
                continue
            sources.setdefault(publication.channel, []).append(fact_id)
            if held is None:
                joined[publication.channel] = dict(publication.data)
            else:
                _join(held, publication.data)
    states = [
        Publication(channel, data, _key_of(sources[channel]) if ids else "")
        for channel, data in joined.items()
    ]
    return states + _glance(streamed)


def merge_state(held: Data, data: Data) -> Data:
    """Make of two publications of a state channel one that says both: of each row the newest.

    A row's key comes first and its version fifth; as for a screen that has both, the higher version
    wins. The time at which the older reading was heard stays.
    """
    merged = dict(held)
    for name, value in data.items():
        if isinstance(value, list):
            merged[name] = _newest([*held.get(name, []), *value])
        else:
            merged[name] = min(held.get(name, value), value) if name == "heard_ms" else value
    return merged


def _key_of(ids: Iterable[str]) -> str:
    return sha1(" ".join(ids).encode(), usedforsecurity=False).hexdigest()


def _glance(streamed: list[Publication]) -> list[Publication]:
    lines = [one for one in streamed if one.channel.startswith("live:")]
    dropped = {id(one) for one in lines[:-_LINES]}
    return [one for one in streamed if id(one) not in dropped]


def _is_state(channel: str) -> bool:
    return not channel.startswith(("#", "live:", "arrears:"))


def _join(held: Data, data: Data) -> None:
    for name, value in data.items():
        if isinstance(value, list):
            held[name] = [*held.get(name, []), *value]
        elif name == "heard_ms":
            held[name] = min(held[name], value)
        else:
            held[name] = value


def _newest(rows: list[Any]) -> list[Any]:
    newest: dict[Any, Any] = {}
    for row in rows:
        known = newest.get(row[_KEY])
        if known is None or row[_VERSION] > known[_VERSION]:
            newest[row[_KEY]] = row
    return list(newest.values())
