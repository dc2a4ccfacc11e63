"""Use cases of vehicles."""

from collections.abc import Iterable, Sequence

from server.domain.vehicle.model import Plate, Vehicle
from server.kernel.work import Work


async def register_vehicles(work: Work, *, vehicles: Sequence[Vehicle]) -> None:
    """Put in vehicles that are not there yet."""
    rows = work.table(Vehicle)
    have = await rows.load(vehicle.id for vehicle in vehicles)
    for vehicle in vehicles:
        if vehicle.id not in have:
            rows.add(vehicle)


async def owners_of(work: Work, plates: Iterable[Plate]) -> dict[Plate, str]:
    """Find who drives under these plates; plates without an owner are left out."""
    wanted = set(plates)
    if not wanted:
        return {}
    numbers = sorted({plate.number for plate in wanted})
    vehicles = await work.table(Vehicle).find({"plate.number": numbers})
    return {
        vehicle.plate: vehicle.owner_id
        for vehicle in vehicles
        if vehicle.owner_id and vehicle.plate in wanted
    }
