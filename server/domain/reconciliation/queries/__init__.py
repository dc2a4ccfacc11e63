"""Reads of reconciliations for screens, and the comparison of a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from server.domain.payment import Payment
from server.domain.reconciliation.model import (
    BillLine,
    BooksCheck,
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyState,
    Reconciliation,
)
from server.domain.reconciliation.rules import Difference, Terms, compare_payments, compare_refunds
from server.domain.refund import Refund, RefundState, Target
from server.kernel.money import Fen
from server.kernel.pages import given
from server.kernel.period import day_start
from server.kernel.work import AtLeast, Work

# Both providers cut their days at Beijing's midnight, wherever the city is.
BEIJING = ZoneInfo("Asia/Shanghai")
REPAIRED = DiscrepancyState.REPAIRED


# Half an hour: a provider's clock and ours are seconds apart, but a refund is accepted and heard of later.
CUT = timedelta(minutes=30)


async def differences_of(
    work: Work, *, provider: str, day: date, fee_bp: int | None = None
) -> list[Difference]:
    """Compare a day whose lines are kept; what stands on a neighbour's bill is no difference."""
    lines = await work.table(BillLine).find({"provider": provider, "day": day.isoformat()})
    paid = [line for line in lines if not line.refund_no]
    back = [line for line in lines if line.refund_no]
    payments, refunds = work.table(Payment), work.table(Refund)
    trades = [line.trade_no for line in paid]
    found = await payments.find({"provider": provider, "intent_id": trades}) if trades else []
    ours = {payment.intent_id: payment for payment in found}
    given = await refunds.load(line.refund_no for line in back)
    start = day_start(day, BEIJING)
    end = day_start(day + timedelta(days=1), BEIJING)
    since = {"provider": provider, "paid_at": AtLeast(start)}
    ours_of_day = [one for one in await payments.find(since) if one.paid_at < end]
    done = {"provider": provider, "state": RefundState.SUCCEEDED, "target": Target.ORIGIN}
    gone = [
        one
        for one in await refunds.find({**done, "done_at": AtLeast(start)})
        if one.done_at and one.done_at < end
    ]
    listed = await _listed(work, provider, [one.intent_id for one in ours_of_day])
    listed_back = await _listed(work, provider, [one.intent_id for one in gone], back=True)
    # Once the next day is compared too, nothing is to be waited for.
    next_day = await work.table(Reconciliation).maybe(f"{provider}:{day + timedelta(days=1)}")
    terms = Terms(fee_bp=fee_bp, cut_from=None if next_day else end - CUT)
    missing = [one for one in ours_of_day if one.intent_id not in listed]
    missing_back = [one for one in gone if one.id not in listed_back]
    return [
        *compare_payments(paid, ours, missing, terms),
        *compare_refunds(back, given, missing_back, terms),
    ]


@dataclass(frozen=True, slots=True)
class DayCompared:
    """A day that was compared, with what our books say of it: theirs, and what still differs."""

    day: Reconciliation
    paid_here: Fen
    refunded_here: Fen


async def reconciliations(work: Work, *, limit: int = 124) -> list[DayCompared]:
    """List the days that were compared, the latest first: two months of two providers."""
    days = await work.table(Reconciliation).find({}, sort="-day", limit=limit)
    return await _with_ours(work, days)


async def of_day(work: Work, *, id: str) -> Reconciliation | None:
    """Read a day as it was last compared, if it was."""
    return await work.table(Reconciliation).maybe(id)


async def reconciliation_of(work: Work, *, id: str) -> DayCompared:
    """Read one day that was compared."""
    [found] = await _with_ours(work, [await work.table(Reconciliation).get(id)])
    return found


async def books_checks(work: Work, *, limit: int = 31) -> Sequence[BooksCheck]:
    """List when the books were checked, and what was found, the latest first."""
    return await work.table(BooksCheck).find({}, sort="-at", limit=limit)


async def _with_ours(work: Work, days: Sequence[Reconciliation]) -> list[DayCompared]:
    """Add up what differs a day: what was mended stands here by now as it stands there."""
    differing = {"$in": [one.value for one in DiscrepancyState if one is not REPAIRED]}
    named = {"$in": sorted({day.day for day in days})}
    amount = {"$sum": {"$subtract": ["$here", "$there"]}}
    found = await work.table(Discrepancy).aggregate(
        [
            {"$match": {"day": named, "state": differing, "kind": {"$ne": DiscrepancyKind.FEE}}},
            {
                "$group": {
                    "_id": {"provider": "$provider", "day": "$day", "refund": "$refund"},
                    "amount": amount,
                }
            },
        ]
    )
    more = {
        (row["_id"]["provider"], row["_id"]["day"], row["_id"]["refund"]): row["amount"]
        for row in found
    }
    return [
        DayCompared(
            day,
            paid_here=day.paid + more.get((day.provider, day.day, False), 0),
            refunded_here=day.refunded + more.get((day.provider, day.day, True), 0),
        )
        for day in days
    ]


async def discrepancies(
    work: Work,
    *,
    state: str | None = None,
    provider: str | None = None,
    day: date | None = None,
    limit: int = 200,
) -> Sequence[Discrepancy]:
    """List discrepancies, the latest day first; of one state, provider or day if given."""
    named = {"state": state, "provider": provider, "day": day.isoformat() if day else None}
    return await work.table(Discrepancy).find(given(named), sort="-day", limit=limit)


async def _listed(
    work: Work, provider: str, trades: Sequence[str], *, back: bool = False
) -> set[str]:
    if not trades:
        return set()
    where = {"provider": provider, "trade_no": list(trades)}
    lines = await work.table(BillLine).find(where)
    if back:
        return {line.refund_no for line in lines if line.refund_no}
    return {line.trade_no for line in lines if not line.refund_no}


async def days_to_compare(work: Work, *, provider: str, until: date, back: int) -> list[date]:
    """List the last days up to one that were never compared, since somebody first paid there."""
    [*first] = await work.table(Payment).find({"provider": provider}, sort="paid_at", limit=1)
    if not first:
        return []
    began = first[0].paid_at.astimezone(BEIJING).date()
    days = [until - timedelta(days=number) for number in range(back)]
    known = await work.table(Reconciliation).load(f"{provider}:{day}" for day in days)
    return [day for day in sorted(days) if day >= began and f"{provider}:{day}" not in known]
