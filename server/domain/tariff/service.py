"""Use cases of tariffs."""

from collections.abc import Iterable, Sequence

from server.domain.tariff.model import Tariff
from server.domain.tariff.rules import check
from server.kernel.work import Work


async def publish_tariffs(work: Work, *, tariffs: Sequence[Tariff]) -> None:
    """Put in checked tariffs that are not there yet."""
    rows = work.table(Tariff)
    have = await rows.load(tariff.id for tariff in tariffs)
    for tariff in tariffs:
        if tariff.id not in have:
            rows.add(check(tariff))


async def load_tariffs(work: Work, tariff_ids: Iterable[str]) -> dict[str, Tariff]:
    """Read tariffs by id."""
    return await work.table(Tariff).load(tariff_ids)
