"""Use cases of tariffs: what prices stays, and the life of a version."""

from collections.abc import Iterable, Sequence

from server.domain.tariff.model import CalendarYear, Tariff
from server.domain.tariff.model.versions import IN_FORCE
from server.domain.tariff.rules import Pricing
from server.domain.tariff.rules.checking import check
from server.kernel.work import Work


async def publish_tariffs(work: Work, *, tariffs: Sequence[Tariff]) -> None:
    """Put in checked tariffs that are not there yet, in force as they say."""
    rows = work.table(Tariff)
    have = await rows.load(tariff.id for tariff in tariffs)
    for tariff in tariffs:
        if tariff.id not in have:
            rows.add(check(tariff))


async def load_pricing(work: Work, codes: Iterable[str]) -> dict[str, Pricing]:
    """Read what is needed to price stays by tariffs: published versions, and their calendars."""
    wanted = sorted(set(codes))
    found = await work.table(Tariff).find(
        {"code": wanted, "state": [one.value for one in IN_FORCE]}
    )
    calendars: dict[str, dict[int, CalendarYear]] = {}
    asked = {one.terms.calendar_id for one in found if one.terms.asks_calendar}
    if asked:
        for year in await work.table(CalendarYear).find({"calendar_id": sorted(map(str, asked))}):
            calendars.setdefault(year.calendar_id, {})[year.year] = year
    versions: dict[str, list[Tariff]] = {code: [] for code in wanted}
    for one in sorted(found, key=lambda one: one.valid_from, reverse=True):
        versions[one.code].append(one)
    return {code: Pricing(code, versions[code], calendars) for code in wanted}
