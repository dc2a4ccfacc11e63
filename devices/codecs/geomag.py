"""The binary frame of a geomagnetic berth sensor; its layout is a table in docs/devices.md."""

import binascii
import math
import struct
from datetime import datetime

from devices.dead_letters import Reason, Unreadable
from devices.readings import instant_of_ms
from server.domain.equipment import Numbering, Reading, ReadingKind

_HEADER = b"\xfe\x6d"
_VERSION = 1
# header, length, version, sequence, status, battery, temperature, x, y, z, rssi,
# previous state, event clock, sending clock, checksum
_FRAME = struct.Struct(">2sBBBBHbhhhbIIIH")
# What the length byte counts: everything behind itself.
_LENGTH = _FRAME.size - 3

_OCCUPIED, _CHANGED, _BATTERY_LOW, _FAULT, _MOVED, _RAISED = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
_UNKNOWN_DURATION = 0xFFFF_FFFF
_ALARMS = ((_FAULT, "sensor_fault"), (_MOVED, "sensor_moved"), (_BATTERY_LOW, "battery_low"))

# A lithium thionyl chloride cell holds 3.6 V for most of its life and falls at the end.
_CHARGE = ((2800, 0), (3000, 5), (3300, 20), (3450, 50), (3550, 80), (3650, 100))
# 500 tenths of a microtesla from the empty berth: where the sensor itself decides "occupied".
_THRESHOLD = 500


def decode(device_id: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Decode one frame; numbers wrap 1…255, and 0 is the first frame after a reboot."""
    _check_frame(payload)
    (
        _,
        _,
        version,
        sequence,
        status,
        millivolts,
        _,
        x,
        y,
        z,
        rssi,
        duration,
        event_s,
        sent_s,
        _,
    ) = _FRAME.unpack(payload)
    if version != _VERSION:
        raise Unreadable(Reason.WRONG_SCHEMA, f"version {version}")
    occupied = bool(status & _OCCUPIED)
    return [
        Reading(
            device_id=device_id,
            boot=0,
            seq=sequence,
            # 0 is a clock that was never set: the moment of hearing is the best that is known.
            at=instant_of_ms(event_s * 1000) if event_s else received_at,
            kind=_kind(sequence, status),
            received_at=received_at,
            numbering=Numbering.WRAPPING,
            sent_at=instant_of_ms(sent_s * 1000) if sent_s else None,
            confidence=_confidence(occupied, math.hypot(x, y, z)),
            battery=charge_of(millivolts),
            rssi=rssi,
            previous_state_s=None if duration == _UNKNOWN_DURATION else duration,
            alarm=next((code for bit, code in _ALARMS if status & bit), None),
        )
    ]


def _check_frame(payload: bytes) -> None:
    if len(payload) < 3:
        raise Unreadable(Reason.TRUNCATED, f"{len(payload)} bytes")
    if payload[:2] != _HEADER:
        raise Unreadable(Reason.WRONG_SCHEMA, f"header {payload[:2].hex()}")
    if payload[2] != _LENGTH:
        raise Unreadable(Reason.WRONG_SCHEMA, f"length byte {payload[2]}, not {_LENGTH}")
    if len(payload) < _FRAME.size:
        raise Unreadable(Reason.TRUNCATED, f"{len(payload)} of {_FRAME.size} bytes")
    if len(payload) > _FRAME.size:
        raise Unreadable(Reason.OVERSIZED, f"{len(payload)} bytes, not {_FRAME.size}")
    if binascii.crc_hqx(payload[:-2], 0xFFFF) != int.from_bytes(payload[-2:]):
        raise Unreadable(Reason.BAD_CHECKSUM, f"checksum {payload[-2:].hex()}")


def _kind(sequence: int, status: int) -> ReadingKind:
    if sequence == 0:
        return ReadingKind.BOOT
    if status & _CHANGED:
        return ReadingKind.ARRIVED if status & _OCCUPIED else ReadingKind.LEFT
    # A standing alarm bit rides on heartbeats; only its rising is an alarm of its own.
    return ReadingKind.ALARM if status & _RAISED else ReadingKind.HEARTBEAT


def _confidence(occupied: bool, strength: float) -> int:
    """Rate the sensor's word by its field: 50 at the threshold, 100 at twice it or at none."""
    share = min(100, round(50 * strength / _THRESHOLD))
    return share if occupied else 100 - share


def charge_of(millivolts: int) -> int:
    """Turn a cell's voltage into per cent of its life, by straight lines between known points."""
    below = _CHARGE[0]
    for above in _CHARGE:
        if millivolts <= above[0]:
            if above is below:
                return above[1]
            share = (millivolts - below[0]) / (above[0] - below[0])
            return round(below[1] + share * (above[1] - below[1]))
        below = above
    return 100
