"""核销 (write_off): a debt that is given up, by two people."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.vehicle import Plate
from server.kernel.errors import Forbidden, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class WriteOffState(StrEnum):
    """Where a wish to write off is in its life."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """Bills of a case that somebody wants to give up, and what was open on them then."""

    id: str
    v: int = 0
    case_id: str
    plate: Plate
    organization_id: str
    division_codes: tuple[str, ...]
    bill_ids: tuple[str, ...]
    amount: Fen
    reason: str
    state: WriteOffState = WriteOffState.REQUESTED
    requested_by: str
    requested_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    remark: str = ""

    def decide(self, state: WriteOffState, *, by: str, at: datetime, remark: str = "") -> Self:
        """Decide it once: another person agrees or does not, or its own takes it back."""
        if self.state is not WriteOffState.REQUESTED:
            raise Refused("write_off_decided", "该核销申请已处理", state=self.state.value)
        own = by == self.requested_by
        if state is WriteOffState.WITHDRAWN and not own:
            raise Forbidden("write_off_of_another", "只能撤回自己的申请", write_off_id=self.id)
        if state is not WriteOffState.WITHDRAWN and own:
            raise Forbidden("second_person_needed", "须由另一人复核", write_off_id=self.id)
        return replace(self, state=state, decided_by=by, decided_at=at, remark=remark)


WRITE_OFFS = table(
    WriteOff,
    "write_offs",
    unique(
        "case_id",
        code="write_off_pending",
        message="该追缴记录已有待审核的核销申请",
        where={"state": WriteOffState.REQUESTED.value},
    ),
    index("organization_id", "state"),
)
