"""The geomagnetic frame: a golden frame for each line of its layout, and each way to be refused."""

from datetime import UTC, datetime

import pytest

from devices.codecs import decode
from devices.codecs.geomag import charge_of
from devices.dead_letters import Reason, Unreadable
from server.domain.equipment import Numbering, Reading, ReadingKind

RECEIVED_AT = datetime(2026, 11, 23, 1, 12, 59, tzinfo=UTC)
EVENT_AT = datetime(2026, 11, 23, 1, 12, 56, tzinfo=UTC)
SENT_AT = datetime(2026, 11, 23, 1, 12, 58, tzinfo=UTC)

ARRIVED = "fe6d 1b 01 11 03 0e10 15 019c fe7c 028f ad 00000154 6b039318 6b03931a 668a"
LEFT = "fe6d 1b 01 12 02 0e10 15 001e ffec 0028 ad 00001518 6b039318 6b03931a 8c5a"
HEARTBEAT = "fe6d 1b 01 13 01 0e10 15 012c 0190 0000 ad ffffffff 6b039318 6b03931a 3589"
LAST = "fe6d 1b 01 ff 00 0e10 15 0000 0000 0000 ad 00000154 6b039318 6b03931a 1c7a"
WRAPPED = "fe6d 1b 01 01 00 0e10 15 0000 0000 0000 ad 00000154 6b039318 6b03931a f50b"
REBOOTED = "fe6d 1b 01 00 01 0e42 15 0000 0000 0000 ad ffffffff 00000000 00000000 76c0"
BATTERY_LOW = "fe6d 1b 01 14 44 0b86 15 0000 0000 0000 ad 00000154 6b039318 6b03931a b54c"
FAULT = "fe6d 1b 01 15 4c 0ae6 15 0000 0000 0000 ad 00000154 6b039318 6b03931a e161"
MOVED_STANDING = "fe6d 1b 01 16 10 0e10 15 0000 0000 0000 ad 00000154 6b039318 6b03931a 0027"
STORED = "fe6d 1b 01 17 22 0e10 15 0000 0000 0000 ad 00000154 6b037a30 6b03931a 64eb"
VERSION_2 = "fe6d 1b 02 18 00 0e10 15 0000 0000 0000 ad 00000154 6b039318 6b03931a e4be"


def reading(**differences: object) -> Reading:
    usual = {
        "device_id": "geo-1",
        "boot": 0,
        "seq": 0,
        "at": EVENT_AT,
        "kind": ReadingKind.HEARTBEAT,
        "received_at": RECEIVED_AT,
        "numbering": Numbering.WRAPPING,
        "sent_at": SENT_AT,
        "confidence": 100,
        "battery": 90,
        "rssi": -83,
        "previous_state_s": 340,
    }
    return Reading(**(usual | differences))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (ARRIVED, reading(seq=17, kind=ReadingKind.ARRIVED, confidence=87)),
        (LEFT, reading(seq=18, kind=ReadingKind.LEFT, confidence=95, previous_state_s=5400)),
        (HEARTBEAT, reading(seq=19, confidence=50, previous_state_s=None)),
        (LAST, reading(seq=255)),
        (WRAPPED, reading(seq=1)),
        (
            REBOOTED,
            reading(
                seq=0,
                kind=ReadingKind.BOOT,
                at=RECEIVED_AT,
                sent_at=None,
                confidence=0,
                battery=100,
                previous_state_s=None,
            ),
        ),
        (
            BATTERY_LOW,
            reading(seq=20, kind=ReadingKind.ALARM, alarm="battery_low", battery=4),
        ),
        (FAULT, reading(seq=21, kind=ReadingKind.ALARM, alarm="sensor_fault", battery=0)),
        (MOVED_STANDING, reading(seq=22, alarm="sensor_moved")),
        (
            STORED,
            reading(
                seq=23,
                kind=ReadingKind.LEFT,
                at=datetime(2026, 11, 22, 23, 26, 40, tzinfo=UTC),
            ),
        ),
    ],
)
def test_each_line_of_the_layout_is_decoded(frame, expected):
    assert decode("geomag", "geo-1", bytes.fromhex(frame), RECEIVED_AT) == [expected]


WHOLE = bytes.fromhex(ARRIVED)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.TRUNCATED),
        (WHOLE[:2], Reason.TRUNCATED),
        (WHOLE[:-1], Reason.TRUNCATED),
        (WHOLE + b"\x00", Reason.OVERSIZED),
        (bytes(9000), Reason.OVERSIZED),
        (b"\xfe\x6e" + WHOLE[2:], Reason.WRONG_SCHEMA),
        (WHOLE[:2] + b"\x1c" + WHOLE[3:], Reason.WRONG_SCHEMA),
        (bytes.fromhex(VERSION_2), Reason.WRONG_SCHEMA),
        (WHOLE[:-1] + b"\x8b", Reason.BAD_CHECKSUM),
    ],
)
def test_a_frame_that_is_not_whole_is_refused_with_its_reason(payload, reason):
    with pytest.raises(Unreadable) as caught:
        decode("geomag", "geo-1", payload, RECEIVED_AT)

    assert caught.value.reason is reason


@pytest.mark.parametrize("position", range(3, 30))
def test_no_flipped_bit_passes_the_checksum(position):
    for bit in range(8):
        flipped = bytearray(WHOLE)
        flipped[position] ^= 1 << bit

        with pytest.raises(Unreadable) as caught:
            decode("geomag", "geo-1", bytes(flipped), RECEIVED_AT)
        assert caught.value.reason is Reason.BAD_CHECKSUM


@pytest.mark.parametrize(
    ("millivolts", "percent"),
    [(0, 0), (2800, 0), (3000, 5), (3150, 12), (3300, 20), (3550, 80), (3650, 100), (65535, 100)],
)
def test_a_voltage_is_a_share_of_the_life_of_the_cell(millivolts, percent):
    assert charge_of(millivolts) == percent
