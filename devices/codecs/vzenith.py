"""VZenith-style plate cameras: their `ivs_result` and `keep_alive` messages as readings."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

import msgspec

from devices.dead_letters import Reason, Unreadable
from devices.readings import berth_code_of, instant_of_ms, plate_of
from server.domain.equipment import Numbering, Reading, ReadingKind

_COLORS = {1: "blue", 2: "yellow", 3: "white", 4: "black", 5: "green", 6: "yellow_green"}
# What the camera writes when it saw a vehicle and no plate.
_NO_PLATE = "_无_"
# Direction 3: away from the camera, which hangs in front of the berth.
_AWAY = 3
_MICROSECONDS = 1_000_000
_SECONDS = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class _Timeval(msgspec.Struct):
    sec: _SECONDS
    usec: Annotated[int, msgspec.Meta(ge=0, lt=_MICROSECONDS)] = 0


class _TimeStamp(msgspec.Struct, rename={"timeval": "Timeval"}):
    timeval: _Timeval


class _PlateResult(msgspec.Struct, rename={"time_stamp": "timeStamp", "color": "colorType"}):
    license: Annotated[str, msgspec.Meta(max_length=80)]
    time_stamp: _TimeStamp
    color: int = 0
    confidence: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    direction: int = 0
    plateid: Annotated[int, msgspec.Meta(ge=0)] = 0
    is_fake_plate: int = 0


class _Result(msgspec.Struct, rename={"plate_result": "PlateResult"}):
    plate_result: _PlateResult


class _Alarm(msgspec.Struct):
    result: _Result
    channel: int = 0
    user_data: str = ""


class _Payload(msgspec.Struct, rename={"alarm": "AlarmInfoPlate"}):
    alarm: _Alarm


class _IvsResult(msgspec.Struct, tag_field="name", tag="ivs_result"):
    payload: _Payload
    timestamp: _SECONDS = 0


class _KeepAlive(msgspec.Struct, tag_field="name", tag="keep_alive"):
    timestamp: _SECONDS


_decoder = msgspec.json.Decoder(_IvsResult | _KeepAlive)


def decode(device_id: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Decode one camera message; its number is its clock: microseconds, sparse but rising."""
    try:
        message = _decoder.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        early = "truncated" in str(error)
        reason = Reason.TRUNCATED if early else Reason.WRONG_SCHEMA
        raise Unreadable(reason, str(error)[:200]) from None
    if isinstance(message, _KeepAlive):
        return [_heartbeat(device_id, message, received_at)]
    return [_passage(device_id, message, received_at)]


def _heartbeat(device_id: str, message: _KeepAlive, received_at: datetime) -> Reading:
    said_at = instant_of_ms(message.timestamp * 1000)
    return Reading(
        device_id=device_id,
        boot=0,
        # The last microsecond of its second: cameras without microseconds see plates at the first.
        seq=message.timestamp * _MICROSECONDS + _MICROSECONDS - 1,
        at=said_at,
        kind=ReadingKind.HEARTBEAT,
        received_at=received_at,
        numbering=Numbering.CLOCK,
        sent_at=said_at,
    )


def _passage(device_id: str, message: _IvsResult, received_at: datetime) -> Reading:
    alarm = message.payload.alarm
    result = alarm.result.plate_result
    seen = result.time_stamp.timeval
    return Reading(
        device_id=device_id,
        boot=0,
        # Without microseconds two vehicles of one second differ by the camera's plate counter.
        seq=seen.sec * _MICROSECONDS + (seen.usec or result.plateid % (_MICROSECONDS - 1)),
        at=instant_of_ms(seen.sec * 1000 + seen.usec // 1000),
        kind=ReadingKind.LEFT if result.direction == _AWAY else ReadingKind.ARRIVED,
        received_at=received_at,
        numbering=Numbering.CLOCK,
        sent_at=instant_of_ms(message.timestamp * 1000) if message.timestamp else None,
        plate=_plate(result.license),
        plate_color=_COLORS.get(result.color),
        confidence=result.confidence,
        berth_code=berth_code_of(alarm.user_data or str(alarm.channel)),
        alarm="fake_plate" if result.is_fake_plate else None,
    )


def _plate(license_text: str) -> str | None:
    try:
        octets = base64.b64decode(license_text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(Reason.WRONG_SCHEMA, f"license: {error}") from None
    for encoding in ("utf-8", "gb18030"):  # older firmware writes GBK
        try:
            text = octets.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if text in ("", _NO_PLATE) else plate_of(text)
    raise Unreadable(Reason.WRONG_SCHEMA, "license is neither UTF-8 nor GBK")
