"""The city as its managers watch it."""

from handlers import schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown, show_account, show_room
from server.domain.estate.queries import berths_in_scope, divisions_in_scope, the_city
from server.domain.identity.queries import colleagues, who_is
from server.domain.stay import resume_berth, suspend_berth
from server.domain.stay.queries import PlaceRoom, room_in_scope
from server.kernel.access import Audience


def show_city_place(found: PlaceRoom) -> Shown:
    """Show a place on the city's map."""
    place = found.place
    return {
        "id": place.id,
        "kind": place.kind.value,
        "name": place.name,
        "division_code": place.division_code,
        "point": place.point.coordinates,
        "outline": place.outline,
        "cell": place.cell,
        **show_room(place, found.supply),
    }


class City(Handler):
    """`/city`."""

    path = "/api/console/city"
    audience = Audience.CONSOLE

    @action("城市概况", permit="city.watch", answer=schema.City)
    async def get(self) -> Shown:
        """Show the city in scope."""
        city, divisions = await self.run(the_city), await self.run(divisions_in_scope)
        return {
            "name": city.name,
            "center": city.center,
            "time_zone": self.app.config.time_zone,
            "organization_id": self.actor.organization_id,
            "divisions": [{"code": one.id, "name": one.name} for one in divisions],
            "places": [show_city_place(one) for one in await self.run(room_in_scope)],
            "as_of": self.app.store.clock(),
        }


class Berths(Handler):
    """`/berths`."""

    path = "/api/console/berths"
    audience = Audience.CONSOLE

    @action("泊位位置", permit="city.watch", answer=schema.CityBerths)
    async def get(self) -> Shown:
        """List where the berths in scope are."""
        found = await self.run(berths_in_scope)
        return {"items": [[one.id, one.code, one.place_id, one.polygon] for one in found]}


class BerthSuspension(Handler):
    """`/berths/{berth_id}/suspension`."""

    path = "/api/console/berths/{berth_id}/suspension"
    audience = Audience.CONSOLE

    @action("停用泊位", permit="berths.suspend", answer=schema.BerthState)
    async def post(self, berth_id: str) -> Shown:
        """Take a berth out of service; the car that stands there goes free."""
        after = await self.run(suspend_berth, berth_id=berth_id)
        return {"berth_id": after.id, "state": after.state.value}

    @action("恢复泊位", permit="berths.suspend", answer=schema.BerthState)
    async def delete(self, berth_id: str) -> Shown:
        """Put a berth back into service."""
        after = await self.run(resume_berth, berth_id=berth_id)
        return {"berth_id": after.id, "state": after.state.value}


class Me(Handler):
    """`/me`."""

    path = "/api/console/me"
    audience = Audience.CONSOLE

    @action("当前用户", permit=Permit.LOGGED_IN, answer=schema.Me)
    async def get(self) -> Shown:
        """Show who is logged in."""
        account, organization = await self.run(who_is)
        return {
            "account": show_account(account),
            "organization": {"id": organization.id, "name": organization.name},
            "permissions": sorted(self.actor.permissions),
        }


class Colleagues(Handler):
    """`/colleagues`."""

    path = "/api/console/colleagues"
    audience = Audience.CONSOLE

    @action("同事", permit="city.watch", answer=schema.Colleagues)
    async def get(self) -> Shown:
        """List the names of one's organization's staff, to say who did what."""
        found = await self.run(colleagues)
        return {"items": [{"id": one.id, "name": one.name} for one in found]}
