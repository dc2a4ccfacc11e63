"""Facts about devices."""

from dataclasses import dataclass

from server.domain.equipment.model import DeviceKind
from server.kernel.events import Fact, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFact(Fact):
    """What every fact about a device has."""

    device_id: str
    device_kind: DeviceKind
    organization_id: str
    place_id: str
    place_name: str
    division_code: str
    berth_ids: tuple[str, ...]
    berth_codes: tuple[str, ...]

    @property
    def key(self) -> str:
        """Keep the order of one device's facts."""
        return f"device:{self.device_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSilent(DeviceFact):
    """Nothing was heard for three heartbeats; what it said last is no longer trusted."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecovered(DeviceFact):
    """A silent device was heard again; `whole` says that no reading of it is missing."""

    whole: bool


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAlarmed(DeviceFact):
    """A device raised an alarm: about itself, or about the berth named."""

    alarm: str
    berth_id: str | None
