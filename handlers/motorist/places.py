"""Where a motorist finds room."""

from typing import Any

from handlers import schema
from handlers.base import Permit, action
from handlers.places import BerthsHandler, NearHandler, PlaceHandler
from handlers.shows import Shown
from server.kernel.access import Audience


class Places(NearHandler):
    """`/places`."""

    path = "/api/motorist/places"
    audience = Audience.MOTORIST

    @action(
        "附近的停车场与路段", permit=Permit.ANYONE, query=schema.NearQuery, answer=schema.Places
    )
    async def get(self, **asked: Any) -> Shown:
        """List places around a point."""
        return await self.near(**asked)


class Place(PlaceHandler):
    """`/places/{place_id}`."""

    path = "/api/motorist/places/{place_id}"
    audience = Audience.MOTORIST

    @action("停车场或路段详情", permit=Permit.ANYONE, answer=schema.PlaceDetail)
    async def get(self, place_id: str) -> Shown:
        """Show a place."""
        return await self.place(place_id)


class Berths(BerthsHandler):
    """`/places/{place_id}/berths`."""

    path = "/api/motorist/places/{place_id}/berths"
    audience = Audience.MOTORIST

    @action("泊位", permit=Permit.ANYONE, answer=schema.Berths)
    async def get(self, place_id: str) -> Shown:
        """List a place's berths."""
        return await self.berths(place_id)
