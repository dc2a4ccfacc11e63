"""Reads of reconciliations for screens, and the comparison of a day."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from server.domain.payment import Payment
from server.domain.reconciliation.model import BillLine, Discrepancy, Reconciliation
from server.domain.reconciliation.rules import Difference, compare_payments, compare_refunds
from server.domain.refund import Refund, RefundState, Target
from server.kernel.period import day_start
from server.kernel.work import AtLeast, Work

# Both providers cut their days at Beijing's midnight, wherever the city is.
BEIJING = ZoneInfo("Asia/Shanghai")


async def differences_of(work: Work, *, provider: str, day: date) -> list[Difference]:
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
    of_day = [one for one in await payments.find(since) if one.paid_at < end]
    done = {"provider": provider, "state": RefundState.SUCCEEDED, "target": Target.ORIGIN}
    gone = [
        one
        for one in await refunds.find({**done, "done_at": AtLeast(start)})
        if one.done_at and one.done_at < end
    ]
    listed = await _listed(work, provider, [one.intent_id for one in of_day])
    listed_back = await _listed(work, provider, [one.intent_id for one in gone], back=True)
    return [
        *compare_payments(paid, ours, [one for one in of_day if one.intent_id not in listed]),
        *compare_refunds(back, given, [one for one in gone if one.id not in listed_back]),
    ]


async def reconciliations(work: Work, *, limit: int = 60) -> Sequence[Reconciliation]:
    """List the days that were compared, the latest first."""
    return await work.table(Reconciliation).find({}, sort="-day", limit=limit)


async def discrepancies(
    work: Work, *, state: str | None = None, limit: int = 200
) -> Sequence[Discrepancy]:
    """List discrepancies, the latest day first; of one state if given."""
    where = {"state": state} if state else {}
    return await work.table(Discrepancy).find(where, sort="-day", limit=limit)


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
