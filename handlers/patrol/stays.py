"""What officers see that devices did not: cars that came, cars that went, other plates, with photos."""

from typing import Any

from handlers import stay_schema as schema
from handlers.base import Handler, action
from handlers.photos import PhotoHandler
from handlers.shows import Shown
from handlers.stay_shows import show_done
from server.domain.stay import Change, doubt_change, edit_stay
from server.kernel.access import Audience


class Arrivals(Handler):
    """`/arrivals`."""

    path = "/api/patrol/arrivals"
    audience = Audience.PATROL

    @action("补入车", permit="patrol.report", body=schema.ArrivalBody, answer=schema.EditAnswer)
    async def post(self, change: Change) -> Shown:
        """Put in a car that stands; what a device has seen come is the same car."""
        await self.run(doubt_change, change=change)
        return show_done(await self.run(edit_stay, change=change))


class Leaves(Handler):
    """`/leaves`."""

    path = "/api/patrol/leaves"
    audience = Audience.PATROL

    @action("补出车", permit="patrol.report", body=schema.LeaveBody, answer=schema.EditAnswer)
    async def post(self, change: Change) -> Shown:
        """End the stay of a car that has gone."""
        return show_done(await self.run(edit_stay, change=change))


class PlateCorrections(Handler):
    """`/plate-corrections`."""

    path = "/api/patrol/plate-corrections"
    audience = Audience.PATROL

    @action(
        "更正车牌", permit="patrol.report", body=schema.CorrectPlateBody, answer=schema.EditAnswer
    )
    async def post(self, change: Change) -> Shown:
        """Say which plate the car really has."""
        await self.run(doubt_change, change=change)
        return show_done(await self.run(edit_stay, change=change))


class Photos(PhotoHandler):
    """`/stays/{stay_id}/photos`."""

    path = "/api/patrol/stays/{stay_id}/photos"
    audience = Audience.PATROL
    sent = "image/*"

    @action(
        "上传取证照片", permit="patrol.report", query=schema.PhotoQuery, answer=schema.PhotoAnswer
    )
    async def post(self, stay_id: str, **about: Any) -> Shown:
        """Keep a photo of a stay."""
        return await self.take(stay_id, **about)


class Photo(PhotoHandler):
    """`/photos/{photo_id}`."""

    path = "/api/patrol/photos/{photo_id}"
    audience = Audience.PATROL

    @action("取证照片", permit="patrol.watch")
    async def get(self, photo_id: str) -> bytes:
        """Show a photo."""
        return await self.give(photo_id)
