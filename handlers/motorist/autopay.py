"""Whether a motorist's own plates are debited by themselves."""

from handlers import autopay_schema as schema
from handlers.base import Handler, Permit, action
from handlers.shows import Shown
from server.domain.vehicle.queries import own_vehicle
from server.kernel.access import Audience


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
    async def get(self, vehicle_id: str, payer: str) -> Shown:
        """Ask the provider what became of the mandate for an own plate."""
        vehicle = await self.run(own_vehicle, vehicle_id=vehicle_id)
        service = await self.app.desk.debiting.service_of(plate=vehicle.plate, payer=payer)
        return {"service": service.value}
