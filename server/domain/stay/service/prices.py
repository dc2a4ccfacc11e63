"""What prices the stays of one unit of work: their tariffs, and those that their places had since."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from server.domain.estate import Place
from server.domain.stay.model import BerthLabel, Stay
from server.domain.tariff import Pricing, Quote, car_of, load_pricing
from server.kernel.nouns import replace
from server.kernel.work import Work


class Prices:
    """Tariffs, loaded for some berths; `changed` are the places that ever had another one."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._pricing: dict[str, Pricing] = {}
        self._changed: dict[str, Place] = {}

    async def load(
        self, work: Work, labels: Iterable[BerthLabel], changed: Mapping[str, Place]
    ) -> None:
        """Read what prices the stays on berths, whenever they began there."""
        codes, places = set(), set()
        for label in labels:
            codes.add(label.tariff_id)
            places.add(label.place_id)
        self._changed = {id: place for id, place in changed.items() if id in places}
        for place in self._changed.values():
            codes |= {place.tariff_id, *(past.tariff_id for past in place.past_tariffs)}
        self._pricing = await load_pricing(work, codes)

    def label(self, label: BerthLabel, arrived_at: datetime) -> BerthLabel:
        """Give a berth's label with the tariff of a stay that begins there at an instant."""
        place = self._changed.get(label.place_id)
        return label if place is None else relabelled(label, place, arrived_at)

    def quote(self, stay: Stay, until: datetime, *, earlier: tuple[datetime, ...] | None) -> Quote:
        """Price a stay as if it ended then; `earlier` is when its car came before."""
        return self._pricing[stay.berth.tariff_id].quote(
            arrived_at=stay.arrived_at,
            left_at=until,
            zone=self._zone,
            car=car_of(stay.plate, earlier=earlier),
            later=self._later(stay),
        )

    def asks(self, stay: Stay) -> bool:
        """Say whether the earlier stays of its car may matter to its price."""
        own = self._pricing[stay.berth.tariff_id].asks_history
        return own or any(one.asks_history for _, one in self._later(stay))

    def _later(self, stay: Stay) -> Sequence[tuple[datetime, Pricing]]:
        place = self._changed.get(stay.berth.place_id)
        if place is None:
            return ()
        return [(at, self._pricing[code]) for at, code in place.tariffs_after(stay.arrived_at)]


def relabelled(label: BerthLabel, place: Place, arrived_at: datetime) -> BerthLabel:
    """Give a label of a place with the tariff that it used at an instant."""
    code = place.tariff_at(arrived_at)
    return label if label.tariff_id == code else replace(label, tariff_id=code)
