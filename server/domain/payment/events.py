"""Facts about payments."""

from dataclasses import dataclass

from server.kernel.events import Fact, fact
from server.kernel.money import Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact(Fact):
    """What every fact about a payment has; `payer_id` is empty where nobody was logged in."""

    payment_id: str
    payer_id: str
    provider: str
    amount: Fen

    @property
    def key(self) -> str:
        """Keep the order of one payment's facts."""
        return f"payment:{self.payment_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSucceeded(PaymentFact):
    """Money has come in."""

    intent_id: str
    bill_ids: tuple[str, ...]
    organization_ids: tuple[str, ...]


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentUnapplied(PaymentFact):
    """Of a payment that much found nothing to pay, and is to be given back."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class IntentEnded(Fact):
    """An intent will not be paid any more, as far as anybody knows."""

    intent_id: str
    payer_id: str
    state: str

    @property
    def key(self) -> str:
        """Keep the order of one intent's facts."""
        return f"intent:{self.intent_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletChanged(Fact):
    """A motorist's wallet holds another sum; the bonus is kept apart."""

    account_id: str
    balance: Fen
    bonus: Fen

    @property
    def key(self) -> str:
        """Keep the order of one wallet's facts."""
        return f"wallet:{self.account_id}"
