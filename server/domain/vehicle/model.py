"""车牌 (plate) · 车辆 (vehicle): nouns."""

from dataclasses import dataclass
from enum import StrEnum

from server.kernel.table import index, table, unique


class PlateColor(StrEnum):
    """蓝 绿 黄 黄绿 白 黑: the color is half of a plate's identity."""

    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    YELLOW_GREEN = "yellow_green"
    WHITE = "white"
    BLACK = "black"


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as it is told apart: number and color."""

    number: str
    color: PlateColor


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A plate, and the account of whoever has proved or claimed to drive under it.

    Of an owner's vehicles one is `preferred`: the one that he means unless he says another.
    """

    id: str
    v: int = 0
    plate: Plate
    owner_id: str | None
    preferred: bool = False


VEHICLES = table(
    Vehicle,
    "vehicles",
    unique("plate.number", "plate.color", code="vehicle_registered", message="该车牌已登记"),
    index("owner_id"),
)
