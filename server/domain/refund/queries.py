"""Reads of refunds for screens, and of those that a provider is to be told or asked about."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.domain.billing import Bill
from server.domain.payment import Payment
from server.domain.refund.model import Refund, Target
from server.kernel.pages import Page, after, given, page_of
from server.kernel.work import AtMost, Work


async def refunds_in_sight(
    work: Work,
    *,
    state: str | None = None,
    payment_id: str | None = None,
    stay_id: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Refund]:
    """List the refunds of the actor's organization and of money for nobody, the latest first."""
    wanted = {
        "organization_id": {"$in": ["", work.actor.organization_id]},
        "state": state,
        "payment_id": payment_id,
        "stay_id": stay_id,
    }
    return await page_of(work, Refund, after(given(wanted), cursor), limit)


@dataclass(frozen=True, slots=True)
class StayMoney:
    """What was owed and paid for a stay, and what went back."""

    bills: tuple[Bill, ...]
    payments: tuple[Payment, ...]
    refunds: tuple[Refund, ...]


async def money_of_stay(work: Work, *, stay_id: str) -> StayMoney:
    """Gather the money of a stay that the actor may see, the first first."""
    bills = await work.table(Bill).find({"stay_id": stay_id}, sort="revision")
    payments = await work.table(Payment).find({"applied.stay_id": [stay_id]}, sort="paid_at")
    refunds = await work.table(Refund).find({"stay_id": stay_id}, sort="requested_at")
    if mine := work.actor.organization_id:
        payments = [one.seen_by(mine) for one in payments]
    return StayMoney(tuple(bills), tuple(payments), tuple(refunds))


async def refunds_of(work: Work, *, limit: int = 50) -> Sequence[Refund]:
    """List what the actor is given back, the latest first."""
    where = {"payer_id": work.actor.id}
    return await work.table(Refund).find(where, sort="-requested_at", limit=limit)


async def refunds_to_ask(work: Work, *, limit: int = 100) -> Sequence[Refund]:
    """List the refunds that a provider is to be told of, or asked about, now."""
    due = {"ask_at": AtMost(work.now), "target": Target.ORIGIN}
    return await work.table(Refund).find(due, sort="ask_at", limit=limit)
