"""When a refund is asked about again, and what its ledger entry says. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.ledger import AccountKind, Posting, account
from server.domain.payment import Method, Payment
from server.domain.refund.model import Refund, RefundState, Target
from server.kernel.errors import Refused

# WeChat's advice: after a minute first, then 5, 10, 20 and each 30 minutes.
ASK_AFTER_MIN = (1, 5, 10, 20, 30)
# 6: for an hour our account there may just be empty; then somebody has to look.
DECLINES_MOST = 6


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What a provider says of a refund; the amount is checked where it names one."""

    refund_id: str
    state: RefundState
    amount: int | None = None
    intent_id: str | None = None


def later(now: datetime, asks: int) -> datetime:
    """Tell when to ask next, after so many times."""
    return now + timedelta(minutes=ASK_AFTER_MIN[min(asks, len(ASK_AFTER_MIN) - 1)])


def check_answer(refund: Refund, answer: RefundAnswer) -> None:
    """Refuse what is not about this refund."""
    if answer.amount not in (None, refund.amount):
        raise Refused("refund_amount_differs", "退款金额不符", expected=refund.amount)
    if answer.intent_id not in (None, refund.intent_id):
        raise Refused("refund_of_another", "退款单号不符", refund_id=refund.id)


def postings_of(refund: Refund, payment: Payment) -> list[Posting]:
    """Debit whom it was owed to, and credit where the money leaves."""
    amount = refund.amount
    owed = _owed(refund, payment)
    if refund.target is Target.HAND:
        return [*owed, Posting(account(AccountKind.CASH, "office"), -amount)]
    if payment.provider is Method.WALLET:
        money = max(0, min(amount, payment.amount - payment.bonus - payment.refunded))
        return [
            *owed,
            Posting(account(AccountKind.WALLET, refund.payer_id), -money),
            Posting(account(AccountKind.BONUS, refund.payer_id), money - amount),
        ]
    if refund.target is Target.WALLET:
        return [*owed, Posting(account(AccountKind.WALLET, refund.payer_id), -amount)]
    return [*owed, Posting(account(AccountKind.PROVIDER, payment.provider.value), -amount)]


def _owed(refund: Refund, payment: Payment) -> list[Posting]:
    """Take it from whom it was owed to, and the commission from whoever had that."""
    if not refund.stay_id:
        return [Posting(account(AccountKind.UNAPPLIED, payment.provider.value), refund.amount)]
    creditor = account(AccountKind.COLLECTED, refund.organization_id)
    if not refund.commission:
        return [Posting(creditor, refund.amount)]
    collector = account(AccountKind.COLLECTED, refund.pursued_by)
    return [
        Posting(creditor, refund.amount - refund.commission),
        Posting(collector, refund.commission),
    ]


def target_of(payment: Payment) -> Target:
    """Choose where money goes back to, if nobody says."""
    if payment.provider in (Method.WECHAT, Method.ALIPAY):
        return Target.ORIGIN
    if payment.provider is Method.WALLET:
        return Target.WALLET
    return Target.HAND
