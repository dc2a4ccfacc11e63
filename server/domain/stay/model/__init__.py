"""泊位状态 (occupancy) · 停车记录 (stay) · 余位 (supply): nouns and their moves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.tariff import Line, Quote
from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class OccupancyState(StrEnum):
    """What is known of a berth. Unknown is unknown, never free."""

    UNKNOWN = "unknown"
    FREE = "free"
    PENDING_OCCUPIED = "pending_occupied"
    OCCUPIED = "occupied"
    PENDING_FREE = "pending_free"
    OUT_OF_SERVICE = "out_of_service"


class StayState(StrEnum):
    """Where a stay is in its life; what is owed for it is the bill's matter."""

    DETECTED = "detected"
    RUNNING = "running"
    LEAVING = "leaving"
    CLOSED = "closed"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class BerthLabel:
    """What a screen and a bill say about a berth; copied from `estate` when it is opened."""

    code: str
    place_id: str
    place_name: str
    place_kind: str
    division_code: str
    organization_id: str
    tariff_id: str


@dataclass(frozen=True, slots=True)
class StayLabel:
    """What a berth's tile says about the car on it."""

    id: str
    arrived_at: datetime
    plate: Plate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """The state of one berth; its id is the berth's.

    `confidence` is 0-100. `settle_at` is when a pending state becomes a settled one if nothing
    contradicts. `evidence_at` is when a device last spoke for the present state. `trusted` keeps
    the state that held before the device fell silent.
    """

    id: str
    v: int = 0
    berth: BerthLabel
    state: OccupancyState = OccupancyState.UNKNOWN
    confidence: int = 0
    since: datetime
    heard_at: datetime
    evidence_at: datetime
    changed_at: datetime
    settle_at: datetime | None = None
    device_id: str | None = None
    stay: StayLabel | None = None
    seen_plate: Plate | None = None
    trusted: OccupancyState | None = None
    inferred_stay_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StayLinks:
    """What a stay has to do with others: most have nothing to."""

    merged_into: str | None = None
    split_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A vehicle's time on a berth. `left_at` is there once it is over.

    `flags` say what is doubtful: `clock`, `missed_leave`, `plate_conflict`, `plate_elsewhere`,
    `silent_device`, `unpriced`, `clone`. `revision` counts the prices it was given. A `remembered`
    stay is one that its plate's next stays are priced by. While `holds` names reasons (a dispute,
    a suspected clone), nobody is charged or reminded.
    """

    id: str
    v: int = 0
    berth_id: str
    berth: BerthLabel
    state: StayState
    open: bool = True
    plate: Plate | None = None
    owner_id: str | None = None
    arrived_at: datetime
    left_at: datetime | None = None
    amount: Fen | None = None
    lines: tuple[Line, ...] = ()
    revision: int = 0
    flags: tuple[str, ...] = ()
    remembered: bool = False
    links: StayLinks | None = None
    holds: tuple[str, ...] = ()

    def flagged(self, *flags: str) -> Self:
        """Add doubts."""
        if not flags:
            return self
        return replace(self, flags=tuple(dict.fromkeys((*self.flags, *flags))))

    def identify(self, plate: Plate, owner_id: str | None) -> Self:
        """Say whose stay it is."""
        if self.state is StayState.VOID:
            raise Refused("stay_void", "停车记录已作废", stay_id=self.id)
        state = StayState.RUNNING if self.state is StayState.DETECTED else self.state
        return replace(self, plate=plate, owner_id=owner_id, state=state)

    def leave(self) -> Self:
        """Note that the car seems to have gone; since when, its berth knows, whose settling decides.

        To write it here as well would touch the index of all figures: 0.2 ms of mongod a car.
        """
        return replace(self, state=StayState.LEAVING)

    def stay_on(self) -> Self:
        """Take the leaving back: it was a bounce."""
        state = StayState.RUNNING if self.plate else StayState.DETECTED
        return replace(self, state=state)

    def close(self, *, left_at: datetime, quote: Quote | None) -> Self:
        """Close it with its price, or without one where it could not be priced."""
        if not self.open:
            raise Refused("stay_closed", "停车记录已结束", stay_id=self.id)
        return replace(self, state=StayState.CLOSED, open=False, left_at=left_at).price(quote)

    def correct_left(self, *, left_at: datetime, quote: Quote | None) -> Self:
        """Move the end of a closed stay to where it really was, with the price of that."""
        assert not self.open
        flags = tuple(flag for flag in self.flags if flag != "missed_leave")
        return replace(self, left_at=left_at, flags=flags).price(quote)

    def price(self, quote: Quote | None) -> Self:
        """Give it a price, or none: that is not the same as nothing to pay."""
        flags = tuple(flag for flag in self.flags if flag != "unpriced")
        return replace(
            self,
            amount=quote.amount if quote else None,
            lines=quote.lines if quote else (),
            revision=self.revision + 1,
            flags=flags if quote else (*flags, "unpriced"),
        )

    def void(self) -> Self:
        """Say that it was none: nobody owes anything for it."""
        if self.state is StayState.VOID:
            raise Refused("stay_void", "停车记录已作废", stay_id=self.id)
        return replace(
            self,
            state=StayState.VOID,
            open=False,
            remembered=False,
            amount=0,
            lines=(),
            revision=self.revision + 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """How much room a place has; recomputed from its berths, never typed. Its id is the place's."""

    id: str
    v: int = 0
    organization_id: str
    cell: str
    total: int = 0
    free: int = 0
    occupied: int = 0
    unknown: int = 0
    out_of_service: int = 0


OCCUPANCIES = table(
    Occupancy,
    "occupancies",
    index("berth.place_id"),
    index("changed_at"),
)
STAYS = table(
    Stay,
    "stays",
    unique(
        "berth_id", code="berth_has_open_stay", message="该泊位已有在停车辆", where={"open": True}
    ),
    unique(
        "plate.number",
        "plate.color",
        code="plate_has_open_stay",
        message="该车牌已有在停记录",
        where={"open": True, "plate.number": {"$type": "string"}},
    ),
    index("owner_id", "-arrived_at", where={"owner_id": {"$gt": ""}}),
    # Who stood on a berth at a time: only edits ask, and nothing may be put over another car.
    index("berth_id", "-left_at"),
    # One for all figures of a day: each index more costs every update in a transaction 12 µs.
    index("berth.organization_id", "open", "-left_at"),
    index("plate.number", "-arrived_at", where={"remembered": True}),
)
SUPPLIES = table(Supply, "supplies", index("cell"))
