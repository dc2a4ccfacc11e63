"""Facts about what the city owns."""

from dataclasses import dataclass
from datetime import datetime

from server.kernel.events import Fact, fact


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTariffChanged(Fact):
    """Stays that begin at a place from an instant on are priced by another tariff."""

    place_id: str
    organization_id: str
    tariff_id: str
    before: str
    begins_at: datetime

    @property
    def key(self) -> str:
        """Keep the order of one place's changes."""
        return f"place:{self.place_id}"
