"""How money is shared out, and when a provider is asked again. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from server.domain.billing import Bill
from server.domain.ledger import AccountKind, Posting, account
from server.domain.payment.model import Applied, Intent, Purpose, Receipt, Share, TopUpOffer
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace

# A callback comes within a second or two. Where it does not, ask at once, then ever more rarely.
ASK_AFTER_S = (5, 30, 120, 600)


def later(now: datetime, asks: int) -> datetime:
    """Tell when to ask next, after so many times."""
    return now + timedelta(seconds=ASK_AFTER_S[min(asks, len(ASK_AFTER_S) - 1)])


def shares_of(bills: Sequence[Bill], amount: Fen | None) -> tuple[Share, ...]:
    """Share an amount over bills, the oldest first; none means all that is open."""
    ordered = sorted(bills, key=lambda bill: (bill.issued_at, bill.id))
    whole = sum(bill.owed for bill in ordered)
    left = whole if amount is None else amount
    if not 0 < left <= whole:
        raise Refused("amount_not_open", "支付金额与待付金额不符", open=whole)
    shares = []
    for bill in ordered:
        part = min(left, bill.owed)
        if part:
            shares.append(Share(bill.id, part))
        left -= part
    return tuple(shares)


def pursued_by(
    organization_id: str, shares: Sequence[Share], pursued: Mapping[str, int]
) -> tuple[Share, ...]:
    """Note who collects what is owed to others, and the commission on each bill."""
    return tuple(
        replace(one, pursued_by=organization_id, commission_bp=pursued[one.bill_id])
        if one.bill_id in pursued
        else one
        for one in shares
    )


def bonus_of(offers: Sequence[TopUpOffer], amount: Fen) -> Fen:
    """Tell the gift that comes with a top-up."""
    return max((offer.bonus for offer in offers if offer.amount <= amount), default=0)


def source_of(receipt: Receipt, intent: Intent) -> list[Posting]:
    """Debit where the money is now: with the provider, in the bag, or out of the wallet."""
    if receipt.shift_id:
        return [Posting(account(AccountKind.CASH, receipt.shift_id), receipt.amount)]
    if receipt.provider.value != "wallet":
        return [Posting(account(AccountKind.PROVIDER, receipt.provider.value), receipt.amount)]
    return [
        Posting(account(AccountKind.WALLET, intent.payer_id), receipt.amount - receipt.bonus),
        Posting(account(AccountKind.BONUS, intent.payer_id), receipt.bonus),
    ]


def destinations_of(intent: Intent, applied: Sequence[Applied], bonus: Fen) -> list[Posting]:
    """Credit whom it is owed to now: whoever it was collected for, the payer, or nobody yet."""
    if intent.purpose is Purpose.TOP_UP:
        return [
            Posting(account(AccountKind.WALLET, intent.payer_id), -intent.amount),
            Posting(account(AccountKind.BONUS, intent.payer_id), -bonus),
            Posting(account(AccountKind.PROMOTION, "top_up"), bonus),
        ]
    owed = [
        Posting(destination_of(part, intent.provider.value), part.commission - part.amount)
        for part in applied
    ]
    kept = [
        Posting(account(AccountKind.COLLECTED, part.pursued_by), -part.commission)
        for part in applied
        if part.commission
    ]
    return [*owed, *kept]


def destination_of(part: Applied, provider: str) -> str:
    """Name the account that a part of a payment is owed to."""
    if part.organization_id:
        return account(AccountKind.COLLECTED, part.organization_id)
    return account(AccountKind.UNAPPLIED, provider)
