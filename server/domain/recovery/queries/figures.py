"""The figures of the desk: what is owed by age and by state, and what came of debts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.domain.recovery.model import OPEN, DebtState, RecoveryCase, RecoveryState
from server.domain.recovery.queries.lists import SUMS, Pipeline, Totals, totals_of, within_scope
from server.kernel.money import Fen
from server.kernel.period import MILLISECOND, from_ms, to_ms
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Bucket:
    """Bills by the days since they became owed."""

    name: str
    from_days: int
    to_days: int | None
    count: int
    amount: Fen


@dataclass(frozen=True, slots=True)
class StateSum:
    """Cases of one state."""

    state: RecoveryState
    cases: int
    amount: Fen


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of the desk."""

    totals: Totals
    buckets: tuple[Bucket, ...]
    states: tuple[StateSum, ...]
    ended: Mapping[str, Fen]


AGES = ((0, 7), (8, 30), (31, 90), (91, 365), (366, None))
ENDED_WITHIN = timedelta(days=30)


async def arrears_summary(work: Work) -> Summary:
    """Sum up what is owed, by age and by state, and what came of debts in 30 days."""
    rows = work.table(RecoveryCase)
    mine = {"organization_id": work.actor.organization_id}
    cut = within_scope(work.actor.scope)
    bounds = [work.now - timedelta(days=first) + MILLISECOND for first, _ in reversed(AGES)]
    by_state = {"_id": "$state", "cases": {"$sum": 1}, "amount": {"$sum": "$amount"}}
    by_age = {"$bucket": {"groupBy": "$debts.owed_since", "boundaries": [from_ms(0), *bounds[:-1], work.now + timedelta(days=1)], "output": {"count": {"$sum": 1}, "amount": {"$sum": "$debts.open"}}}}  # fmt: skip
    [found] = await rows.aggregate(
        [
            {"$match": {**mine, "open": True}},
            *cut,
            {
                "$facet": {
                    "totals": [SUMS],
                    "states": [{"$group": by_state}],
                    "ages": [
                        {"$unwind": "$debts"},
                        {"$match": {"debts.state": DebtState.OPEN.value}},
                        by_age,
                    ],
                }
            },
        ]
    )
    states = {row["_id"]: row for row in found["states"]}
    return Summary(
        totals_of(found["totals"]),
        _buckets(found["ages"], [from_ms(0), *bounds[:-1]]),
        tuple(
            StateSum(
                one, *(int(states.get(one.value, {}).get(name, 0)) for name in ("cases", "amount"))
            )
            for one in OPEN
        ),
        await _ended(work, mine, cut),
    )


def _buckets(found: Sequence[Mapping[str, Any]], starts: Sequence[datetime]) -> tuple[Bucket, ...]:
    by_start = {to_ms(row["_id"]): row for row in found}
    ages = [by_start.get(to_ms(start), {}) for start in reversed(starts)]
    return tuple(
        Bucket(
            f"d{first}_{last}" if last is not None else f"d{first}",
            first,
            last,
            int(row.get("count", 0)),
            int(row.get("amount", 0)),
        )
        for (first, last), row in zip(AGES, ages, strict=True)
    )


async def _ended(work: Work, mine: Mapping[str, Any], cut: Pipeline) -> dict[str, Fen]:
    since = {"$gte": work.now - ENDED_WITHIN}
    found = await work.table(RecoveryCase).aggregate(
        [
            {"$match": {**mine, "debts.ended_at": since}},
            *cut,
            {"$unwind": "$debts"},
            {"$match": {"debts.ended_at": since}},
            {
                "$group": {
                    "_id": "$debts.state",
                    "paid": {"$sum": "$debts.paid"},
                    "waived": {"$sum": "$debts.waived"},
                }
            },
        ]
    )
    rows = {row["_id"]: row for row in found}
    waived, given_up = rows.get("waived", {}), rows.get("written_off", {})
    return {
        "paid": sum(int(row["paid"]) for row in rows.values()),
        "waived": int(waived.get("waived", 0)),
        "written_off": int(given_up.get("waived", 0)),
    }
