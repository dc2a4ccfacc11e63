"""What is asked about devices' proofs, and about what they said."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from server.domain.equipment.model import (
    Device,
    DeviceCredential,
    KeptReading,
    Reading,
    ReadingBatch,
    ReadingKind,
)
from server.domain.equipment.rules import berth_of
from server.kernel.codec import from_text
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


# 24 h: a device that was without network brings what it saw as late as that.
_BROUGHT_WITHIN = timedelta(hours=24)
# 5,000 commits: ten days of a sensor that beats each minute, and a third more.
_BATCHES = 5_000


async def readings_between(
    work: Work,
    *,
    device_ids: Collection[str],
    berth_id: str,
    since: datetime,
    until: datetime,
) -> list[KeptReading]:
    """List what devices said of one berth in a time by their own clocks, in its order.

    Of heartbeats only those are given after which something else follows: the last word before it.
    """
    devices = await work.table(Device).load(device_ids)
    found = await work.table(ReadingBatch).aggregate(
        [
            {
                "$match": {
                    "device_ids": {"$in": sorted(devices)},
                    "at": {"$gte": since, "$lte": until + _BROUGHT_WITHIN},
                }
            },
            {"$sort": {"at": 1}},
            {"$limit": _BATCHES},
            {"$project": {"readings": 1}},
        ]
    )
    kept = [one for row in found for one in from_text(list[KeptReading], row["readings"])]
    ours = [
        one
        for one in kept
        if one.reading.device_id in devices
        and since <= one.reading.at <= until
        and _concerns(devices[one.reading.device_id], one.reading, berth_id)
    ]
    ours.sort(key=lambda one: (one.reading.at, one.reading.boot, one.reading.seq))
    # Of a berth that no device speaks for there is none, and none that follows.
    following = [*ours[1:], None] if ours else []
    return [one for one, after in zip(ours, following, strict=True) if _tells(one, after)]


def _concerns(device: Device, reading: Reading, berth_id: str) -> bool:
    """Say whether a reading is about a berth, or about the whole device that watches it."""
    berth = berth_of(device.berths, reading)
    return berth == berth_id or (berth is None and berth_id in device.berths.values())


def _tells(one: KeptReading, after: KeptReading | None) -> bool:
    beats = one.reading.kind is ReadingKind.HEARTBEAT
    return not beats or after is None or after.reading.kind is not ReadingKind.HEARTBEAT
