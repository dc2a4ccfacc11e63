"""Reads of vehicles for screens."""

from server.domain.vehicle.model import Vehicle
from server.kernel.work import Work


async def vehicles_of(work: Work, *, owner_id: str) -> list[Vehicle]:
    """List the vehicles that somebody drives."""
    return await work.table(Vehicle).find({"owner_id": owner_id})
