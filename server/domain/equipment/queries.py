"""What the edges ask about devices' proofs."""

from collections.abc import Collection, Mapping
from datetime import datetime

from server.domain.equipment.model import Device, DeviceCredential
from server.kernel.work import AtLeast, Work


async def signing_keys(work: Work, *, device_ids: Collection[str]) -> Mapping[str, bytes]:
    """Give the keys of those devices that are in service and have one."""
    credentials = await work.table(DeviceCredential).load(device_ids)
    devices = await work.table(Device).load(credentials)
    return {
        id: bytes.fromhex(held.signing_key)
        for id, held in credentials.items()
        if held.signing_key and id in devices and not devices[id].disabled
    }


async def credentials_changed(work: Work, *, since: datetime) -> list[str]:
    """List the devices whose proof has changed since then, or that were disabled or enabled."""
    rows = work.table(DeviceCredential)
    return [held.id for held in await rows.find({"changed_at": AtLeast(since)})]


async def secret_hashes(work: Work) -> Mapping[str, str]:
    """Give the hashed secrets of all devices in service, by device id in its order."""
    disabled = {one.id for one in await work.table(Device).find({"disabled": True})}
    held = await work.table(DeviceCredential).find({}, sort="_id")
    return {one.id: one.secret_hash for one in held if one.secret_hash and one.id not in disabled}
