"""Facts about tariffs and their calendars."""

from dataclasses import dataclass
from datetime import date, datetime

from server.kernel.events import Fact, fact


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class TariffPublished(Fact):
    """A version of a tariff is in force from an instant on."""

    tariff_id: str
    code: str
    organization_id: str
    valid_from: datetime

    @property
    def key(self) -> str:
        """Keep the order of one tariff's versions."""
        return f"tariff:{self.code}"


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class TariffCalendarChanged(Fact):
    """Dates of a calendar are of another kind than before; what they priced may be looked over."""

    calendar_id: str
    year: int
    dates: tuple[date, ...]

    @property
    def key(self) -> str:
        """Keep the order of one calendar's changes."""
        return f"calendar:{self.calendar_id}"
