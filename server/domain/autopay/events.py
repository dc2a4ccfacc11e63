"""Facts about parking entries."""

from dataclasses import dataclass

from server.domain.autopay.model import Block, Closing, EntryState
from server.domain.vehicle import Plate
from server.kernel.events import Fact, fact


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class ParkingEntryChanged(Fact):
    """A car may be debited now, or not, or was, or will not be; the first attempt is number one."""

    entry_id: str
    stay_id: str
    organization_id: str
    plate: Plate
    attempt: int
    state: EntryState
    block: Block | None
    closing: Closing | None
    owner_id: str | None = None
    """Whose stay it is."""

    @property
    def key(self) -> str:
        """Keep the order of one stay's entries."""
        return f"stay:{self.stay_id}"
