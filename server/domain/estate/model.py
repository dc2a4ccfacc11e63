"""行政区划 · 车场/路段 (place) · 泊位 (berth): the nouns of what the city owns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.kernel.nouns import replace
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


@dataclass(frozen=True, slots=True)
class PastTariff:
    """A tariff that a place uses until an instant; the code of it, not a version."""

    tariff_id: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A lot or a section.

    `tariff_id` is the code of the tariff that it uses from the last of the `past_tariffs` on, which
    may be an instant to come. Those are kept for good, the oldest first: a stay that is learned of
    late is priced by what held then.
    """

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
    past_tariffs: tuple[PastTariff, ...] = ()
    total: int

    def tariff_at(self, instant: datetime) -> str:
        """Give the code of the tariff by which a stay is priced that begins then."""
        held = (past.tariff_id for past in self.past_tariffs if instant < past.until)
        return next(held, self.tariff_id)

    def tariffs_after(self, instant: datetime) -> tuple[tuple[datetime, str], ...]:
        """List the changes to another tariff that came after an instant, with their codes."""
        changes = (past.until for past in self.past_tariffs if instant < past.until)
        return tuple((at, self.tariff_at(at)) for at in changes)

    def coming(self, now: datetime) -> tuple[datetime, str] | None:
        """Give the next change to another tariff that is to come, and its code."""
        return next(iter(self.tariffs_after(now)), None)

    def keep(self, *, after: datetime) -> Self:
        """Go on with the tariff of an instant: whatever was to come after it does not."""
        past = tuple(one for one in self.past_tariffs if one.until <= after)
        return replace(self, tariff_id=self.tariff_at(after), past_tariffs=past)

    def use(self, tariff_id: str, *, at: datetime) -> Self:
        """Use another tariff from an instant on, instead of whatever was to come after it."""
        held = (past.tariff_id for past in self.past_tariffs if at <= past.until)
        before = next(held, self.tariff_id)
        past = tuple(one for one in self.past_tariffs if one.until < at)
        if before != tariff_id:
            past = (*past, PastTariff(before, at))
        return replace(self, tariff_id=tariff_id, past_tariffs=past)


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
PLACES = table(
    Place,
    "places",
    geo_index("point"),
    index("division_code"),
    index("cell"),
    # Few places ever change: whoever prices stays asks for those alone.
    index("past_tariffs.until"),
)
BERTHS = table(
    Berth,
    "berths",
    unique("code", code="berth_code_taken", message="泊位号已存在"),
    index("place_id", "ordinal"),
    index("division_code"),
)
