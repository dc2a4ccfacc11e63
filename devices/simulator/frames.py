"""Writes a simulated reading as its maker would: canonical JSON, geomagnetic frame, camera JSON."""

import base64
import binascii
import hashlib
import itertools
import struct
from collections.abc import Callable, Mapping

import msgspec

from devices.simulator.model import Format
from devices.simulator.readings import SimulatedReading

Encoder = Callable[[SimulatedReading, float], bytes]

GEOMAG_FRAME = struct.Struct(">2sBBBBHbhhhbIII")
OCCUPIED, CHANGED, BATTERY_LOW, RAISED = 0x01, 0x02, 0x04, 0x40
TROUBLES = {"sensor_fault": 0x08, "sensor_moved": 0x10}
LOW_BATTERY = 15
UNKNOWN_DURATION = 0xFFFF_FFFF
MILLIVOLTS = ((0, 2800), (5, 3000), (20, 3300), (50, 3450), (80, 3550), (100, 3650))

CAMERA_COLORS = {"blue": 1, "yellow": 2, "white": 3, "black": 4, "green": 5, "yellow_green": 6}
TOWARDS_CAMERA, AWAY_FROM_CAMERA = 4, 3


def encode(reading: SimulatedReading, sent_at: float) -> bytes:
    """Write the payload; `sent_at` is the device's own clock, epoch seconds, at this sending."""
    return ENCODERS[reading.device.format](reading, sent_at)


def _canonical(reading: SimulatedReading, sent_at: float) -> bytes:
    seen = reading.observation
    body = {
        "boot": reading.boot,
        "seq": reading.seq,
        "at": int(reading.at * 1000),
        "kind": seen.kind,
        "plate": seen.plate,
        "plate_color": seen.plate_color,
        "confidence": seen.confidence,
        "battery": reading.battery,
        "rssi": reading.rssi,
        "previous_state_s": seen.previous_state_s,
        "sent_at": int(sent_at * 1000),
        "berth_code": seen.berth_code,
        "alarm": seen.alarm,
    }
    return msgspec.json.encode({key: value for key, value in body.items() if value is not None})


def _geomag(reading: SimulatedReading, sent_at: float) -> bytes:
    seen = reading.observation
    # The field follows from the confidence, as the decoder rates one by the other: 10 tenths of a µT a point.
    confidence = 100 if seen.confidence is None else seen.confidence
    strength = 10 * (confidence if reading.occupied else 100 - confidence)
    duration = seen.previous_state_s
    frame = GEOMAG_FRAME.pack(
        b"\xfe\x6d",
        27,
        1,
        reading.seq,
        _status(reading),
        _millivolts(reading.battery),
        24,
        round(strength * 0.48),
        round(strength * -0.6),
        round(strength * 0.64),
        reading.rssi,
        UNKNOWN_DURATION if duration is None else duration,
        int(reading.at),
        int(sent_at),
    )
    return frame + binascii.crc_hqx(frame, 0xFFFF).to_bytes(2)


def _status(reading: SimulatedReading) -> int:
    kind = reading.observation.kind
    return (
        OCCUPIED * reading.occupied
        | CHANGED * (kind in ("arrived", "left"))
        | BATTERY_LOW * (reading.battery < LOW_BATTERY)
        | RAISED * (kind == "alarm")
        | TROUBLES.get(reading.observation.alarm or "", 0)
    )


def _millivolts(battery: int) -> int:
    """Give the voltage of a cell with that many per cent of its life left."""
    points = itertools.pairwise(MILLIVOLTS)
    (low, from_mv), (high, to_mv) = next(pair for pair in points if battery <= pair[1][0])
    return from_mv + round((to_mv - from_mv) * (battery - low) / (high - low))


def _vzenith(reading: SimulatedReading, sent_at: float) -> bytes:
    serial = hashlib.sha256(reading.device.id.encode()).hexdigest()[:16]
    envelope = {"id": f"{reading.seq:x}", "sn": serial, "version": "1.0"}
    if reading.observation.kind == "heartbeat":
        return msgspec.json.encode(
            envelope | {"name": "keep_alive", "timestamp": reading.seq // 1_000_000}
        )
    payload = {"AlarmInfoPlate": _plate_alarm(reading, serial)}
    return msgspec.json.encode(
        envelope | {"name": "ivs_result", "timestamp": int(sent_at), "payload": payload}
    )


def _plate_alarm(reading: SimulatedReading, serial: str) -> dict[str, object]:
    seen = reading.observation
    second, microsecond = divmod(reading.seq, 1_000_000)
    result = {
        "license": base64.b64encode((seen.plate or "_无_").encode()).decode(),
        "colorType": CAMERA_COLORS.get(seen.plate_color or "", 0),
        "confidence": seen.confidence,
        "direction": AWAY_FROM_CAMERA if seen.kind == "left" else TOWARDS_CAMERA,
        "isoffline": 0,
        "plateid": reading.seq % 100_000,
        "timeStamp": {"Timeval": {"sec": second, "usec": microsecond}},
        "triggerType": 8,
        "type": 1,
    }
    return {
        "channel": 0,
        "deviceName": reading.device.id,
        "serialno": serial,
        "user_data": seen.berth_code,
        "result": {"PlateResult": result},
    }


ENCODERS: Mapping[Format, Encoder] = {
    Format.CANONICAL: _canonical,
    Format.GEOMAG: _geomag,
    Format.VZENITH: _vzenith,
}
