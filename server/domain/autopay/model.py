"""停车入场 (parking entry): a car that a provider was told of, so that it may be debited; its moves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class EntryState(StrEnum):
    """待确认 可扣费 不可扣费 被拒 已扣费 已关闭: where an entry is in its life."""

    ASKED = "asked"
    NORMAL = "normal"
    BLOCKED = "blocked"
    DECLINED = "declined"
    USED = "used"
    CLOSED = "closed"


# A debit that was under way when its entry was closed may be paid all the same.
MOVES: dict[EntryState, frozenset[EntryState]] = {
    EntryState.ASKED: frozenset(
        {EntryState.NORMAL, EntryState.BLOCKED, EntryState.DECLINED, EntryState.CLOSED}
    ),
    EntryState.NORMAL: frozenset({EntryState.BLOCKED, EntryState.USED, EntryState.CLOSED}),
    EntryState.BLOCKED: frozenset({EntryState.NORMAL, EntryState.USED, EntryState.CLOSED}),
    EntryState.CLOSED: frozenset({EntryState.USED}),
    EntryState.DECLINED: frozenset(),
    EntryState.USED: frozenset(),
}
LIVE = frozenset({EntryState.ASKED, EntryState.NORMAL, EntryState.BLOCKED})


class Block(StrEnum):
    """已暂停 欠费 已移除 未开通 未通过评估: why a car may not be debited."""

    PAUSED = "paused"
    OVERDUE = "overdue"
    REMOVED = "removed"
    OUT_OF_SERVICE = "out_of_service"
    NOT_ELIGIBLE = "not_eligible"
    OTHER = "other"


class Closing(StrEnum):
    """Why an entry is of no use any more."""

    CORRECTED = "corrected"
    """The stay has another plate, beginning or place: what an entry says is never changed."""
    VOIDED = "voided"
    SUPERSEDED = "superseded"
    """The car stands elsewhere: a plate has one entry that is good."""
    SETTLED = "settled"
    NOTHING_DUE = "nothing_due"
    BLOCKED = "blocked"
    OVER_LIMIT = "over_limit"
    TOO_SHORT = "too_short"
    SWITCHED_OFF = "switched_off"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingEntry:
    """A car that stands where autopay is on; its id is the merchant's number of it.

    A debit must say what the entry says, so none of that ever changes, and an entry is debited once:
    the next attempt is an entry of its own. While it is `live` it alone holds its plate. `told_at`
    is of when the provider's last word about it is. `ask_at` is when the provider is told of it, or
    of its debit, next.
    """

    id: str
    v: int = 0
    stay_id: str
    organization_id: str
    place_id: str
    place_name: str
    plate: Plate
    arrived_at: datetime
    free_time_s: int
    attempt: int = 1
    state: EntryState = EntryState.ASKED
    live: bool = True
    block: Block | None = None
    closing: Closing | None = None
    parking_id: str = ""
    intent_id: str = ""
    told_at: datetime | None = None
    created_at: datetime
    ask_at: datetime | None
    asks: int = 0

    def to(self, state: EntryState) -> Self:
        """Move on; refuses a move that there is not. Nothing is due then until somebody says so."""
        if state not in MOVES[self.state]:
            raise Refused("entry_state", "停车入场状态不允许此操作", state=self.state.value)
        return replace(self, state=state, live=state in LIVE, ask_at=None, asks=0)

    def hear(self, *, parking_id: str, block: Block | None, at: datetime) -> Self:
        """Take the provider's word; one that is older than the last, or too late, changes nothing."""
        if self.parking_id not in ("", parking_id):
            raise Refused("entry_of_another", "停车入场编号不符", entry_id=self.id)
        if not self.live or (self.told_at is not None and at < self.told_at):
            return self
        state = EntryState.BLOCKED if block else EntryState.NORMAL
        moved = self if self.state is state else self.to(state)
        return replace(moved, parking_id=parking_id, block=block, told_at=at)

    def close(self, closing: Closing) -> Self:
        """Say that nothing is to be debited by it any more, and why."""
        return replace(self.to(EntryState.CLOSED), closing=closing)


ENTRIES = table(
    ParkingEntry,
    "parking_entries",
    unique(
        "plate.number",
        "plate.color",
        code="plate_has_entry",
        message="该车牌已有有效的停车入场",
        where={"live": True},
    ),
    unique(
        "stay_id", code="stay_has_entry", message="该停车记录已有停车入场", where={"live": True}
    ),
    index("stay_id", "created_at"),
    index("ask_at", where={"ask_at": {"$type": "date"}}),
    index("intent_id", where={"intent_id": {"$gt": ""}}),
)
