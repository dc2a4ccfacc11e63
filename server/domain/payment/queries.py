"""Reads of payments for screens, and of what is due to be asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.ledger import AccountKind, EntryKind, account, balance_of, entries_of
from server.domain.payment.model import CashShift, Intent, Payment, ProviderExchange, TopUpOffer
from server.kernel.errors import NotFound
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.pages import Page, after, given, page_of, within
from server.kernel.work import AtMost, Work


async def intent_of(work: Work, *, intent_id: str) -> Intent:
    """Read one of the actor's own intents."""
    intent = await work.table(Intent).get(intent_id)
    if intent.payer_id != work.actor.id:
        raise NotFound("intent_not_found", "没有找到这条记录", id=intent_id)
    return intent


async def payments_of(work: Work, *, limit: int = 50) -> Sequence[Payment]:
    """List what the actor has paid, the latest first."""
    return await work.table(Payment).find({"payer_id": work.actor.id}, sort="-paid_at", limit=limit)


async def payments_in_sight(
    work: Work,
    *,
    provider: str | None = None,
    purpose: str | None = None,
    number: str | None = None,
    stay_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Payment]:
    """List what was paid to the actor's organization or collected by it, the latest first.

    Of a payment that is for several operators each sees its part.
    `number` is the provider's transaction, our trade number or the payment's own.
    """
    mine = work.actor.organization_id
    wanted = {
        "$and": [{"$or": [{"organization_ids": mine}, {"pursued_by": mine}]}],
        "provider": provider,
        "purpose": purpose,
        "applied.stay_id": stay_id,
        "paid_at": within(since, until),
        "$or": [{name: number} for name in ("transaction_id", "intent_id", "_id")]
        if number
        else None,
    }
    page = await page_of(work, Payment, after(given(wanted), cursor), limit)
    return replace(page, items=tuple(one.seen_by(mine) for one in page.items))


async def wallet_of(work: Work) -> tuple[Fen, Fen]:
    """Tell what the actor's wallet holds: money and bonus."""
    return await wallet_of_account(work, account_id=work.actor.id)


async def wallet_of_account(work: Work, *, account_id: str) -> tuple[Fen, Fen]:
    """Tell what a motorist's wallet holds: money and bonus."""
    money = await balance_of(work, account=account(AccountKind.WALLET, account_id))
    return money, await balance_of(work, account=account(AccountKind.BONUS, account_id))


@dataclass(frozen=True, slots=True)
class WalletEntry:
    """One change of a wallet: what came into it is above zero; the bonus is kept apart."""

    id: str
    at: datetime
    kind: EntryKind
    amount: Fen
    bonus: Fen


async def wallet_entries(work: Work, *, limit: int = 50) -> Sequence[WalletEntry]:
    """List what changed the actor's wallet, the latest first."""
    money = account(AccountKind.WALLET, work.actor.id)
    bonus = account(AccountKind.BONUS, work.actor.id)
    found = await entries_of(work, accounts=[money, bonus], limit=limit)
    return [
        WalletEntry(
            entry.id,
            entry.at,
            entry.kind,
            amount=-sum(one.amount for one in entry.postings if one.account == money),
            bonus=-sum(one.amount for one in entry.postings if one.account == bonus),
        )
        for entry in found
    ]


async def own_shift(work: Work) -> tuple[CashShift, Sequence[Payment]] | None:
    """Read the actor's open shift and what was taken in it, the latest first."""
    shift = await work.table(CashShift).one({"patroller_id": work.actor.id, "open": True})
    if shift is None:
        return None
    return shift, await work.table(Payment).find({"shift_id": shift.id}, sort="-paid_at")


async def top_up_offers(work: Work) -> Sequence[TopUpOffer]:
    """List the bonuses that are offered, the smallest first."""
    return await work.table(TopUpOffer).find({}, sort="amount")


async def exchanges(
    work: Work,
    *,
    subject: str | None = None,
    provider: str | None = None,
    incoming: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[ProviderExchange]:
    """List what was said to providers and by them, the latest first; of one number if given."""
    wanted = {"subject": subject, "provider": provider, "incoming": incoming}
    return await page_of(work, ProviderExchange, after(given(wanted), cursor), limit)


async def shifts_in_sight(
    work: Work, *, open: bool | None = None, cursor: str | None = None, limit: int = 50
) -> Page[CashShift]:
    """List the cash shifts of the actor's organization, the latest first."""
    wanted = {"organization_id": work.actor.organization_id, "open": open}
    return await page_of(work, CashShift, after(given(wanted), cursor), limit)


async def intents_to_ask(work: Work, *, limit: int = 100) -> Sequence[Intent]:
    """List the intents whose provider is to be asked now, the longest overdue first."""
    due = {"ask_at": AtMost(work.now), "provider": ["wechat", "alipay"]}
    return await work.table(Intent).find(due, sort="ask_at", limit=limit)


async def intent_of_trade(work: Work, *, trade_no: str) -> Intent | None:
    """Read the intent of a trade, if the trade is ours."""
    return await work.table(Intent).maybe(trade_no)
