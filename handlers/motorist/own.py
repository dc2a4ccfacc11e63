"""What is a motorist's own: stays, bills, vehicles."""

from handlers import schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown, show_bill, show_stay, show_vehicle
from server.domain.billing.queries import bills_of
from server.domain.stay.queries import stays_of
from server.domain.vehicle.queries import vehicles_of
from server.kernel.access import Audience


class Stays(Handler):
    """`/stays`."""

    path = "/api/motorist/stays"
    audience = Audience.MOTORIST

    @action("我的停车记录", permit=Permit.LOGGED_IN, answer=schema.Stays)
    async def get(self) -> Shown:
        """List own stays."""
        found = await self.run(stays_of, owner_id=self.actor.id)
        return {"items": [show_stay(stay) for stay in found]}


class Bills(Handler):
    """`/bills`."""

    path = "/api/motorist/bills"
    audience = Audience.MOTORIST

    @action("我的账单", permit=Permit.LOGGED_IN, answer=schema.Bills)
    async def get(self) -> Shown:
        """List own bills."""
        found = await self.run(bills_of, owner_id=self.actor.id)
        return {"items": [show_bill(bill) for bill in found]}


class Vehicles(Handler):
    """`/vehicles`."""

    path = "/api/motorist/vehicles"
    audience = Audience.MOTORIST

    @action("我的车辆", permit=Permit.LOGGED_IN, answer=schema.Vehicles)
    async def get(self) -> Shown:
        """List own vehicles."""
        found = await self.run(vehicles_of, owner_id=self.actor.id)
        return {"items": [show_vehicle(vehicle) for vehicle in found]}
