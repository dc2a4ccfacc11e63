"""Facts about refunds."""

from dataclasses import dataclass

from server.kernel.events import Fact, fact
from server.kernel.money import Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact(Fact):
    """What every fact about a refund has."""

    refund_id: str
    payment_id: str
    payer_id: str
    amount: Fen

    @property
    def key(self) -> str:
        """Keep the order of one payment's refunds."""
        return f"payment:{self.payment_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOpened(RefundFact):
    """Something is to be given back."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSucceeded(RefundFact):
    """It has been given back."""

    target: str


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed(RefundFact):
    """It could not be given back where it came from; somebody has to decide."""

    state: str
