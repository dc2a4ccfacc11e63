"""Reads of vehicles for screens."""

from server.domain.vehicle.model import Vehicle
from server.kernel.errors import NotFound
from server.kernel.work import Work


async def vehicles_of(work: Work, *, owner_id: str) -> list[Vehicle]:
    """List the vehicles that somebody drives."""
    return await work.table(Vehicle).find({"owner_id": owner_id})


async def own_vehicle(work: Work, *, vehicle_id: str) -> Vehicle:
    """Read one of the actor's own vehicles."""
    vehicle = await work.table(Vehicle).maybe(vehicle_id)
    if vehicle is None or vehicle.owner_id != work.actor.id:
        raise NotFound("vehicle_not_found", "没有找到这条记录", id=vehicle_id)
    return vehicle
