"""Use cases that change what the city owns."""

from collections.abc import Sequence

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
