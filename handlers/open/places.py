"""Places as open data."""

from typing import Any

from handlers import schema
from handlers.base import action
from handlers.places import BerthsHandler, NearHandler, PlaceHandler
from handlers.shows import Shown
from server.kernel.access import Audience


class Places(NearHandler):
    """`/places`."""

    path = "/api/open/places"
    audience = Audience.OPEN

    @action("附近的停车场与路段", permit="open.read", query=schema.NearQuery, answer=schema.Places)
    async def get(self, **asked: Any) -> Shown:
        """List places around a point."""
        return await self.near(**asked)


class Place(PlaceHandler):
    """`/places/{place_id}`."""

    path = "/api/open/places/{place_id}"
    audience = Audience.OPEN

    @action("停车场或路段详情", permit="open.read", answer=schema.PlaceDetail)
    async def get(self, place_id: str) -> Shown:
        """Show a place."""
        return await self.place(place_id)


class Berths(BerthsHandler):
    """`/places/{place_id}/berths`."""

    path = "/api/open/places/{place_id}/berths"
    audience = Audience.OPEN

    @action("泊位", permit="open.read", answer=schema.Berths)
    async def get(self, place_id: str) -> Shown:
        """List a place's berths."""
        return await self.berths(place_id)
