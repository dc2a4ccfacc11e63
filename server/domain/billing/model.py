"""账单 (bill): nouns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.tariff import Line
from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class BillState(StrEnum):
    """Where a bill is in its life."""

    DUE = "due"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is owed for one price of one stay; the lines sum to `due`."""

    id: str
    v: int = 0
    stay_id: str
    revision: int
    state: BillState = BillState.DUE
    plate: Plate
    owner_id: str | None
    organization_id: str
    place_id: str
    due: Fen
    paid: Fen = 0
    lines: tuple[Line, ...]
    issued_at: datetime

    def withdraw(self) -> Self:
        """Take it back because the stay was priced anew; what is paid is never taken back so."""
        if self.state is not BillState.DUE:
            raise Refused("bill_not_due", "账单状态不允许撤回", bill_id=self.id)
        return replace(self, state=BillState.WITHDRAWN)


BILLS = table(
    Bill,
    "bills",
    unique("stay_id", "revision", code="stay_billed", message="该停车记录已出账"),
    index("owner_id", "-issued_at"),
    index("plate.number", "state"),
    index("organization_id", "-issued_at"),
)
