"""Reads of refunds for screens, and of those that a provider is to be told or asked about."""

from collections.abc import Sequence

from server.domain.refund.model import Refund, Target
from server.kernel.work import AtMost, Work


async def refunds_in_sight(
    work: Work, *, state: str | None = None, limit: int = 50
) -> Sequence[Refund]:
    """List the refunds of the actor's organization and of money for nobody, the latest first."""
    where = {"organization_id": ["", work.actor.organization_id]}
    named = {"state": state} if state else {}
    return await work.table(Refund).find({**where, **named}, sort="-requested_at", limit=limit)


async def refunds_of(work: Work, *, limit: int = 50) -> Sequence[Refund]:
    """List what the actor is given back, the latest first."""
    where = {"payer_id": work.actor.id}
    return await work.table(Refund).find(where, sort="-requested_at", limit=limit)


async def refunds_to_ask(work: Work, *, limit: int = 100) -> Sequence[Refund]:
    """List the refunds that a provider is to be told of, or asked about, now."""
    due = {"ask_at": AtMost(work.now), "target": Target.ORIGIN}
    return await work.table(Refund).find(due, sort="ask_at", limit=limit)
