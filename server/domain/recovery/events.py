"""Facts about arrears."""

from dataclasses import dataclass

from server.domain.recovery.model import RecoveryState
from server.domain.recovery.model.alerts import Alert
from server.domain.recovery.model.reminders import ReminderState
from server.domain.recovery.model.write_offs import WriteOffState
from server.domain.vehicle import Plate
from server.kernel.events import Fact, fact
from server.kernel.money import Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFact(Fact):
    """What every fact about a case has: what it is in all, and what of it is the owner's."""

    case_id: str
    plate: Plate
    owner_id: str | None
    organization_id: str
    state: RecoveryState
    amount: Fen
    frozen: Fen
    count: int
    own_amount: Fen
    own_frozen: Fen
    own_count: int
    v: int

    @property
    def key(self) -> str:
        """Keep the order of one case's facts."""
        return f"case:{self.case_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsOpened(CaseFact):
    """A plate owes something beyond the grace."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsChanged(CaseFact):
    """A plate owes more or less than before, is taken more or less seriously, or is another's matter."""

    owner_before: str | None = None


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsClosed(CaseFact):
    """A plate owes nothing any more; the state says how that came."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderIssued(CaseFact):
    """Somebody is to be reminded; the text is what the person reads."""

    reminder_id: str
    text: str


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderReported(Fact):
    """It is known what became of a text message: taken by the provider, delivered, or not."""

    reminder_id: str
    case_id: str
    organization_id: str
    state: ReminderState
    failure: str | None

    @property
    def key(self) -> str:
        """Keep the order of one case's facts."""
        return f"case:{self.case_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFact(Fact):
    """What every fact about an alert has: the alert as it is now."""

    alert: Alert

    @property
    def key(self) -> str:
        """Keep the order of one stay's alerts."""
        return f"alert:{self.alert.stay_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrearsSpotted(AlertFact):
    """A car that owes was seen on a berth."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRepeated(AlertFact):
    """Nobody has acknowledged an alert yet: it is told again, or says something else now."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged(AlertFact):
    """Somebody has seen an alert."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEscalated(AlertFact):
    """Nobody on the street has acknowledged an alert in time."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRetracted(AlertFact):
    """An alert is over: paid, frozen, another car's, or the car has gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffFact(Fact):
    """What every fact about a write-off has."""

    write_off_id: str
    case_id: str
    organization_id: str
    amount: Fen
    state: WriteOffState

    @property
    def key(self) -> str:
        """Keep the order of one case's facts."""
        return f"case:{self.case_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffRequested(WriteOffFact):
    """Somebody wants a debt to be given up."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffDecided(WriteOffFact):
    """A wish to write off was agreed to, rejected or taken back."""
