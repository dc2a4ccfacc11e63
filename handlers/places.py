"""Places for anybody: near a point, one by one, and their berths."""

from typing import Any

from handlers.base import Handler
from handlers.shows import Shown, show_berth, show_place
from server.domain.estate.queries import berths_of
from server.domain.identity.queries import organization
from server.domain.stay.queries import PlaceRoom, room_near, room_of
from server.domain.tariff import explain, summary


def show_room_near(found: PlaceRoom) -> Shown:
    """Show a place, and how far away it is."""
    shown = show_place(found.place, found.supply, found.tariff)
    return {**shown, "distance_m": found.distance_m}


def show_next_price(found: PlaceRoom) -> Shown | None:
    """Show what parking will cost, and from when on, where that is known."""
    if found.coming is None:
        return None
    begins_at, tariff = found.coming
    return {"begins_at": begins_at, "summary": summary(tariff.terms)}


class NearHandler(Handler):
    """Places around a point, for whichever audience."""

    async def near(self, **asked: Any) -> Shown:
        """List places around a point, the nearest first."""
        found = await self.run(room_near, **asked)
        return {"items": [show_room_near(one) for one in found], "as_of": self.app.store.clock()}


class PlaceHandler(Handler):
    """One place, for whichever audience."""

    async def place(self, place_id: str) -> Shown:
        """Show a place whole."""
        found = await self.run(room_of, place_id=place_id)
        shown = show_place(found.place, found.supply, found.tariff)
        shown["price"]["lines"] = explain(found.tariff.terms)
        shown["price"]["next"] = show_next_price(found)
        operator = await self.run(organization, id=found.place.organization_id)
        shown["operator"] = {"name": operator.name}
        return {**shown, "outline": found.place.outline}


class BerthsHandler(Handler):
    """A place's berths, for whichever audience."""

    async def berths(self, place_id: str) -> Shown:
        """List a place's berths."""
        found = await self.run(berths_of, place_id=place_id)
        return {"items": [show_berth(berth) for berth in found]}
