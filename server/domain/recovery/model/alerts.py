"""欠费提醒 (alert): somebody is told that a car which owes was seen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.recovery.model import RecoveryState
from server.domain.stay import BerthLabel
from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table


class AlertState(StrEnum):
    """Where an alert is in its life; retracted is one that was paid, frozen, or of another car."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RETRACTED = "retracted"
    GONE = "gone"


LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A car that owes stands on a berth; there is one a case and stay, which its id says.

    It owes the creditor, who need not be the operator of the berth: then it is `foreign`.
    Until somebody acknowledges it, it is told again at `tell_at`, the `rounds`th time; after the last
    round it is `escalated`.
    """

    id: str
    v: int = 0
    case_id: str
    case_state: RecoveryState
    stay_id: str
    creditor_id: str = ""
    creditor_name: str = ""
    plate: Plate
    owner_id: str | None
    berth: BerthLabel
    amount: Fen
    count: int
    oldest_at: datetime
    state: AlertState = AlertState.OPEN
    spotted_at: datetime
    rounds: int = 1
    tell_at: datetime | None
    escalated: bool = False
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def foreign(self) -> bool:
        """Say whether it owes another operator than the one where it stands."""
        return self.creditor_id not in ("", self.berth.organization_id)

    @property
    def live(self) -> bool:
        """Say whether the car still stands there and owes."""
        return self.state in LIVE

    def acknowledge(self, *, by: str, at: datetime) -> Self:
        """Note who has seen it; whoever was first stays."""
        if not self.live:
            raise Refused("alert_over", "该提醒已失效", alert_id=self.id, state=self.state.value)
        if self.state is AlertState.ACKNOWLEDGED:
            return self
        return replace(
            self,
            state=AlertState.ACKNOWLEDGED,
            acknowledged_by=by,
            acknowledged_at=at,
            tell_at=None,
        )

    def end(self, state: AlertState, *, at: datetime) -> Self:
        """Let it be over."""
        return replace(self, state=state, tell_at=None, ended_at=at)


ALERTS = table(
    Alert,
    "arrears_alerts",
    index("stay_id"),
    index("case_id"),
    index("creditor_id", "state"),
    index("berth.place_id", "state"),
    index("berth.organization_id", "state", "-spotted_at"),
    index("tell_at", where={"tell_at": {"$type": "date"}}),
)
