"""追缴 (recovery_case) · 欠费 (arrears, its debts): nouns and their moves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.vehicle import Plate
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class RecoveryState(StrEnum):
    """Where what a plate owes stands: 宽限 已到期 已催缴 逾期 限制 冻结 · 已补缴 已减免 已核销 已撤销.

    Grace is a bill's before it is anybody's case.
    """

    GRACE = "grace"
    DUE = "due"
    REMINDED = "reminded"
    OVERDUE = "overdue"
    RESTRICTED = "restricted"
    DISPUTED = "disputed"
    PAID = "paid"
    WAIVED = "waived"
    WRITTEN_OFF = "written_off"
    RETRACTED = "retracted"


S = RecoveryState
PURSUED = (S.DUE, S.REMINDED, S.OVERDUE, S.RESTRICTED)
OPEN = (*PURSUED, S.DISPUTED)
ENDS = frozenset({S.PAID, S.WAIVED, S.WRITTEN_OFF, S.RETRACTED})
MOVES: dict[RecoveryState, frozenset[RecoveryState]] = {
    S.GRACE: frozenset({S.DUE, S.OVERDUE, S.RESTRICTED, S.DISPUTED}),
    S.DUE: ENDS | {S.REMINDED, S.OVERDUE, S.RESTRICTED, S.DISPUTED},
    S.REMINDED: ENDS | {S.OVERDUE, S.RESTRICTED, S.DISPUTED},
    # Where the oldest debts are paid, what is left is young again.
    S.OVERDUE: ENDS | {S.DUE, S.REMINDED, S.RESTRICTED, S.DISPUTED},
    S.RESTRICTED: ENDS | {S.DUE, S.REMINDED, S.OVERDUE, S.DISPUTED},
    S.DISPUTED: ENDS | {S.DUE, S.REMINDED, S.OVERDUE, S.RESTRICTED},
    **dict.fromkeys(ENDS, frozenset[RecoveryState]()),
}


class DebtState(StrEnum):
    """What became of one stay's part of a case."""

    OPEN = "open"
    FROZEN = "frozen"
    PAID = "paid"
    WAIVED = "waived"
    WRITTEN_OFF = "written_off"
    RETRACTED = "retracted"


STANDING = (DebtState.OPEN, DebtState.FROZEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """One stay's part of a case, as its bill said last. A frozen one's bill may be withdrawn.

    It is its owner's, who need not drive under the plate any more.
    """

    stay_id: str
    bill_id: str
    owner_id: str | None = None
    state: DebtState = DebtState.OPEN
    place_id: str
    place_name: str
    division_code: str
    berth_code: str
    arrived_at: datetime
    left_at: datetime | None
    owed_since: datetime
    past_due_at: datetime
    due: Fen
    paid: Fen
    waived: Fen
    open: Fen
    ended_at: datetime | None = None

    @property
    def standing(self) -> bool:
        """Say whether it is still owed, or may be once its dispute is decided."""
        return self.state in STANDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A time in which somebody wanted a case to be left alone."""

    reason: str
    by: str
    at: datetime
    until: datetime | None = None
    until_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a plate that owes was seen last."""

    at: datetime
    place_id: str
    place_name: str
    berth_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCase:
    """What a plate owes an organization beyond the grace: one open case at a time.

    `amount` is the sum of its open debts, `frozen` that of those in dispute. `reminders` were made,
    `steps` of them by the ladder. At `act_at` time alone moves it: a reminder, or another state.
    The owner is who is told of it, and of no more than his `own` debts.
    """

    id: str
    v: int = 0
    plate: Plate
    organization_id: str
    owner_id: str | None = None
    open: bool = True
    state: RecoveryState = RecoveryState.GRACE
    debts: tuple[Debt, ...] = ()
    amount: Fen = 0
    frozen: Fen = 0
    count: int = 0
    part_paid: bool = False
    oldest_at: datetime
    opened_at: datetime
    closed_at: datetime | None = None
    reminders: int = 0
    steps: int = 0
    last_reminded_at: datetime | None = None
    next_reminder_at: datetime | None = None
    act_at: datetime | None = None
    freezes: tuple[Freeze, ...] = ()
    last_seen: Seen | None = None

    @property
    def freeze(self) -> Freeze | None:
        """Give the freeze by hand that holds, if one does."""
        last = self.freezes[-1] if self.freezes else None
        return last if last and last.until is None else None

    @property
    def pursued(self) -> bool:
        """Say whether anybody is to be reminded or alerted for it now."""
        return self.open and self.amount > 0 and self.freeze is None

    @property
    def own(self) -> tuple[Debt, ...]:
        """Give the debts that have not ended and are the owner's."""
        return tuple(one for one in self.standing() if one.owner_id == self.owner_id)

    @property
    def own_amount(self) -> Fen:
        """Sum what the owner is reminded of."""
        return sum(one.open for one in self.own if one.state is DebtState.OPEN)

    @property
    def own_frozen(self) -> Fen:
        """Sum what of the owner's is in dispute."""
        return sum(one.open for one in self.own if one.state is DebtState.FROZEN)

    @property
    def own_count(self) -> int:
        """Count what the owner is reminded of."""
        return sum(one.state is DebtState.OPEN for one in self.own)

    def standing(self) -> tuple[Debt, ...]:
        """Give the debts that have not ended."""
        return tuple(one for one in self.debts if one.standing)

    def to(self, state: RecoveryState) -> Self:
        """Move to a state that the table allows."""
        assert state is self.state or state in MOVES[self.state], f"{self.state} to {state}"
        return replace(self, state=state, open=state not in ENDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Up to when an organization's bills were looked at for their grace; its id is that one's."""

    id: str
    v: int = 0
    upto: datetime


CASES = table(
    RecoveryCase,
    "recovery_cases",
    unique(
        "organization_id",
        "plate.number",
        "plate.color",
        code="case_open",
        message="该车牌已有追缴记录",
        where={"open": True},
    ),
    index("organization_id", "open", "-amount"),
    index("plate.number"),
    index("owner_id", where={"owner_id": {"$gt": ""}}),
    index("act_at", where={"open": True}),
)
WATERMARKS = table(Watermark, "recovery_watermarks")
