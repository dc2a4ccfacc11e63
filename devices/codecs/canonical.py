"""The canonical reading: one JSON object, the form that we ask of every new device."""

import json
import math
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn

import msgspec

from devices.dead_letters import Reason, Unreadable
from devices.readings import berth_code_of, instant_of, plate_of
from server.domain.equipment import Numbering, Reading, ReadingKind

# 2^53 − 1: the largest integer that every JSON library of a device reads back exactly.
_EXACT = 2**53 - 1
_TEN_YEARS_S = 10 * 366 * 86_400

_Number = Annotated[int, msgspec.Meta(ge=0, le=_EXACT)]
_Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
_Instant = int | Annotated[datetime, msgspec.Meta(tz=True)]


class _Body(msgspec.Struct):
    """The JSON object; keys that are not named here are ignored, so that firmware may add some."""

    boot: _Number
    seq: _Number
    at: _Instant
    kind: Literal["arrived", "left", "heartbeat", "boot", "alarm"]
    sent_at: _Instant | None = None
    plate: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    plate_color: Literal["blue", "green", "yellow", "yellow_green", "white", "black"] | None = None
    confidence: _Percent | None = None
    battery: _Percent | None = None
    rssi: Annotated[int, msgspec.Meta(ge=-200, le=50)] | None = None
    previous_state_s: Annotated[int, msgspec.Meta(ge=0, le=_TEN_YEARS_S)] | None = None
    berth_code: str | None = None
    alarm: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_]{1,64}$")] | None = None


_decoder = msgspec.json.Decoder(_Body)


def decode(device_id: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Decode one canonical reading; a refusal carries the number when that much was legible."""
    try:
        body = _decoder.decode(payload)
        _refuse_repeated_keys(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        _refuse(payload, error)
    try:
        return [_reading(device_id, body, received_at)]
    except Unreadable as refusal:
        refusal.number = (body.boot, body.seq)
        raise


def _reading(device_id: str, body: _Body, received_at: datetime) -> Reading:
    if body.kind == "alarm" and body.alarm is None:
        raise Unreadable(Reason.WRONG_SCHEMA, "an alarm without its code")
    return Reading(
        device_id=device_id,
        boot=body.boot,
        seq=body.seq,
        at=instant_of(body.at),
        kind=ReadingKind(body.kind),
        received_at=received_at,
        numbering=Numbering.DENSE,
        sent_at=None if body.sent_at is None else instant_of(body.sent_at),
        plate=None if body.plate is None else plate_of(body.plate),
        plate_color=body.plate_color,
        confidence=body.confidence,
        battery=body.battery,
        rssi=body.rssi,
        previous_state_s=body.previous_state_s,
        berth_code=None if body.berth_code is None else berth_code_of(body.berth_code),
        alarm=body.alarm,
    )


class _RepeatedKey(ValueError):
    pass


class _NotANumber(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise _RepeatedKey("a key comes twice")
    return keys


_once_decoder = json.JSONDecoder(object_pairs_hook=_once)


def _refuse_repeated_keys(payload: bytes) -> None:
    # Parsers differ on which of two equal keys wins, so a plate could mean one thing to a check
    # and another to the store. As many keys as colons means that none came twice: 1 µs, where the
    # parse that tells for certain costs 5. Only texts with a colon or an object in them need it.
    keys = msgspec.json.decode(payload)
    if len(keys) != payload.count(b":"):
        _once_decoder.decode(payload.decode())


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NotANumber(text)
    return number


def _not_a_number(text: str) -> NoReturn:
    raise _NotANumber(text)


def _refuse(payload: bytes, error: Exception) -> NoReturn:
    """Find out why a payload was not decoded; only refusals pay for this second look."""
    if isinstance(error, msgspec.DecodeError) and "truncated" in str(error):
        raise Unreadable(Reason.TRUNCATED, "the JSON text ends early") from None
    try:
        body = json.loads(payload, parse_constant=_not_a_number, parse_float=_finite)
    except _NotANumber as found:
        raise Unreadable(Reason.NOT_A_NUMBER, str(found)[:40]) from None
    except (ValueError, RecursionError):
        body = None
    raise Unreadable(Reason.WRONG_SCHEMA, str(error)[:200], number=_number(body)) from None


def _number(body: Any) -> tuple[int, int] | None:
    if not isinstance(body, dict):
        return None
    boot, seq = body.get("boot"), body.get("seq")
    # `type(...) is int`, as True is an int to isinstance.
    if type(boot) is int and type(seq) is int and 0 <= boot <= _EXACT and 0 <= seq <= _EXACT:
        return boot, seq
    return None
