"""What is done for devices at a pace."""

from server.domain.equipment.service import mark_silent
from server.kernel.schedule import job
from server.kernel.work import Work


@job(every_s=10)
async def notice_silent_devices(work: Work) -> None:
    """Mark the devices that have missed three heartbeats."""
    await mark_silent(work)
