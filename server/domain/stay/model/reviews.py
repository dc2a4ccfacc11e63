"""待核实 (review): what a person has to look at, a motorist's dispute among it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.stay.model import BerthLabel
from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.nouns import replace
from server.kernel.table import index, table


class ReviewReason(StrEnum):
    """Why somebody has to look: 漏离场 车牌冲突 同牌在停 疑似套牌 停用泊位 车主申诉."""

    MISSED_LEAVE = "missed_leave"
    PLATE_CONFLICT = "plate_conflict"
    PLATE_ELSEWHERE = "plate_elsewhere"
    CLONE = "clone"
    SUSPENDED_BERTH = "suspended_berth"
    DISPUTE = "dispute"


# While one of these is open, nobody is charged for the stay.
HOLDING = frozenset({ReviewReason.CLONE, ReviewReason.DISPUTE})

# These are about one stay alone. The others weigh it against another car, another stay or its driver's
# word: whom that would cost something, no clock may decide.
LAPSING = frozenset({ReviewReason.MISSED_LEAVE, ReviewReason.SUSPENDED_BERTH})


class ReviewState(StrEnum):
    """Where a review is in its life."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"


UNRESOLVED = (ReviewState.OPEN, ReviewState.CLAIMED)


class ReviewOutcome(StrEnum):
    """成立 (what was doubted was wrong) · 不成立 (it was right) · 撤回 (the owner took it back).

    Or 超时结案: nobody decided, and the stay holds as it is.
    """

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class DisputeReason(StrEnum):
    """未停车 时间不符 车牌错误 重复收费 地磁误报 金额异议 其他."""

    NOT_PARKED = "not_parked"
    WRONG_TIME = "wrong_time"
    WRONG_PLATE = "wrong_plate"
    CHARGED_TWICE = "charged_twice"
    SENSOR_ERROR = "sensor_error"
    AMOUNT = "amount"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One doubt about one stay; there is one a stay and reason, which its id says.

    `seen` is the plate that was read, `other_id` the stay that it is known by. A dispute has the
    motorist's `statement` and what it is about. `heirs` are stays that an edit has made of this one
    meanwhile, or made it a part of: they are held as it is.
    """

    id: str
    v: int = 0
    reason: ReviewReason
    stay_id: str
    berth: BerthLabel
    plate: Plate | None
    seen: Plate | None = None
    other_id: str | None = None
    dispute: DisputeReason | None = None
    statement: str = ""
    evidence_ids: tuple[str, ...] = ()
    heirs: tuple[str, ...] = ()
    raised_by: str
    raised_at: datetime
    state: ReviewState = ReviewState.OPEN
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    outcome: ReviewOutcome | None = None
    remark: str = ""
    resolved_at: datetime | None = None

    def claim(self, *, by: str, at: datetime) -> Self:
        """Take it up; one that is somebody else's stays his."""
        self._unresolved()
        if self.state is ReviewState.CLAIMED and self.claimed_by != by:
            raise Refused("review_claimed", "该事项已被他人领取", review_id=self.id)
        return replace(self, state=ReviewState.CLAIMED, claimed_by=by, claimed_at=at)

    def resolve(self, outcome: ReviewOutcome, *, by: str, at: datetime, remark: str) -> Self:
        """Decide it; who decides has claimed it."""
        self._unresolved()
        if self.claimed_by != by:
            raise Refused("review_not_claimed", "请先领取该事项", review_id=self.id)
        return replace(
            self, state=ReviewState.RESOLVED, outcome=outcome, remark=remark, resolved_at=at
        )

    def lapse(self, *, at: datetime) -> Self:
        """Close it undecided: nobody has looked at it for so long that the stay holds as it is."""
        self._unresolved()
        assert self.reason in LAPSING
        outcome = ReviewOutcome.LAPSED
        return replace(self, state=ReviewState.RESOLVED, outcome=outcome, resolved_at=at)

    def withdraw(self, *, at: datetime) -> Self:
        """Let the motorist take the dispute back."""
        self._unresolved()
        outcome = ReviewOutcome.WITHDRAWN
        return replace(self, state=ReviewState.RESOLVED, outcome=outcome, resolved_at=at)

    def _unresolved(self) -> None:
        if self.state is ReviewState.RESOLVED:
            raise Refused("review_resolved", "该事项已处理", review_id=self.id)


REVIEWS = table(
    Review,
    "stay_reviews",
    index("state", "-raised_at"),
    index("stay_id"),
    index("heirs"),
)
