"""What other contexts' facts mean for berths."""

from collections.abc import Sequence

from server.domain.equipment import Device, DeviceSilent
from server.domain.stay.events import StayDoubted
from server.domain.stay.model import Occupancy
from server.domain.stay.rules import Outcome, fall_silent
from server.domain.stay.service import Stays, policy_of
from server.domain.stay.service.reviews import look_into
from server.domain.stay.service.sightings import look_elsewhere
from server.kernel.events import reacts_to
from server.kernel.work import Work


@reacts_to(DeviceSilent)
async def distrust_berths(work: Work, facts: Sequence[DeviceSilent]) -> None:
    """Show the berths of devices that are still silent as unknown."""
    devices = await work.table(Device).load(fact.device_id for fact in facts)
    silent = [device for device in devices.values() if device.silent]
    rows = work.table(Occupancy)
    held = await rows.load(berth_id for device in silent for berth_id in device.berths.values())
    stays = Stays(work, await policy_of(work))
    for device in silent:
        for berth_id in device.berths.values():
            before = held.get(berth_id)
            if before is not None and before.device_id in (None, device.id):
                held[berth_id] = stays.apply(before, Outcome(fall_silent(before, at=work.now)))


@reacts_to(StayDoubted)
async def look_into_doubts(work: Work, facts: Sequence[StayDoubted]) -> None:
    """Judge what does not fit, and put what a person is to decide on the list."""
    for doubt in facts:
        if doubt.doubt == "plate_elsewhere":
            await look_elsewhere(work, doubt=doubt)
        else:
            await look_into(work, doubt=doubt)
