"""Use cases that change what the city owns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from server.domain.estate.events import PlaceTariffCancelled, PlaceTariffChanged
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


def use_tariff(
    work: Work, *, places: Sequence[Place], tariff_id: str, at: datetime, known_at: datetime
) -> None:
    """Let places that were read use a tariff from an instant on; those that use it stay as they are.

    A place has one change to come at most: one that begins after `known_at`, the earliest instant
    that everybody will have heard of, gives way to this one. Whether there is such a tariff is the
    caller's matter.
    """
    for place in places:
        kept = _cancel(work, place, after=known_at)
        after = kept.use(tariff_id, at=at)
        if after == place:
            continue
        work.table(Place).save(after)
        before = kept.tariff_at(at)
        if before != tariff_id:
            changed: dict[str, Any] = {"tariff_id": tariff_id, "before": before, "begins_at": at}
            work.tell(PlaceTariffChanged(at=work.now, **_whose(place), **changed))


def keep_tariff(work: Work, *, places: Sequence[Place], known_at: datetime) -> None:
    """Let places that were read go on with what they use at an instant, whatever was to come then."""
    for place in places:
        kept = _cancel(work, place, after=known_at)
        if kept != place:
            work.table(Place).save(kept)


def _cancel(work: Work, place: Place, *, after: datetime) -> Place:
    kept = place.keep(after=after)
    for begins_at, code in place.tariffs_after(after):
        cancelled: dict[str, Any] = {
            "tariff_id": kept.tariff_id,
            "cancelled": code,
            "begins_at": begins_at,
        }
        work.tell(PlaceTariffCancelled(at=work.now, **_whose(place), **cancelled))
    return kept


def _whose(place: Place) -> dict[str, Any]:
    return {
        "place_id": place.id,
        "place_name": place.name,
        "organization_id": place.organization_id,
    }
