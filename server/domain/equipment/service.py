"""Use cases of devices: install them, take their readings, notice who is silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.domain.equipment.events import DeviceAlarmed, DeviceRecovered, DeviceSilent
from server.domain.equipment.model import (
    Device,
    KeptReading,
    Reading,
    ReadingBatch,
    ReadingKind,
    Verdict,
)
from server.domain.equipment.rules import berth_of, evidence, heard, judge, judge_time
from server.kernel.codec import to_text
from server.kernel.nouns import replace
from server.kernel.work import AtMost, Work

ReadingId = tuple[str, int, int]
# 500 devices a run: a district whose network fails is worked off in a few seconds.
SILENT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Accepted:
    """A reading with its verdict; `at` is the judged instant, `evidence_at` until when its
    device vouched for its state before, `gap` that readings before this one are missing, `recovered` the berths of
    a device that was silent until now."""

    reading: Reading
    verdict: Verdict
    at: datetime
    berth_id: str | None = None
    evidence_at: datetime | None = None
    gap: bool = False
    skewed: bool = False
    recovered: tuple[str, ...] = ()


async def install(work: Work, *, devices: Sequence[Device]) -> None:
    """Put in devices that are not there yet."""
    rows = work.table(Device)
    have = await rows.load(device.id for device in devices)
    for device in devices:
        if device.id not in have:
            rows.add(device)


async def accept_readings(
    work: Work, *, readings: Sequence[Reading], force: frozenset[ReadingId] = frozenset()
) -> list[Accepted]:
    """Put readings in order and keep them; gives a verdict for each, in the order given."""
    rows = work.table(Device)
    devices = await rows.load(reading.device_id for reading in readings)
    accepted = []
    for reading in readings:
        device = devices.get(reading.device_id)
        if device is None:
            accepted.append(Accepted(reading, Verdict.UNKNOWN_DEVICE, reading.received_at))
            continue
        one, after = _accept(device, reading, force)
        accepted.append(one)
        if after is not device:
            devices[device.id] = rows.save(after)
            _tell(work, device, one)
    _keep(work, accepted)
    return accepted


def _accept(
    device: Device, reading: Reading, force: frozenset[ReadingId]
) -> tuple[Accepted, Device]:
    forced = (reading.device_id, reading.boot, reading.seq) in force
    judged = judge(device.cursor, reading, force=forced, last_at=device.last_at)
    if judged.verdict in (Verdict.DUPLICATE, Verdict.AHEAD):
        return Accepted(reading, judged.verdict, reading.received_at), device
    applied = judged.verdict is Verdict.APPLIED
    at, skewed = judge_time(reading, device.last_at if applied else None, device.heard_at)
    one = Accepted(
        reading,
        judged.verdict,
        at,
        berth_of(device.berths, reading),
        evidence(device, reading.numbering),
        judged.gap,
        skewed,
        tuple(device.berths.values()) if applied and device.silent else (),
    )
    if not applied:
        return one, replace(device, cursor=judged.cursor)
    return one, heard(device, reading, judged.cursor, at, skewed)


def _tell(work: Work, before: Device, one: Accepted) -> None:
    if one.verdict is Verdict.APPLIED and before.silent:
        work.tell(DeviceRecovered(at=one.at, whole=not one.gap, **_about(before)))
    if one.reading.kind is ReadingKind.ALARM:
        alarm = one.reading.alarm or "unspecified"
        work.tell(DeviceAlarmed(at=one.at, alarm=alarm, **_about(before)))


def _keep(work: Work, accepted: Sequence[Accepted]) -> None:
    kept = [one for one in accepted if one.verdict in (Verdict.APPLIED, Verdict.LATE)]
    if not kept:
        return
    device_ids = tuple(dict.fromkeys(one.reading.device_id for one in kept))
    readings = to_text([KeptReading(one.verdict, one.reading) for one in kept])
    batch = ReadingBatch(id=work.new_id(), at=work.now, device_ids=device_ids, readings=readings)
    work.table(ReadingBatch).add(batch)


async def mark_silent(work: Work) -> None:
    """Find the devices that have missed three heartbeats, and say so once."""
    rows = work.table(Device)
    overdue = {"silent": False, "silent_after": AtMost(work.now)}
    for device in await rows.find(overdue, limit=SILENT_AT_ONCE):
        rows.save(replace(device, silent=True))
        work.tell(DeviceSilent(at=work.now, **_about(device)))


def _about(device: Device) -> dict[str, Any]:
    return {
        "device_id": device.id,
        "place_id": device.place_id,
        "division_code": device.division_code,
        "berth_ids": tuple(device.berths.values()),
        "berth_codes": tuple(device.berths),
    }
