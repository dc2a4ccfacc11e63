"""Facts about vehicles."""

from dataclasses import dataclass

from server.domain.vehicle.model import Plate
from server.kernel.events import Fact, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFact(Fact):
    """What every fact about a vehicle has."""

    vehicle_id: str
    plate: Plate
    owner_id: str

    @property
    def key(self) -> str:
        """Keep the order of one plate's facts."""
        return f"plate:{self.plate.number}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleBound(VehicleFact):
    """Somebody says that he drives under a plate."""


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleUnbound(VehicleFact):
    """Somebody does not drive under a plate any more."""
