"""Use cases of devices: install them, know them by their secrets, take their readings, notice who is silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.domain.equipment.events import DeviceAlarmed, DeviceRecovered, DeviceSilent
from server.domain.equipment.model import (
    Device,
    DeviceCredential,
    KeptReading,
    Reading,
    ReadingBatch,
    ReadingKind,
    Verdict,
)
from server.domain.equipment.rules import (
    berth_of,
    evidence,
    heard,
    judge,
    judge_time,
    signing_key,
)
from server.domain.estate import Place
from server.kernel.codec import to_text
from server.kernel.errors import NotFound
from server.kernel.hashing import hash_secret, secret_fits
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


async def issue_secrets(work: Work, *, secrets: Mapping[str, str]) -> None:
    """Give devices (by id) new secrets; those they had before are void at once."""
    have = await work.table(Device).load(secrets)
    if missing := secrets.keys() - have.keys():
        raise NotFound("device_not_found", "没有找到这个设备", ids=sorted(missing))
    rows = work.table(DeviceCredential)
    held = await rows.load(secrets)
    for id, secret in secrets.items():
        credential = DeviceCredential(
            id=id,
            secret_hash=hash_secret(secret),
            signing_key=signing_key(secret).hex(),
            changed_at=work.now,
        )
        if id in held:
            rows.save(replace(credential, v=held[id].v))
        else:
            rows.add(credential)


async def revoke_secret(work: Work, *, device_id: str) -> None:
    """Take a device's secret away; it proves nothing until a new one is issued."""
    rows = work.table(DeviceCredential)
    held = await rows.get(device_id)
    rows.save(replace(held, secret_hash=None, signing_key=None, changed_at=work.now))


async def disable_device(work: Work, *, device_id: str, disabled: bool = True) -> None:
    """Believe a device no more, or again with `disabled=False`; its secret stays as it is."""
    devices, credentials = work.table(Device), work.table(DeviceCredential)
    devices.save(replace(await devices.get(device_id), disabled=disabled))
    credential = await credentials.maybe(device_id)
    if credential is not None:
        credentials.save(replace(credential, changed_at=work.now))


async def authenticate_device(work: Work, *, device_id: str, secret: str) -> bool:
    """Say whether this is the secret of a device that is in service."""
    credential = await work.table(DeviceCredential).maybe(device_id)
    if credential is None or credential.secret_hash is None:
        return False
    fits = secret_fits(credential.secret_hash, secret)
    return fits and await is_in_service(work, device_id=device_id)


async def is_in_service(work: Work, *, device_id: str) -> bool:
    """Say whether a device is registered, not disabled, and has a secret."""
    credential = await work.table(DeviceCredential).maybe(device_id)
    device = await work.table(Device).maybe(device_id)
    has_secret = credential is not None and credential.secret_hash is not None
    return has_secret and device is not None and not device.disabled


async def accept_readings(
    work: Work, *, readings: Sequence[Reading], force: frozenset[ReadingId] = frozenset()
) -> list[Accepted]:
    """Put readings in order and keep them; gives a verdict for each, in the order given."""
    rows = work.table(Device)
    devices = await rows.load(reading.device_id for reading in readings)
    accepted = []
    told: list[_Told] = []
    for reading in readings:
        device = devices.get(reading.device_id)
        if device is None or device.disabled:
            accepted.append(Accepted(reading, Verdict.UNKNOWN_DEVICE, reading.received_at))
            continue
        one, after = _accept(device, reading, force)
        accepted.append(one)
        if after is not device:
            devices[device.id] = rows.save(after)
            told += _news(device, one)
    await _tell(work, told)
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


_Told = tuple[type[DeviceRecovered | DeviceSilent | DeviceAlarmed], Device, dict[str, Any]]


def _news(before: Device, one: Accepted) -> list[_Told]:
    """List what a reading says of its device itself."""
    news: list[_Told] = []
    if one.verdict is Verdict.APPLIED and before.silent:
        news.append((DeviceRecovered, before, {"at": one.at, "whole": not one.gap}))
    if one.reading.kind is ReadingKind.ALARM:
        alarm = {"alarm": one.reading.alarm or "unspecified", "berth_id": one.berth_id}
        news.append((DeviceAlarmed, before, {"at": one.at, **alarm}))
    return news


async def _tell(work: Work, told: Sequence[_Told]) -> None:
    """Tell of devices with where they stand; places are read only when there is something to tell."""
    if not told:
        return
    places = await work.table(Place).load(device.place_id for _, device, _ in told)
    for kind, device, said in told:
        work.tell(kind(**_about(device, places.get(device.place_id)), **said))


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
    told: list[_Told] = []
    for device in await rows.find(overdue, limit=SILENT_AT_ONCE):
        rows.save(replace(device, silent=True))
        told.append((DeviceSilent, device, {"at": work.now}))
    await _tell(work, told)


def _about(device: Device, place: Place | None) -> dict[str, Any]:
    return {
        "device_id": device.id,
        "device_kind": device.kind,
        "organization_id": place.organization_id if place else "",
        "place_id": device.place_id,
        "place_name": place.name if place else "",
        "division_code": device.division_code,
        "berth_ids": tuple(device.berths.values()),
        "berth_codes": tuple(device.berths),
    }
