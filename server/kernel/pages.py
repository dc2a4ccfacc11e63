"""Lists for screens: page by page, the newest first, found by ids that begin with when a row was made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from server.kernel.codec import from_document
from server.kernel.table import Noun
from server.kernel.work import Work

N = TypeVar("N", bound=Noun)


@dataclass(frozen=True, slots=True)
class Page(Generic[N]):
    """Some rows, the newest first, and where the next page goes on, if there is one."""

    items: tuple[N, ...]
    cursor: str | None


async def page_of(work: Work, noun: type[N], match: Mapping[str, Any], limit: int) -> Page[N]:
    """Read the newest rows that match."""
    rows = await work.table(noun).aggregate(
        [{"$match": match}, {"$sort": {"_id": -1}}, {"$limit": limit + 1}]
    )
    found = tuple(from_document(noun, row) for row in rows)
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].id if more else None)


def after(match: Mapping[str, Any], cursor: str | None) -> dict[str, Any]:
    """Go on behind the last row that was shown."""
    return {**match, "_id": {"$lt": cursor}} if cursor else dict(match)


def given(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not asked for."""
    return {name: value for name, value in wanted.items() if value is not None}


def containing(text: str | None) -> dict[str, str] | None:
    """Match whatever has the text in it, if there is one."""
    return {"$regex": re.escape(text)} if text else None


def within(since: datetime | None, until: datetime | None) -> dict[str, datetime] | None:
    """Match what lies in `[since, until)`, either end open."""
    return given({"$gte": since, "$lt": until}) or None
