"""Lines of the live list: one a fact, each with the same keys."""

from typing import Protocol

from realtime.publications import Data, Publication
from server.domain.estate import PlaceTariffCancelled, PlaceTariffChanged
from server.domain.vehicle import Plate, mask_plate
from server.kernel.events import Fact
from server.kernel.period import to_ms


class Where(Protocol):
    """The place that a line is about."""

    @property
    def place_id(self) -> str:
        """Its id."""

    @property
    def place_name(self) -> str:
        """Its name."""

    @property
    def organization_id(self) -> str:
        """Whose it is: its managers see the line."""


_NO_MORE: Data = {
    "berth_code": None,
    "plate": None,
    "stay_id": None,
    "amount": None,
    "duration_s": None,
    "device_kind": None,
    "alarm": None,
}


def line(
    fact: Fact, where: Where, name: str, plate: Plate | None, /, **more: int | str | None
) -> Publication:
    """Make a line; what it says nothing of is None."""
    assert more.keys() <= _NO_MORE.keys()
    data = {
        "fact": name,
        "at_ms": to_ms(fact.at),
        "place_id": where.place_id,
        "place_name": where.place_name,
        **_NO_MORE,
        **more,
        "plate": mask_plate(plate.number) if plate else None,
    }
    return Publication(f"live:{where.organization_id}", data)


def place_told(fact: PlaceTariffChanged | PlaceTariffCancelled) -> list[Publication]:
    """Show as a line that a place has or will have another tariff, or will not: prices are read anew."""
    return [line(fact, fact, type(fact).__name__, None)]
