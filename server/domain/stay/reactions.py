"""What other contexts' facts mean for berths."""

from collections.abc import Sequence

from server.domain.equipment import Device, DeviceSilent
from server.domain.stay.events import StayDoubted
from server.domain.stay.model import Occupancy, Stay
from server.domain.stay.model.policies import StaysBy
from server.domain.stay.rules import Outcome, fall_silent
from server.domain.stay.service import Stays, policy_of
from server.domain.stay.service.policies import stays_kept_by
from server.domain.stay.service.reviews import look_into
from server.domain.stay.service.sightings import look_elsewhere
from server.domain.stay.service.telling import identified
from server.domain.vehicle import VehicleBound, VehicleUnbound, owners_of
from server.kernel.events import reacts_to
from server.kernel.work import Work


@reacts_to(DeviceSilent)
async def distrust_berths(work: Work, facts: Sequence[DeviceSilent]) -> None:
    """Show the berths of devices that are still silent as unknown."""
    devices = await work.table(Device).load(fact.device_id for fact in facts)
    silent = [device for device in devices.values() if device.silent]
    rows = work.table(Occupancy)
    held = await rows.load(berth_id for device in silent for berth_id in device.berths.values())
    kept_by = await stays_kept_by(work)
    stays = Stays(work, await policy_of(work))
    for device in silent:
        for berth_id in device.berths.values():
            before = held.get(berth_id)
            if before is None or kept_by(before.berth) is StaysBy.OFFICERS:
                continue
            if before.device_id in (None, device.id):
                held[berth_id] = stays.apply(before, Outcome(fall_silent(before, at=work.now)))


@reacts_to(StayDoubted)
async def look_into_doubts(work: Work, facts: Sequence[StayDoubted]) -> None:
    """Judge what does not fit, and put what a person is to decide on the list."""
    for doubt in facts:
        if doubt.doubt == "plate_elsewhere":
            await look_elsewhere(work, doubt=doubt)
        else:
            await look_into(work, doubt=doubt)


@reacts_to(VehicleBound, VehicleUnbound)
async def show_running_stays(work: Work, facts: Sequence[VehicleBound | VehicleUnbound]) -> None:
    """Show cars that stand to whoever drives them now; stays that are over keep their owner."""
    plates = {fact.plate for fact in facts}
    owners = await owners_of(work, plates)
    rows = work.table(Stay)
    where = {"open": True, "plate.number": sorted({plate.number for plate in plates})}
    for stay in await rows.find(where):
        if stay.plate in plates and stay.owner_id != owners.get(stay.plate):
            shown = rows.save(stay.identify(stay.plate, owners.get(stay.plate)))
            work.tell(identified(stay, shown, at=work.now))
