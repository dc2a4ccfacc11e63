"""What is a motorist's own: stays, bills, vehicles."""

from handlers import schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown, show_bill, show_stay, show_vehicle
from server.domain.billing.queries import bills_of
from server.domain.stay.queries import stays_of
from server.domain.stay.queries.policies import local_prefix
from server.domain.vehicle import bind_vehicle, prefer_vehicle, read_plate, unbind_vehicle
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
        """List own vehicles, and how plates begin here."""
        found = await self.run(vehicles_of, owner_id=self.actor.id)
        items = [show_vehicle(vehicle) for vehicle in found]
        return {"items": items, "local_prefix": await self.run(local_prefix)}

    @action(
        "绑定车辆",
        permit=Permit.LOGGED_IN,
        body=schema.PlateBody,
        answer=schema.VehicleAnswer,
        status=201,
    )
    async def post(self, number: str, color: str) -> Shown:
        """Say that one drives under a plate; said again, it changes nothing."""
        vehicle = await self.run(bind_vehicle, plate=read_plate(number, color))
        return {"vehicle": show_vehicle(vehicle)}


class Vehicle(Handler):
    """`/vehicles/{vehicle_id}`."""

    path = "/api/motorist/vehicles/{vehicle_id}"
    audience = Audience.MOTORIST

    @action("解绑车辆", permit=Permit.LOGGED_IN, status=204)
    async def delete(self, vehicle_id: str) -> None:
        """Say that one does not drive under a plate any more."""
        await self.run(unbind_vehicle, vehicle_id=vehicle_id)


class PreferredVehicle(Handler):
    """`/vehicles/{vehicle_id}/preferred`."""

    path = "/api/motorist/vehicles/{vehicle_id}/preferred"
    audience = Audience.MOTORIST

    @action("设为默认车辆", permit=Permit.LOGGED_IN, answer=schema.VehicleAnswer)
    async def post(self, vehicle_id: str) -> Shown:
        """Prefer one of one's own vehicles to the others."""
        return {"vehicle": show_vehicle(await self.run(prefer_vehicle, vehicle_id=vehicle_id))}
