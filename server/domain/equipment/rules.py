"""Which readings are news, in which order, and when they really were. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.equipment.model import Cursor, Device, Numbering, Reading, Verdict
from server.kernel.nouns import replace

# 64 marks: a gateway that was away for a minute of a camera's readings; beyond, they are lost.
MARKS = 64
# 120 s: NB-IoT modules drift by seconds a day; two minutes is a wrong clock.
SKEW = timedelta(seconds=120)
# 24 h: a device keeps its journal for a day without network.
BACKLOG = timedelta(hours=24)
SILENT_AFTER_HEARTBEATS = 3
# Part of the contract with devices: docs/devices.md, "Signed readings".
SIGNING_PURPOSE = b"smartcloud readings"
_WRAP = 255


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a reading is news, how far its device is then, and whether readings are missing."""

    verdict: Verdict
    cursor: Cursor
    gap: bool = False


def judge(
    cursor: Cursor | None, reading: Reading, *, force: bool, last_at: datetime | None = None
) -> Judgement:
    """Say whether a reading is news.

    `force` takes a reading whose predecessors did not come in time; they are marked as missing.
    `last_at` is when the device's newest reading was.
    """
    if cursor is None and reading.numbering is Numbering.CLOCK:
        return Judgement(Verdict.APPLIED, Cursor(reading.boot, reading.seq))
    if cursor is None:
        # Nothing came before as far as we know: reading 0 is as good as the one before it.
        dense = reading.numbering is Numbering.DENSE
        cursor = Cursor(reading.boot - 1 if dense else reading.boot, reading.seq - 1)
    if reading.numbering is Numbering.CLOCK:
        return _judge_clock(cursor, reading)
    if reading.numbering is Numbering.WRAPPING:
        return _judge_wrapping(cursor, reading, last_at, force=force)
    if reading.boot < cursor.boot:
        return Judgement(Verdict.LATE, cursor)
    if reading.boot > cursor.boot:
        return _judge_booted(cursor, reading, force=force)
    missing = tuple(range(max(cursor.seq + 1, reading.seq - MARKS), reading.seq))
    return _judge_counted(cursor, reading.seq, reading.seq - cursor.seq, missing, force=force)


def _judge_clock(cursor: Cursor, reading: Reading) -> Judgement:
    if reading.seq in cursor.marks or reading.seq == cursor.seq:
        return Judgement(Verdict.DUPLICATE, cursor)
    marks = _last((*cursor.marks, cursor.seq if reading.seq > cursor.seq else reading.seq))
    if reading.seq > cursor.seq:
        return Judgement(Verdict.APPLIED, Cursor(reading.boot, reading.seq, marks))
    return Judgement(Verdict.LATE, replace(cursor, marks=marks))


def _judge_booted(cursor: Cursor, reading: Reading, *, force: bool) -> Judgement:
    """The first reading after a boot is number 0."""
    if reading.seq > 0 and not force:
        return Judgement(Verdict.AHEAD, cursor)
    missing = tuple(range(max(0, reading.seq - MARKS), reading.seq))
    return Judgement(Verdict.APPLIED, Cursor(reading.boot, reading.seq, missing), bool(missing))


def _judge_wrapping(
    cursor: Cursor, reading: Reading, last_at: datetime | None, *, force: bool
) -> Judgement:
    if reading.seq == 0:
        if cursor.seq == 0 or _is_old(reading, last_at):
            return Judgement(Verdict.DUPLICATE, cursor)
        return Judgement(Verdict.APPLIED, Cursor(cursor.boot + 1, 0))
    distance = (reading.seq - cursor.seq) % _WRAP
    if distance > _WRAP // 2:
        distance -= _WRAP
    back = range(min(distance - 1, MARKS), 0, -1)
    missing = tuple((reading.seq - step - 1) % _WRAP + 1 for step in back)
    return _judge_counted(cursor, reading.seq, distance, missing, force=force)


def _is_old(reading: Reading, last_at: datetime | None) -> bool:
    """Say whether a device whose clock is set speaks of no later time than in its newest reading.

    Such frames count whole seconds, and no device boots in the second of its last reading.
    """
    clock_is_set = reading.at > reading.received_at - BACKLOG
    return clock_is_set and last_at is not None and reading.at <= last_at


def _judge_counted(
    cursor: Cursor, seq: int, distance: int, missing: tuple[int, ...], *, force: bool
) -> Judgement:
    if distance <= 0:
        if seq not in cursor.marks:
            return Judgement(Verdict.DUPLICATE, cursor)
        marks = tuple(mark for mark in cursor.marks if mark != seq)
        return Judgement(Verdict.LATE, replace(cursor, marks=marks))
    if distance == 1:
        return Judgement(Verdict.APPLIED, replace(cursor, seq=seq))
    if not force:
        return Judgement(Verdict.AHEAD, cursor)
    after = replace(cursor, seq=seq, marks=_last(cursor.marks + missing))
    return Judgement(Verdict.APPLIED, after, gap=True)


def judge_time(
    reading: Reading, last_at: datetime | None, heard_at: datetime | None
) -> tuple[datetime, bool]:
    """Say when a reading really was, and whether the device's clock is off.

    A device that says when it sent lets its skew be taken out. One that does not is believed only
    between the last time it was heard and now: its clock alone bills nobody.
    """
    received = reading.received_at
    at, skewed = reading.at, False
    if reading.sent_at is not None:
        skew = received - reading.sent_at
        if abs(skew) > SKEW:
            at, skewed = at + skew, True
    if at > received + SKEW or at < received - BACKLOG or (last_at and at < last_at - SKEW):
        return received, True
    floor = heard_at if skewed and heard_at else None
    if floor is not None and at < floor:
        at = floor
    return min(at, received), skewed


def evidence(device: Device, numbering: Numbering) -> datetime | None:
    """Say until when a device vouches for its last state: not while readings of it are missing.

    It is when it last saw the state, not when we were told: a journal of hours comes in one minute.
    """
    counted = numbering is not Numbering.CLOCK
    holes = counted and device.cursor is not None and device.cursor.marks
    return None if holes else device.last_at


def heard(device: Device, reading: Reading, cursor: Cursor, at: datetime, skewed: bool) -> Device:
    """Note on the device what a new reading says of it."""
    received = reading.received_at
    return replace(
        device,
        cursor=cursor,
        last_at=at,
        heard_at=received,
        silent_after=received + timedelta(seconds=device.heartbeat_s * SILENT_AFTER_HEARTBEATS),
        silent=False,
        battery=device.battery if reading.battery is None else reading.battery,
        rssi=device.rssi if reading.rssi is None else reading.rssi,
        skewed=skewed,
    )


def signing_key(secret: str) -> bytes:
    """Derive the key that a device signs its readings with: one way, so that it logs nobody in."""
    return hmac.digest(secret.encode(), SIGNING_PURPOSE, hashlib.sha256)


def berth_of(berths: Mapping[str, str], reading: Reading) -> str | None:
    """Find the berth that a reading is about, if its device watches it."""
    if reading.berth_code is not None:
        return berths.get(reading.berth_code)
    return next(iter(berths.values())) if len(berths) == 1 else None


def _last(marks: tuple[int, ...]) -> tuple[int, ...]:
    return marks[-MARKS:]
