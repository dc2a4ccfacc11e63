"""支付 (intent, payment) · 钱包 (wallet) · 充值 (top_up) · 现金班次 (cash shift): nouns."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import expires, index, table, unique

# 180 days: a provider takes complaints about a payment for half a year.
EXCHANGES_KEPT_S = 180 * 86_400


class Method(StrEnum):
    """By whom, or out of what, is paid."""

    WECHAT = "wechat"
    ALIPAY = "alipay"
    WALLET = "wallet"
    CASH = "cash"


class Purpose(StrEnum):
    """What is paid for."""

    BILLS = "bills"
    TOP_UP = "top_up"


class IntentState(StrEnum):
    """Where an intent is in its life."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"
    EXPIRED = "expired"


# What was closed here may have been paid there a moment before: then it did succeed.
MOVES: dict[IntentState, frozenset[IntentState]] = {
    IntentState.CREATED: frozenset(
        {
            IntentState.PENDING,
            IntentState.SUCCEEDED,
            IntentState.CLOSED,
            IntentState.EXPIRED,
        }
    ),
    IntentState.PENDING: frozenset(
        {IntentState.SUCCEEDED, IntentState.CLOSED, IntentState.EXPIRED}
    ),
    IntentState.CLOSED: frozenset({IntentState.SUCCEEDED}),
    IntentState.EXPIRED: frozenset({IntentState.SUCCEEDED}),
    IntentState.SUCCEEDED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a payment is for which bill.

    Where another operator's officer collects it, who that is, and what part of it he keeps, in
    ten-thousandths.
    """

    bill_id: str
    amount: Fen
    pursued_by: str = ""
    commission_bp: int = 0

    def commission_of(self, amount: Fen) -> Fen:
        """Tell what whoever collects it keeps of an amount."""
        return amount * self.commission_bp // 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Somebody's wish to pay so much by one provider; its id is the merchant's trade number.

    While it is `live` it alone holds its bills. `ask_at` is when the provider is asked next what
    became of it, the `asks`th time. `client` is what the payer's phone needs to pay.
    """

    id: str
    v: int = 0
    purpose: Purpose
    payer_id: str
    provider: Method
    scene: str
    amount: Fen
    shares: tuple[Share, ...] = ()
    holding: tuple[str, ...] = ()
    live: bool = True
    state: IntentState = IntentState.CREATED
    description: str
    created_at: datetime
    expires_at: datetime
    ask_at: datetime | None = None
    asks: int = 0
    request_key: str | None = None
    client: dict[str, str] = field(default_factory=dict)

    def to(self, state: IntentState) -> Self:
        """Move on; refuses a move that there is not."""
        if state not in MOVES[self.state]:
            raise Refused("intent_state", "支付单状态不允许此操作", state=self.state.value)
        return replace(self, state=state, live=state in (IntentState.CREATED, IntentState.PENDING))

    def same_wish(self, other: "Intent") -> bool:
        """Say whether the other wants the very same."""
        mine = (self.payer_id, self.provider, self.scene, self.amount, self.shares)
        return mine == (other.payer_id, other.provider, other.scene, other.amount, other.shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What of a payment went to a stay's bill, or to nothing where the ids are empty.

    `refunding` is what of it was given back or is about to be. `pursued_by` is another operator whose
    officer collected it, `commission` what that one keeps of the amount, and `returning` what of
    the commission goes back with refunds.
    """

    bill_id: str = ""
    stay_id: str = ""
    organization_id: str = ""
    amount: Fen
    refunding: Fen = 0
    pursued_by: str = ""
    commission: Fen = 0
    returning: Fen = 0

    def commission_back(self, amount: Fen) -> Fen:
        """Tell what of the commission goes back with so much; with the last fen goes what is left."""
        return (self.commission - self.returning) * amount // (self.amount - self.refunding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came in; the parts of `applied` sum to the amount. `bonus` of it was a gift."""

    id: str
    v: int = 0
    provider: Method
    transaction_id: str
    intent_id: str
    purpose: Purpose
    payer_id: str
    organization_ids: tuple[str, ...]
    pursued_by: str = ""
    amount: Fen
    bonus: Fen = 0
    applied: tuple[Applied, ...]
    refunded: Fen = 0
    shift_id: str | None = None
    paid_at: datetime
    received_at: datetime

    @property
    def refundable(self) -> Fen:
        """Tell how much may still be given back."""
        return sum(part.amount - part.refunding for part in self.applied)

    @property
    def for_others(self) -> Fen:
        """Tell how much of it was collected for other operators than the officer's own."""
        return sum(part.amount for part in self.applied if part.pursued_by)

    def seen_by(self, organization_id: str) -> Self:
        """Leave out what was paid to others, unless this one collected it for them."""
        others = (part for part in self.applied if part.organization_id)
        hidden = {
            part.stay_id
            for part in others
            if organization_id not in (part.organization_id, part.pursued_by)
        }
        kept = tuple(part for part in self.applied if part.stay_id not in hidden)
        return replace(self, applied=kept)

    def reserve(self, amount: Fen, *, stay_id: str) -> Self:
        """Set something aside to be given back; never more than came in for that stay."""
        part = self.part(stay_id)
        if not 0 < amount <= part.amount - part.refunding:
            left = part.amount - part.refunding
            raise Refused("refund_exceeds_payment", "退款金额超过可退金额", refundable=left)
        returning = part.returning + part.commission_back(amount)
        return self._with(replace(part, refunding=part.refunding + amount, returning=returning))

    def release(self, amount: Fen, *, stay_id: str, commission: Fen = 0) -> Self:
        """Take back what was set aside: it was not given back after all."""
        part = self.part(stay_id)
        assert amount <= part.refunding
        left = replace(part, refunding=part.refunding - amount)
        return self._with(replace(left, returning=part.returning - commission))

    def part(self, stay_id: str) -> Applied:
        """Give what was paid for a stay, or what found nothing to pay."""
        return next((part for part in self.applied if part.stay_id == stay_id), Applied(amount=0))

    def _with(self, changed: Applied) -> Self:
        parts = (changed if one.stay_id == changed.stay_id else one for one in self.applied)
        return replace(self, applied=tuple(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What somebody trustworthy says was paid for an intent."""

    provider: Method
    intent_id: str
    transaction_id: str
    amount: Fen
    paid_at: datetime
    bonus: Fen = 0
    shift_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CashShift:
    """A patroller's time with a bag of cash: what must be in it, and what was counted.

    `for_others` of what must be in it was collected for other operators.
    """

    id: str
    v: int = 0
    patroller_id: str
    organization_id: str
    opened_at: datetime
    expected: Fen = 0
    for_others: Fen = 0
    closed_at: datetime | None = None
    open: bool = True
    counted: Fen | None = None
    reason: str = ""

    def take(self, amount: Fen, *, for_others: Fen = 0) -> Self:
        """Put cash into the bag."""
        assert self.open
        whole, theirs = self.expected + amount, self.for_others + for_others
        return replace(self, expected=whole, for_others=theirs)

    def close(self, *, at: datetime, counted: Fen, reason: str) -> Self:
        """Count the bag; a difference needs a reason."""
        if counted != self.expected and not reason:
            raise Refused("difference_needs_reason", "金额不符，请填写原因", expected=self.expected)
        return replace(self, open=False, closed_at=at, counted=counted, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpOffer:
    """Who tops up by at least so much gets a bonus."""

    id: str
    v: int = 0
    amount: Fen
    bonus: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderExchange:
    """What was said to a provider or by it, masked; `verdict` is what we made of it."""

    id: str
    v: int = 0
    at: datetime
    provider: str
    operation: str
    incoming: bool
    subject: str
    verdict: str
    status: int
    said: str
    answered: str


INTENTS = table(
    Intent,
    "payment_intents",
    unique(
        "holding",
        code="bill_has_live_intent",
        message="账单正在支付中，请稍后再试",
        where={"live": True, "purpose": "bills"},
    ),
    unique(
        "request_key",
        code="intent_requested",
        message="重复的支付请求",
        where={"request_key": {"$type": "string"}},
    ),
    index("ask_at", where={"ask_at": {"$type": "date"}}),
    index("payer_id", "-created_at"),
)
PAYMENTS = table(
    Payment,
    "payments",
    unique("provider", "transaction_id", code="payment_taken", message="该笔支付已入账"),
    unique("intent_id", code="intent_paid", message="该支付单已支付"),
    index("organization_ids", "-paid_at"),
    index("pursued_by", "-paid_at", where={"pursued_by": {"$gt": ""}}),
    index("payer_id", "-paid_at"),
    index("provider", "paid_at"),
    index("applied.stay_id"),
    index("shift_id", where={"shift_id": {"$type": "string"}}),
)
SHIFTS = table(
    CashShift,
    "cash_shifts",
    unique("patroller_id", code="shift_open", message="已有未结班次", where={"open": True}),
    index("organization_id", "-opened_at"),
)
OFFERS = table(TopUpOffer, "top_up_offers", unique("amount", code="offer_exists"))
EXCHANGES = table(
    ProviderExchange,
    "provider_exchanges",
    index("subject", "-at"),
    index("provider", "-at"),
    expires("at", ttl_s=EXCHANGES_KEPT_S),
)
