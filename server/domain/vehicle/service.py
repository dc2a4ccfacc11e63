"""Use cases of vehicles."""

from collections.abc import Iterable, Sequence
from typing import Any

from server.domain.vehicle.events import VehicleBound, VehicleUnbound
from server.domain.vehicle.model import Plate, Vehicle
from server.kernel.errors import NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import Work

# 5: a family's cars; whoever has more is a fleet, and wants another account.
VEHICLES_MOST = 5


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


async def bind_vehicle(work: Work, *, plate: Plate) -> Vehicle:
    """Say that the actor drives under a plate; said again, it changes nothing.

    Refuses with `vehicle_of_another` where somebody else does, and `vehicles_full`.
    """
    rows = work.table(Vehicle)
    own = await rows.find({"owner_id": work.actor.id})
    known = await rows.one({"plate.number": plate.number, "plate.color": plate.color})
    if known is not None and known.owner_id == work.actor.id:
        return known
    if known is not None and known.owner_id is not None:
        raise Refused("vehicle_of_another", "该车牌已绑定其他账号，请核对车牌或联系客服")
    if len(own) >= VEHICLES_MOST:
        raise Refused("vehicles_full", f"最多绑定 {VEHICLES_MOST} 辆车", most=VEHICLES_MOST)
    fresh = known or Vehicle(id=work.new_id(), plate=plate, owner_id=None)
    mine = replace(fresh, owner_id=work.actor.id, preferred=not own)
    bound = rows.save(mine) if known else rows.add(mine)
    work.tell(VehicleBound(at=work.now, **_about(bound, work.actor.id)))
    return bound


async def unbind_vehicle(work: Work, *, vehicle_id: str) -> None:
    """Say that the actor does not drive under a plate any more; another is preferred then."""
    rows = work.table(Vehicle)
    vehicle = await _own(work, vehicle_id)
    rows.save(replace(vehicle, owner_id=None, preferred=False))
    work.tell(VehicleUnbound(at=work.now, **_about(vehicle, work.actor.id)))
    if vehicle.preferred:
        for other in (await rows.find({"owner_id": work.actor.id}, sort="_id"))[:1]:
            rows.save(replace(other, preferred=True))


async def prefer_vehicle(work: Work, *, vehicle_id: str) -> Vehicle:
    """Prefer one of the actor's vehicles to his others."""
    rows = work.table(Vehicle)
    vehicle = await _own(work, vehicle_id)
    for other in await rows.find({"owner_id": work.actor.id, "preferred": True}):
        if other.id != vehicle.id:
            rows.save(replace(other, preferred=False))
    return vehicle if vehicle.preferred else rows.save(replace(vehicle, preferred=True))


async def _own(work: Work, vehicle_id: str) -> Vehicle:
    vehicle = await work.table(Vehicle).maybe(vehicle_id)
    if vehicle is None or vehicle.owner_id != work.actor.id:
        raise NotFound("vehicle_not_found", "没有找到这条记录", id=vehicle_id)
    return vehicle


def _about(vehicle: Vehicle, owner_id: str) -> dict[str, Any]:
    return {"vehicle_id": vehicle.id, "plate": vehicle.plate, "owner_id": owner_id}
