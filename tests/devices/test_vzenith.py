"""The camera codec: its two messages, the plates it writes, and the berth it means."""

import base64
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from devices.codecs import decode
from devices.dead_letters import Reason, Unreadable
from server.domain.equipment import Numbering, Reading, ReadingKind

RECEIVED_AT = datetime(2026, 11, 23, 1, 12, 58, tzinfo=UTC)

GOLDEN = b"""
{"id": "8a1c", "sn": "e1b2c3d4", "name": "ivs_result", "version": "1.0", "timestamp": 1795396377,
 "payload": {"AlarmInfoPlate": {"channel": 0, "user_data": "FH-012", "result": {"PlateResult": {
   "license": "57KkQjEyMzQ1", "colorType": 1, "confidence": 97, "direction": 4, "isoffline": 0, "plateid": 1203,
   "timeStamp": {"Timeval": {"sec": 1795396376, "usec": 250000}}, "triggerType": 8, "type": 1}}}}}
"""


def read(payload: bytes) -> Reading:
    [reading] = decode("vzenith", "camera-1", payload, RECEIVED_AT)
    return reading


def result(*, alarm: dict[str, Any] | None = None, **changes: Any) -> bytes:
    message = deepcopy(msgspec.json.decode(GOLDEN))
    info = message["payload"]["AlarmInfoPlate"]
    info.update(alarm or {})
    info["result"]["PlateResult"].update(changes)
    return msgspec.json.encode(message)


def test_the_message_of_the_documentation_is_decoded_whole():
    assert read(GOLDEN) == Reading(
        device_id="camera-1",
        boot=0,
        seq=1795396376250000,
        at=datetime(2026, 11, 23, 1, 12, 56, 250_000, tzinfo=UTC),
        kind=ReadingKind.ARRIVED,
        received_at=RECEIVED_AT,
        numbering=Numbering.CLOCK,
        sent_at=datetime(2026, 11, 23, 1, 12, 57, tzinfo=UTC),
        plate="粤B12345",
        plate_color="blue",
        confidence=97,
        berth_code="FH-012",
    )


def test_a_vehicle_that_drives_away_from_the_camera_has_left():
    assert read(result(direction=3)).kind is ReadingKind.LEFT


@pytest.mark.parametrize(
    ("octets", "plate"),
    [
        ("粤BD12345".encode(), "粤BD12345"),
        ("粤B12345".encode("gbk"), "粤B12345"),
        ("_无_".encode(), None),
        ("_无_".encode("gbk"), None),
        (b"", None),
    ],
)
def test_a_plate_is_read_in_either_encoding_and_may_be_missing(octets, plate):
    assert read(result(license=base64.b64encode(octets).decode())).plate == plate


@pytest.mark.parametrize(
    ("code", "color"),
    [(0, None), (1, "blue"), (2, "yellow"), (3, "white"), (4, "black"), (5, "green"), (99, None)],
)
def test_a_color_that_is_not_in_the_table_is_not_known(code, color):
    assert read(result(colorType=code)).plate_color == color


def test_the_berth_is_the_channel_when_the_installer_wrote_nothing():
    assert read(result(alarm={"user_data": "", "channel": 3})).berth_code == "3"


def test_a_result_from_offline_keeps_its_own_instant():
    late = read(result(isoffline=1, timeStamp={"Timeval": {"sec": 1795390000, "usec": 1}}))

    assert late.at == datetime(2026, 11, 22, 23, 26, 40, tzinfo=UTC)
    assert late.sent_at == datetime(2026, 11, 23, 1, 12, 57, tzinfo=UTC)


def test_two_vehicles_of_one_second_have_two_numbers_without_microseconds():
    second = {"Timeval": {"sec": 1795396376}}

    assert (
        read(result(timeStamp=second, plateid=1)).seq
        < read(result(timeStamp=second, plateid=2)).seq
    )


def test_a_keep_alive_is_a_heartbeat_behind_all_results_of_its_second():
    heartbeat = read(b'{"name":"keep_alive","sn":"e1b2c3d4","timestamp":1795396376}')

    assert heartbeat.kind is ReadingKind.HEARTBEAT
    assert heartbeat.at == datetime(2026, 11, 23, 1, 12, 56, tzinfo=UTC)
    assert read(GOLDEN).seq < heartbeat.seq < 1795396377 * 1_000_000


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (GOLDEN[:200], Reason.TRUNCATED),
        (b'{"name":"gpio_in","timestamp":1}', Reason.WRONG_SCHEMA),
        (b'{"timestamp":1}', Reason.WRONG_SCHEMA),
        (result(license="not base64!"), Reason.WRONG_SCHEMA),
        (result(license=base64.b64encode(b"\xff\xff\xff\xff\xff").decode()), Reason.WRONG_SCHEMA),
        (result(license=base64.b64encode("粤В12345".encode()).decode()), Reason.WRONG_SCHEMA),
        (result(confidence=101), Reason.WRONG_SCHEMA),
        (result(confidence=True), Reason.WRONG_SCHEMA),
        (result(timeStamp={"Timeval": {"sec": 2**33}}), Reason.WRONG_SCHEMA),
        (result(timeStamp={"Timeval": {"sec": 2**32 - 1}}), Reason.WRONG_SCHEMA),
        (result(alarm={"user_data": "A 1"}), Reason.WRONG_SCHEMA),
    ],
)
def test_what_is_no_camera_message_is_refused_with_its_reason(payload, reason):
    with pytest.raises(Unreadable) as caught:
        read(payload)

    assert caught.value.reason is reason
