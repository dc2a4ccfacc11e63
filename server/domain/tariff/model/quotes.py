"""An amount with its reasons, and what of a car its price depends on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.domain.vehicle import Plate, PlateColor
from server.kernel.money import Fen

NEW_ENERGY = "new_energy"
_LARGE = frozenset({PlateColor.YELLOW, PlateColor.YELLOW_GREEN})
_NEW_ENERGY = frozenset({PlateColor.GREEN, PlateColor.YELLOW_GREEN})


class LineKind(StrEnum):
    """Why a line is there."""

    RATE = "rate"
    FREE = "free"
    DISCOUNT = "discount"
    CAP = "cap"
    PENALTY = "penalty"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Line:
    """One reason of a fee; the lines of a quote sum to its amount.

    A line of a rate says which row of the tariff it is from (counted from 1), how many seconds it
    was for, and how many units were charged.
    """

    text: str
    amount: Fen
    kind: LineKind = LineKind.RATE
    row: int | None = None
    seconds: int = 0
    units: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """An amount with its reasons; `over_s` is how much longer it was than may be parked."""

    amount: Fen
    lines: tuple[Line, ...]
    over_s: int = 0


@dataclass(frozen=True, slots=True)
class Car:
    """What of a car its price depends on.

    `tags` are words that discounts may ask for. `earlier` are the instants at which the same plate
    came before; None where that is not known, as without a plate: then nothing is given that is
    given once.
    """

    vehicle: str = "small"
    color: PlateColor | None = None
    berths: int = 1
    tags: frozenset[str] = frozenset()
    earlier: tuple[datetime, ...] | None = None


def car_of(plate: Plate | None, *, earlier: tuple[datetime, ...] | None = None) -> Car:
    """Tell from a plate alone what kind of car it is; yellow is large, green new energy."""
    if plate is None:
        return Car()
    tags = frozenset({NEW_ENERGY}) if plate.color in _NEW_ENERGY else frozenset()
    vehicle = "large" if plate.color in _LARGE else "small"
    return Car(vehicle, plate.color, tags=tags, earlier=earlier)
