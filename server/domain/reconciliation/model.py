"""对账 (reconciliation) · 对账差异 (discrepancy): nouns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.kernel.errors import Forbidden, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table


class DiscrepancyKind(StrEnum):
    """长款 `missing_here` · 短款 `missing_there` · 金额不符 · 状态不符 · 手续费不符 · 日切.

    What we have from the last minutes of a day, and its bill has not, may stand on the next one.
    """

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    STATUS = "status"
    FEE = "fee"
    DAY_CUT = "day_cut"


class DiscrepancyState(StrEnum):
    """Where a discrepancy is: open, mended by itself, or explained and agreed to."""

    OPEN = "open"
    REPAIRED = "repaired"
    EXPLAINED = "explained"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line of a provider's bill: a payment, or a refund where it has a number of one."""

    id: str
    v: int = 0
    provider: str
    day: str
    trade_no: str
    transaction_id: str
    refund_no: str = ""
    amount: Fen
    fee: Fen
    at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One difference of a day: what stands here and what there, and why.

    Of a fee that differs it is the fee that we expected, and the one that was taken.
    """

    id: str
    v: int = 0
    provider: str
    day: str
    kind: DiscrepancyKind
    number: str
    refund: bool
    here: Fen
    there: Fen
    state: DiscrepancyState = DiscrepancyState.OPEN
    cause: str = ""
    explained_by: str | None = None
    approved_by: str | None = None

    @property
    def adjustment(self) -> Fen:
        """Tell how much more the provider holds of ours than our books say; fees are booked as taken."""
        if self.kind is DiscrepancyKind.FEE:
            return 0
        more = self.there - self.here
        return -more if self.refund else more

    def explain(self, *, cause: str, by: str) -> Self:
        """Say why."""
        if self.state not in (DiscrepancyState.OPEN, DiscrepancyState.EXPLAINED):
            raise Refused("discrepancy_closed", "该差异已关闭", state=self.state.value)
        return replace(self, state=DiscrepancyState.EXPLAINED, cause=cause, explained_by=by)

    def approve(self, *, by: str) -> Self:
        """Agree to what another person has said; it is never opened again."""
        if self.state is not DiscrepancyState.EXPLAINED:
            raise Refused("discrepancy_not_explained", "请先说明差异原因", state=self.state.value)
        if self.explained_by == by:
            raise Forbidden("second_person_needed", "须由另一人复核", discrepancy_id=self.id)
        return replace(self, state=DiscrepancyState.CLOSED, approved_by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One provider's day, compared: its id is `<provider>:<day>`."""

    id: str
    v: int = 0
    provider: str
    day: str
    digest: str
    lines: int
    paid: Fen
    refunded: Fen
    fee: Fen
    open: int
    repaired: int
    compared_at: datetime


@dataclass(frozen=True, slots=True)
class BookFault:
    """Where the books contradict themselves, and how."""

    where: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksCheck:
    """The books checked against themselves, once a city day by itself; the id is the day, or longer.

    `faults` are the first of `found`.
    """

    id: str
    v: int = 0
    at: datetime
    found: int
    faults: tuple[BookFault, ...] = ()


LINES = table(
    BillLine,
    "provider_bill_lines",
    index("provider", "day"),
    index("trade_no"),
    index("refund_no", where={"refund_no": {"$gt": ""}}),
)
DISCREPANCIES = table(Discrepancy, "discrepancies", index("provider", "day"), index("state"))
CHECKS = table(BooksCheck, "books_checks", index("-at"))
RECONCILIATIONS = table(Reconciliation, "reconciliations", index("provider", "-day"))
