"""Whether a motorist's own plates are debited by themselves, where, and what came of it."""

from handlers import autopay_schema as schema
from handlers.autopay_shows import show_mandate, show_own_autopay
from handlers.base import Handler, Permit, action
from handlers.shows import Shown
from server.domain.autopay.queries import own_autopay
from server.domain.vehicle.queries import own_vehicle
from server.kernel.access import Audience


class Autopay(Handler):
    """`/autopay`."""

    path = "/api/motorist/autopay"
    audience = Audience.MOTORIST

    @action("我的无感支付", permit=Permit.LOGGED_IN, answer=schema.OwnAutopay)
    async def get(self) -> Shown:
        """Show where autopay is on, and what the own vehicles and stays have of it."""
        return show_own_autopay(await self.run(own_autopay))


class VehicleAutopay(Handler):
    """`/vehicles/{vehicle_id}/autopay`."""

    path = "/api/motorist/vehicles/{vehicle_id}/autopay"
    audience = Audience.MOTORIST

    @action(
        "车辆无感支付状态",
        permit=Permit.LOGGED_IN,
        query=schema.MandateQuery,
        answer=schema.Mandate,
    )
    async def get(self, vehicle_id: str, payer: str, web: bool) -> Shown:
        """Ask the provider what became of the mandate for an own plate."""
        vehicle = await self.run(own_vehicle, vehicle_id=vehicle_id)
        debiting = self.app.desk.debiting
        service = await debiting.service_of(plate=vehicle.plate, payer=payer, web=web)
        return show_mandate(service, *debiting.pages_of(plate=vehicle.plate, payer=payer))
