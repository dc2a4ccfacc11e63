"""Use cases that change what the city owns."""

from collections.abc import Sequence
from datetime import datetime

from server.domain.estate.events import PlaceTariffChanged
from server.domain.estate.model import Berth, City, Division, Place
from server.kernel.work import Work


async def lay_out(
    work: Work,
    *,
    cities: Sequence[City] = (),
    divisions: Sequence[Division],
    places: Sequence[Place],
    berths: Sequence[Berth],
) -> None:
    """Put in the city, divisions, places and berths that are not there yet."""
    for rows, nouns in (
        (work.table(City), cities),
        (work.table(Division), divisions),
        (work.table(Place), places),
        (work.table(Berth), berths),
    ):
        have = await rows.load(noun.id for noun in nouns)
        for noun in nouns:
            if noun.id not in have:
                rows.add(noun)  # type: ignore[arg-type]


def use_tariff(work: Work, *, places: Sequence[Place], tariff_id: str, at: datetime) -> None:
    """Let places that were read use a tariff from an instant on; those that use it stay as they are.

    Whether there is such a tariff is the caller's matter.
    """
    rows = work.table(Place)
    for place in places:
        if place.tariff_id == tariff_id:
            continue
        rows.save(place.use(tariff_id, at=at))
        work.tell(
            PlaceTariffChanged(
                at=work.now,
                place_id=place.id,
                organization_id=place.organization_id,
                tariff_id=tariff_id,
                before=place.tariff_id,
                begins_at=at,
            )
        )
