"""Facts about what the city owns."""

from dataclasses import dataclass
from datetime import datetime

from server.kernel.events import Fact, fact


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTariffChanged(Fact):
    """Stays that begin at a place from an instant on are priced by another tariff."""

    place_id: str
    place_name: str
    organization_id: str
    tariff_id: str
    before: str
    begins_at: datetime

    @property
    def key(self) -> str:
        """Keep the order of one place's changes."""
        return f"place:{self.place_id}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTariffCancelled(Fact):
    """A change that was to come was cancelled, or another was put in its place: it never began."""

    place_id: str
    place_name: str
    organization_id: str
    tariff_id: str
    cancelled: str
    begins_at: datetime

    @property
    def key(self) -> str:
        """Keep the order of one place's changes."""
        return f"place:{self.place_id}"
