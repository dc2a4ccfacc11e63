"""Use cases of an intent's life once it was begun, and of what providers were told and said."""

from collections.abc import Sequence

from server.domain.billing import Bill, latest_bill
from server.domain.payment.model import Intent, IntentState, ProviderExchange
from server.domain.payment.rules import later
from server.domain.payment.service import DEBIT, end, live_for, require_no_debit
from server.kernel.errors import NotFound
from server.kernel.nouns import replace
from server.kernel.work import Work


async def tell_client(work: Work, *, intent_id: str, client: dict[str, str]) -> Intent:
    """Note what the provider gave for the payer's phone; what ended meanwhile stays ended.

    Where less is owed by now than he would pay, it is ended here: nothing else looks at what was
    begun in the very moment in which the bill changed.
    """
    rows = work.table(Intent)
    intent = await rows.get(intent_id)
    if intent.state is not IntentState.CREATED:
        return intent
    if intent.scene != DEBIT and await _asks_too_much(work, intent):
        return end(work, intent, IntentState.CLOSED)
    return rows.save(replace(intent.to(IntentState.PENDING), client=client))


async def close_intent(work: Work, *, intent_id: str) -> Intent:
    """End an intent that the actor has no use for any more."""
    intent = await work.table(Intent).get(intent_id)
    if intent.payer_id != work.actor.id:
        raise NotFound("intent_not_found", "没有找到这条记录", id=intent_id)
    if not intent.live:
        return intent
    require_no_debit(intent)
    return end(work, intent, IntentState.CLOSED)


async def end_intent(work: Work, *, intent_id: str) -> Intent:
    """Note that the provider has closed it: nothing will be paid any more, so nobody asks."""
    rows = work.table(Intent)
    intent = await rows.get(intent_id)
    if intent.live:
        intent = end(work, intent, IntentState.EXPIRED)
    return rows.save(replace(intent, ask_at=None))


async def put_off(work: Work, *, intent_id: str) -> Intent:
    """Ask the provider again later, and less often each time."""
    rows = work.table(Intent)
    intent = await rows.get(intent_id)
    if intent.ask_at is None:
        return intent
    asked = replace(intent, asks=intent.asks + 1, ask_at=later(work.now, intent.asks + 1))
    return rows.save(asked)


async def end_overtaken(work: Work, *, stay_ids: Sequence[str]) -> None:
    """End who would pay more for these stays than is owed by now; he may begin anew.

    A debit goes on, as nobody can call it back; what it takes too much is given back.
    """
    for intent in await live_for(work, stay_ids):
        if intent.scene != DEBIT and await _asks_too_much(work, intent):
            end(work, intent, IntentState.CLOSED)


async def _asks_too_much(work: Work, intent: Intent) -> bool:
    meant = await work.table(Bill).load(share.bill_id for share in intent.shares)
    asked: dict[str, int] = {}
    owed: dict[str, int] = {}
    for share in intent.shares:
        bill = await latest_bill(work, meant[share.bill_id])
        asked[bill.id] = asked.get(bill.id, 0) + share.amount
        owed[bill.id] = bill.owed if bill.standing else 0
    return any(amount > owed[id] for id, amount in asked.items())


async def note_exchange(
    work: Work,
    *,
    provider: str,
    operation: str,
    incoming: bool,
    subject: str,
    verdict: str,
    status: int,
    said: str,
    answered: str,
) -> None:
    """Keep what was said to a provider, or by it; secrets are masked by whoever calls."""
    work.table(ProviderExchange).add(
        ProviderExchange(
            id=work.new_id(),
            at=work.now,
            provider=provider,
            operation=operation,
            incoming=incoming,
            subject=subject,
            verdict=verdict,
            status=status,
            said=said,
            answered=answered,
        )
    )
