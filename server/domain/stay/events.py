"""Facts about berths and stays."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.stay.model import BerthLabel, OccupancyState, StayLabel, StayState
from server.domain.stay.model.edits import EditKind
from server.domain.tariff import Line
from server.domain.vehicle import Plate
from server.kernel.events import Fact, fact
from server.kernel.money import Fen


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyChanged(Fact):
    """A berth has another state, or another car; `v` rises with each."""

    berth_id: str
    berth: BerthLabel
    before: OccupancyState
    state: OccupancyState
    confidence: int
    since: datetime
    heard_at: datetime
    v: int
    stay: StayLabel | None

    @property
    def key(self) -> str:
        """Keep the order of one berth's facts."""
        return f"berth:{self.berth_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StayFact(Fact):
    """What every fact about a stay has: the stay as it is now, as far as its driver sees it."""

    stay_id: str
    berth_id: str
    berth: BerthLabel
    plate: Plate | None
    owner_id: str | None
    arrived_at: datetime
    state: StayState = StayState.RUNNING
    left_at: datetime | None = None
    amount: Fen | None = None

    @property
    def key(self) -> str:
        """Keep the order of one berth's facts, its stays included."""
        return f"berth:{self.berth_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayOpened(StayFact):
    """A car has come to stay."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayIdentified(StayFact):
    """A stay has got a plate, or another one.

    Who drove under the plate before, `owner_before`, is to be told that it was not that car.
    """

    before: Plate | None
    owner_before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedStay(StayFact):
    """A stay with its end and its price."""

    lines: tuple[Line, ...]
    revision: int


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayClosed(PricedStay):
    """A car has gone, and its stay is priced."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayCorrected(PricedStay):
    """A closed stay ended at another time than was thought, and is priced anew."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayVoided(StayFact):
    """A stay was none."""

    reason: str


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayEdited(StayFact):
    """Somebody has edited a stay; what that did to plate and price is told by facts of their own."""

    edit_id: str
    kind: EditKind


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayDoubted(StayFact):
    """Something about a stay does not fit; `seen` is the plate that was read, if that is what."""

    doubt: str
    seen: Plate | None = None


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayDisputed(StayFact):
    """A stay is in dispute: until it is released nobody is charged or reminded for it."""

    reason: str


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class StayReleased(StayFact):
    """Nothing keeps a stay from being charged any more."""

    reason: str


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyChanged(Fact):
    """A place has more or less room."""

    place_id: str
    cell: str
    total: int
    free: int
    occupied: int
    unknown: int
    out_of_service: int
    v: int

    @property
    def key(self) -> str:
        """Keep the order of one place's facts."""
        return f"place:{self.place_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged(Fact):
    """The city, an operator or a place wants stays handled otherwise; `scope` says which."""

    scope: str
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """Keep the order of one scope's facts."""
        return f"policy:{self.scope}"
