"""Lists and figures of arrears for screens: filtered, in scope, sorted, page by page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from server.domain.recovery.model import OPEN, STANDING, DebtState, RecoveryCase, RecoveryState
from server.domain.recovery.model.alerts import Alert, AlertState
from server.domain.recovery.model.reminders import Reminder, ReminderChannel, ReminderState
from server.domain.recovery.model.write_offs import WriteOff, WriteOffState
from server.domain.recovery.queries import pending_write_offs
from server.kernel.access import Scope
from server.kernel.codec import from_document
from server.kernel.errors import Invalid
from server.kernel.money import Fen
from server.kernel.period import from_ms, to_ms
from server.kernel.work import Work

N = TypeVar("N")
Pipeline = list[dict[str, Any]]


class Sort(StrEnum):
    """What is worst: much money, many bills, or a long time."""

    AMOUNT = "amount"
    COUNT = "count"
    OLDEST = "oldest"


# Field, and which way is worst first.
_FIELDS = {Sort.AMOUNT: ("amount", -1), Sort.COUNT: ("count", -1), Sort.OLDEST: ("oldest_at", 1)}


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all that a filter lets through."""

    cases: int = 0
    count: int = 0
    amount: Fen = 0
    frozen: Fen = 0


@dataclass(frozen=True, slots=True)
class CasesPage:
    """Cases, the worst first, with what waits for a second person, and the sums of all pages."""

    items: tuple[RecoveryCase, ...]
    write_offs: Mapping[str, WriteOff]
    cursor: str | None
    totals: Totals


@dataclass(frozen=True, slots=True)
class Page(Generic[N]):
    """Some rows, the newest first, and where the next page goes on, if there is one."""

    items: tuple[N, ...]
    cursor: str | None


async def arrears_in_scope(
    work: Work,
    *,
    state: RecoveryState | None = None,
    number: str | None = None,
    color: str | None = None,
    least: Fen = 0,
    sort: Sort = Sort.AMOUNT,
    cursor: str | None = None,
    limit: int = 50,
) -> CasesPage:
    """List cases of the actor's organization; where he sees some divisions, of their debts only."""
    match: dict[str, Any] = {"organization_id": work.actor.organization_id}
    match |= {"open": True} if state is None else {"open": state in OPEN, "state": state.value}
    if number:
        match["plate.number"] = {"$regex": re.escape(number.upper())}
    if color:
        match["plate.color"] = color
    field, way = _FIELDS[sort]
    page: Pipeline = [{"$match": _beyond(field, way, cursor)}] if cursor else []
    page += [{"$sort": {field: way, "_id": way}}, {"$limit": limit + 1}]
    [found] = await work.table(RecoveryCase).aggregate(
        [
            {"$match": match},
            *within_scope(work.actor.scope),
            *([{"$match": {"amount": {"$gte": least}}}] if least else []),
            {"$facet": {"items": page, "totals": [SUMS]}},
        ]
    )
    items = tuple(from_document(RecoveryCase, row) for row in found["items"])
    more, items = len(items) > limit, items[:limit]
    return CasesPage(
        items,
        await pending_write_offs(work, case_ids=[one.id for one in items]),
        _cursor(field, items[-1]) if more else None,
        totals_of(found["totals"]),
    )


SUMS = {
    "$group": {
        "_id": None,
        "cases": {"$sum": 1},
        "count": {"$sum": "$count"},
        "amount": {"$sum": "$amount"},
        "frozen": {"$sum": "$frozen"},
    }
}


def totals_of(found: Sequence[Mapping[str, Any]]) -> Totals:
    if not found:
        return Totals()
    [row] = found
    return Totals(*(int(row[name]) for name in ("cases", "count", "amount", "frozen")))


def within_scope(scope: Scope) -> Pipeline:
    """Cut cases down to the debts of the divisions in scope, and sum these."""
    if scope.everything:
        return []
    codes = sorted(scope.division_codes)
    return [
        {"$match": {"debts.division_code": {"$in": codes}}},
        {"$addFields": {"debts": _those({"$in": ["$$one.division_code", codes]})}},
        {
            "$addFields": {
                "amount": {"$sum": _open_of(DebtState.OPEN)},
                "frozen": {"$sum": _open_of(DebtState.FROZEN)},
                "count": {"$size": _those({"$eq": ["$$one.state", DebtState.OPEN.value]})},
                "oldest_at": {"$ifNull": [{"$min": _owed_since()}, "$oldest_at"]},
            }
        },
        {
            "$match": {
                "$or": [{"open": False}, {"debts.state": {"$in": [one.value for one in STANDING]}}]
            }
        },
    ]


def _those(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": "$debts", "as": "one", "cond": condition}}


def _open_of(state: DebtState) -> dict[str, Any]:
    those = _those({"$eq": ["$$one.state", state.value]})
    return {"$map": {"input": those, "as": "one", "in": "$$one.open"}}


def _owed_since() -> dict[str, Any]:
    those = _those({"$in": ["$$one.state", [one.value for one in STANDING]]})
    return {"$map": {"input": those, "as": "one", "in": "$$one.owed_since"}}


def _cursor(field: str, last: RecoveryCase) -> str:
    value = getattr(last, field)
    return f"{to_ms(value) if isinstance(value, datetime) else value}:{last.id}"


def _beyond(field: str, way: int, cursor: str) -> dict[str, Any]:
    """Match what comes after the last row of a page."""
    text, _, id = cursor.partition(":")
    if not id or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid("cursor_invalid", "翻页参数不正确", cursor=["翻页参数不正确"])
    value: Any = from_ms(int(text)) if field == "oldest_at" else int(text)
    after = "$lt" if way < 0 else "$gt"
    return {"$or": [{field: {after: value}}, {field: value, "_id": {after: id}}]}


async def write_offs_in_scope(
    work: Work, *, state: WriteOffState, cursor: str | None = None, limit: int = 50
) -> Page[WriteOff]:
    """List write-offs of a state, the newest first."""
    match = {"organization_id": work.actor.organization_id, "state": state.value}
    scope = work.actor.scope
    if not scope.everything:
        match["division_codes"] = {"$in": sorted(scope.division_codes)}  # type: ignore[assignment]
    return await _page(work, WriteOff, match, "_id", cursor, limit)


async def alerts_in_scope(
    work: Work,
    *,
    state: AlertState,
    escalated: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Alert]:
    """List alerts of a state, those of the newest cases first."""
    match: dict[str, Any] = {"state": state.value}
    match["berth.organization_id"] = work.actor.organization_id
    scope = work.actor.scope
    if not scope.everything:
        match["berth.division_code"] = {"$in": sorted(scope.division_codes)}
    if escalated is not None:
        match["escalated"] = escalated
    return await _page(work, Alert, match, "spotted_at", cursor, limit)


async def reminders_in_scope(
    work: Work,
    *,
    state: ReminderState | None = None,
    channel: ReminderChannel | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Reminder]:
    """List what was sent to debtors, the latest first; of a state or a channel if given."""
    match: dict[str, Any] = {"organization_id": work.actor.organization_id}
    scope = work.actor.scope
    if not scope.everything:
        match["division_codes"] = {"$in": sorted(scope.division_codes)}
    if state is not None:
        match["state"] = state.value
    if channel is not None:
        match["channels"] = channel.value
    return await _page(work, Reminder, match, "planned_at", cursor, limit)


async def _page(
    work: Work, noun: Any, match: Mapping[str, Any], field: str, cursor: str | None, limit: int
) -> Page[Any]:
    """Read one page, the greatest of a field first."""
    pipeline: Pipeline = [{"$match": dict(match)}]
    if cursor and field == "_id":
        pipeline.append({"$match": {"_id": {"$lt": cursor}}})
    elif cursor:
        pipeline.append({"$match": _later(field, cursor)})
    pipeline += [{"$sort": {field: -1, "_id": -1}}, {"$limit": limit + 1}]
    rows = await work.table(noun).aggregate(pipeline)
    found = tuple(from_document(noun, row) for row in rows)
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    mark = last.id if field == "_id" else f"{to_ms(getattr(last, field))}:{last.id}"
    return Page(found[:limit], mark)


def _later(field: str, cursor: str) -> dict[str, Any]:
    text, _, id = cursor.partition(":")
    if not id or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Invalid("cursor_invalid", "翻页参数不正确", cursor=["翻页参数不正确"])
    at = from_ms(int(text))
    return {"$or": [{field: {"$lt": at}}, {field: at, "_id": {"$lt": id}}]}
