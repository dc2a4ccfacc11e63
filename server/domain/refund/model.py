"""退款 (refund): nouns and their moves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.payment import Method
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class RefundState(StrEnum):
    """Where a refund is in its life. Of an abnormal one a person has to find another way.

    The provider could not give it back, or has declined it time and again.
    """

    REQUESTED = "requested"
    APPROVED = "approved"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    ABNORMAL = "abnormal"
    CLOSED = "closed"


# A provider may say first that it works on it, then that it cannot, then (by hand there) that it did.
MOVES: dict[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset({RefundState.APPROVED, RefundState.CLOSED}),
    RefundState.APPROVED: frozenset(
        {
            RefundState.PROCESSING,
            RefundState.SUCCEEDED,
            RefundState.ABNORMAL,
            RefundState.CLOSED,
        }
    ),
    RefundState.PROCESSING: frozenset(
        {RefundState.SUCCEEDED, RefundState.ABNORMAL, RefundState.CLOSED}
    ),
    RefundState.ABNORMAL: frozenset(
        {RefundState.APPROVED, RefundState.SUCCEEDED, RefundState.CLOSED}
    ),
    RefundState.SUCCEEDED: frozenset(),
    RefundState.CLOSED: frozenset(),
}


class Target(StrEnum):
    """Where the money goes: where it came from, into the payer's wallet, or paid out by hand."""

    ORIGIN = "origin"
    WALLET = "wallet"
    HAND = "hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """So much of a payment to be given back; its id is the merchant's refund number.

    It is of what was paid for one stay, or of what found nothing to pay where `stay_id` is empty.
    What is given back `of_surplus` is forgiven to nobody. `commission` of it comes back from whoever
    collected it for another, `pursued_by`. The provider has declined it `declines` times in a row,
    last for `failure`.
    """

    id: str
    v: int = 0
    payment_id: str
    intent_id: str
    provider: Method
    target: Target
    payer_id: str
    organization_id: str
    stay_id: str
    of_surplus: bool = False
    pursued_by: str = ""
    commission: Fen = 0
    amount: Fen
    paid: Fen
    reason: str
    requested_by: str
    approved_by: str | None = None
    state: RefundState
    requested_at: datetime
    done_at: datetime | None = None
    ask_at: datetime | None = None
    asks: int = 0
    declines: int = 0
    failure: str = ""
    request_key: str

    def to(self, state: RefundState) -> Self:
        """Move on; refuses a move that there is not."""
        if state not in MOVES[self.state]:
            raise Refused("refund_state", "退款单状态不允许此操作", state=self.state.value)
        return replace(self, state=state)


REFUNDS = table(
    Refund,
    "refunds",
    unique("request_key", code="refund_requested", message="重复的退款请求"),
    index("ask_at", where={"ask_at": {"$type": "date"}}),
    index("organization_id", "-requested_at"),
    index("payment_id"),
    index("stay_id"),
    index("payer_id", "-requested_at"),
)
