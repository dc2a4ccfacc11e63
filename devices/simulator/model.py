"""The nouns of the demo city: plain frozen data that a seed writes to the database and the simulator drives."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

Point = tuple[float, float]
"""(longitude, latitude), WGS-84 degrees."""


class Quarter(StrEnum):
    """What draws cars to a place; it decides when they come and how long they stay."""

    OFFICE = "office"
    SHOPPING = "shopping"
    NIGHTLIFE = "nightlife"
    HOSPITAL = "hospital"
    HOMES = "homes"
    STATION = "station"


class Format(StrEnum):
    """The wire format of a device, which is also the `{kind}` of its up topic."""

    CANONICAL = "reading"
    GEOMAG = "geomag"
    VZENITH = "vzenith"


@dataclass(frozen=True, slots=True)
class DemoDivision:
    code: str
    name: str
    center: Point


@dataclass(frozen=True, slots=True)
class DemoStreet:
    """A whole street, for the map behind the sections; `line` is its centre line."""

    name: str
    division_code: str
    width_m: float
    line: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class DemoSection:
    """A street section; `line` is its centre line, `outline` the carriageway as a closed-by-implication ring."""

    id: str
    code: str
    name: str
    address: str
    division_code: str
    quarter: Quarter
    line: tuple[Point, ...]
    outline: tuple[Point, ...]
    point: Point


@dataclass(frozen=True, slots=True)
class DemoLot:
    id: str
    code: str
    name: str
    address: str
    division_code: str
    quarter: Quarter
    outline: tuple[Point, ...]
    point: Point


@dataclass(frozen=True, slots=True)
class DemoBerth:
    """A berth; `kind` is `roadside` or `lot`, `code` is what is painted on the ground, unique in the city."""

    id: str
    code: str
    kind: str
    place_id: str
    polygon: tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class DemoDevice:
    """A device; `kind` is `berth_sensor` (one berth) or `camera` (several)."""

    id: str
    kind: str
    format: Format
    supplier: str
    place_id: str
    berth_ids: tuple[str, ...]
    heartbeat_s: int


@dataclass(frozen=True, slots=True)
class DemoMotorist:
    phone: str
    name: str


@dataclass(frozen=True, slots=True)
class DemoVehicle:
    number: str
    color: str
    owner_phone: str


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """An account of the operator; `role` is manager, patroller, dispatcher or finance."""

    username: str
    name: str
    role: str
    division_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoStep:
    """`amount` fen for each begun `unit_minutes`; up to `until_minutes` of chargeable time, None for ever."""

    until_minutes: int | None
    unit_minutes: int
    amount: int


@dataclass(frozen=True, slots=True)
class DemoWindow:
    """Half-open [from_time, to_time) of the city's day as HH:MM; time outside all windows is free."""

    from_time: str
    to_time: str
    steps: tuple[DemoStep, ...]


@dataclass(frozen=True, slots=True)
class DemoTariff:
    """What a stay costs; a stay of at most `free_minutes` is free, a longer one pays from its start."""

    name: str
    berth_kind: str
    free_minutes: int
    windows: tuple[DemoWindow, ...]
    cap: int
    cap_period: str


@dataclass(frozen=True)
class DemoCity:
    name: str
    operator: str
    center: Point
    time_zone: str
    divisions: tuple[DemoDivision, ...]
    streets: tuple[DemoStreet, ...]
    sections: tuple[DemoSection, ...]
    lots: tuple[DemoLot, ...]
    berths: tuple[DemoBerth, ...]
    devices: tuple[DemoDevice, ...]
    motorists: tuple[DemoMotorist, ...]
    vehicles: tuple[DemoVehicle, ...]
    staff: tuple[DemoStaff, ...]
    tariffs: tuple[DemoTariff, ...]

    @property
    def places(self) -> tuple[DemoSection | DemoLot, ...]:
        return (*self.sections, *self.lots)

    @cached_property
    def place_by_id(self) -> Mapping[str, DemoSection | DemoLot]:
        return {place.id: place for place in self.places}

    @cached_property
    def berth_by_id(self) -> Mapping[str, DemoBerth]:
        return {berth.id: berth for berth in self.berths}

    def first(self, berths: int) -> "DemoCity":
        """Give the same city with the devices of its first berths only."""
        kept = self.berths[:berths]
        ids = {berth.id for berth in kept}
        devices = tuple(device for device in self.devices if ids.issuperset(device.berth_ids))
        return replace(self, berths=kept, devices=devices)
