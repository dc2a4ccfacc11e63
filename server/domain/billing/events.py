"""Facts about bills."""

from dataclasses import dataclass

from server.domain.billing.model import Bill
from server.domain.vehicle import Plate
from server.kernel.events import Fact, fact
from server.kernel.money import Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFact(Fact):
    """What every fact about a bill has; `bill` is all that it says now."""

    bill_id: str
    stay_id: str
    plate: Plate
    owner_id: str | None
    organization_id: str
    place_id: str
    due: Fen
    bill: Bill

    @property
    def key(self) -> str:
        """Keep the order of one stay's bills."""
        return f"stay:{self.stay_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillIssued(BillFact):
    """Something is owed."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillWithdrawn(BillFact):
    """It is not owed after all, or another amount is."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillDiscounted(BillFact):
    """Less is owed, by a waiver or a coupon; `open` is what is left to pay."""

    amount: Fen
    open: Fen


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillPaid(BillFact):
    """Something was paid; where `open` is zero, the bill is settled."""

    amount: Fen
    open: Fen


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillOverpaid(BillFact):
    """More was paid than is owed now; `surplus` is all that is to be given back."""

    surplus: Fen


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillRefunded(BillFact):
    """Something that was paid was given back; `open` is what is left to pay then."""

    amount: Fen
    open: Fen


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillClaimed(BillFact):
    """Whoever has bound a plate sees what it owes from before, as far as nobody had it bound then."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class BillUnclaimed(BillFact):
    """Whoever does not drive under a plate any more sees such a bill no longer; it was that owner's."""
