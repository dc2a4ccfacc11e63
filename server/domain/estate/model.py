"""行政区划 · 车场/路段 (place) · 泊位 (berth): the nouns of what the city owns."""

from dataclasses import dataclass
from enum import StrEnum

from server.kernel.table import geo_index, index, table, unique

LngLat = tuple[float, float]
"""A point in WGS-84, longitude first, as GeoJSON has it."""


class PlaceKind(StrEnum):
    """A gated lot (道闸停车场) or a street section (路段)."""

    LOT = "lot"
    SECTION = "section"


class BerthKind(StrEnum):
    """At a kerb, or inside a lot."""

    ROADSIDE = "roadside"
    LOT = "lot"


@dataclass(frozen=True, slots=True)
class Point:
    """A GeoJSON point."""

    coordinates: LngLat
    type: str = "Point"


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """The city itself: one row, whose id is `city`."""

    id: str = "city"
    v: int = 0
    name: str
    center: LngLat


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """An administrative division; its id is its GB/T 2260 code."""

    id: str
    v: int = 0
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A lot or a section."""

    id: str
    v: int = 0
    kind: PlaceKind
    name: str
    address: str
    division_code: str
    organization_id: str
    point: Point
    outline: tuple[LngLat, ...]
    cell: str
    tariff_id: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Berth:
    """One numbered berth; `ordinal` counts along the kerb."""

    id: str
    v: int = 0
    code: str
    kind: BerthKind
    place_id: str
    division_code: str
    ordinal: int
    polygon: tuple[LngLat, ...]
    sensor_id: str | None = None


CITIES = table(City, "cities")
DIVISIONS = table(Division, "divisions")
PLACES = table(Place, "places", geo_index("point"), index("division_code"), index("cell"))
BERTHS = table(
    Berth,
    "berths",
    unique("code", code="berth_code_taken", message="泊位号已存在"),
    index("place_id", "ordinal"),
    index("division_code"),
)
