"""The sections that an officer walks, and the plates that he reads."""

from handlers import schema
from handlers.base import Handler, action
from handlers.shows import Shown, show_room, show_stay
from server.domain.estate import Berth
from server.domain.estate.queries import berths_of, divisions_in_scope
from server.domain.stay import doubt_typed_plate, identify_berth
from server.domain.stay.queries import PlaceRoom, room_in_scope, room_in_sight
from server.domain.stay.queries.policies import local_prefix
from server.domain.tariff import summary
from server.domain.vehicle import read_plate
from server.kernel.access import Audience


def show_section(found: PlaceRoom, names: dict[str, str]) -> Shown:
    """Show a section on the list."""
    place, code = found.place, found.place.division_code
    division = {"code": code, "name": names.get(code, code)}
    room = show_room(place, found.supply)
    return {"id": place.id, "name": place.name, "division": division, "cell": place.cell, **room}


def show_tile(berth: Berth) -> Shown:
    """Show a berth as a tile; what stands on it comes over the section's channel."""
    return {"id": berth.id, "code": berth.code, "sensor": berth.sensor_id is not None}


class Sections(Handler):
    """`/sections`."""

    path = "/api/patrol/sections"
    audience = Audience.PATROL

    @action("路段列表", permit="patrol.watch", answer=schema.PatrolSections)
    async def get(self) -> Shown:
        """List the sections in scope, and how plates begin here."""
        names = {one.id: one.name for one in await self.run(divisions_in_scope)}
        found = await self.run(room_in_scope, kind="section")
        items = [show_section(one, names) for one in found]
        return {"items": items, "local_prefix": await self.run(local_prefix)}


class Section(Handler):
    """`/sections/{section_id}`."""

    path = "/api/patrol/sections/{section_id}"
    audience = Audience.PATROL

    @action("路段与泊位", permit="patrol.watch", answer=schema.PatrolSectionDetail)
    async def get(self, section_id: str) -> Shown:
        """Show a section with its berths."""
        found = await self.run(room_in_sight, place_id=section_id)
        berths = await self.run(berths_of, place_id=section_id)
        names = {one.id: one.name for one in await self.run(divisions_in_scope)}
        tiles = [show_tile(berth) for berth in berths]
        price = {"summary": summary(found.tariff.terms)}
        return {**show_section(found, names), "price": price, "berths": tiles}


class BerthPlate(Handler):
    """`/berths/{berth_id}/plate`."""

    path = "/api/patrol/berths/{berth_id}/plate"
    audience = Audience.PATROL

    @action(
        "录入车牌", permit="patrol.identify", body=schema.BerthPlateBody, answer=schema.StayAnswer
    )
    async def post(self, berth_id: str, number: str, color: str, stay_id: str | None) -> Shown:
        """Say which car stands on a berth; the same plate again changes nothing."""
        plate = read_plate(number, color)
        await self.run(doubt_typed_plate, plate=plate, berth_id=berth_id)
        stay = await self.run(identify_berth, berth_id=berth_id, plate=plate, stay_id=stay_id)
        return {"stay": show_stay(stay)}
