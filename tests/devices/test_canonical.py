"""The canonical codec: a golden reading, each refusal with its reason, and a round trip."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import decode
from devices.dead_letters import Reason, Unreadable
from server.domain.equipment import Numbering, Reading, ReadingKind

RECEIVED_AT = datetime(2026, 11, 23, 1, 12, 58, tzinfo=UTC)

GOLDEN = """
{"boot": 7, "seq": 42, "at": "2026-11-23T09:12:56.250+08:00", "kind": "arrived",
 "plate": "粤B12345", "plate_color": "blue", "confidence": 97, "battery": 88, "rssi": -71,
 "previous_state_s": 340, "sent_at": "2026-11-23T09:12:57+08:00"}
""".encode()


def read(payload: bytes) -> Reading:
    [reading] = decode("reading", "sensor-1", payload, RECEIVED_AT)
    return reading


def refusal(payload: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(payload)
    return caught.value


def body(**changes: object) -> bytes:
    return msgspec.json.encode({"boot": 1, "seq": 2, "at": 1795396376250, "kind": "left"} | changes)


def test_the_reading_of_the_documentation_is_decoded_whole():
    assert read(GOLDEN) == Reading(
        device_id="sensor-1",
        boot=7,
        seq=42,
        at=datetime(2026, 11, 23, 1, 12, 56, 250_000, tzinfo=UTC),
        kind=ReadingKind.ARRIVED,
        received_at=RECEIVED_AT,
        numbering=Numbering.DENSE,
        sent_at=datetime(2026, 11, 23, 1, 12, 57, tzinfo=UTC),
        plate="粤B12345",
        plate_color="blue",
        confidence=97,
        battery=88,
        rssi=-71,
        previous_state_s=340,
    )


def test_an_instant_in_milliseconds_means_the_same_as_one_in_text():
    assert read(body(at=1795396376250)).at == read(GOLDEN).at


def test_an_instant_is_in_utc_whatever_offset_it_came_with():
    assert read(body(at="2026-11-23T09:12:56+08:00")).at.utcoffset() == timedelta(0)


def test_keys_of_newer_firmware_are_ignored():
    assert read(body(humidity=40, nested={"a": [1, 2.5, None]})) == read(body())


@pytest.mark.parametrize(
    "written", ["粤Ｂ１２３４５", "粤b12345", "粤B·12345", " 粤B 123 45 ", "粤B-12345"]
)
def test_a_plate_is_normalised_once(written):
    assert read(body(plate=written)).plate == "粤B12345"


@pytest.mark.parametrize(
    "plate", ["", "粤В12345", "粤B12345\x00", "粤B{$ne}1", "1" * 13, "粤B1\u202e2345", "粤BΑ2345"]
)
def test_a_plate_with_other_letters_is_refused_and_not_guessed(plate):
    assert refusal(body(plate=plate)).reason is Reason.WRONG_SCHEMA


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.TRUNCATED),
        (GOLDEN[: len(GOLDEN) // 2], Reason.TRUNCATED),
        (b" " * 9000, Reason.OVERSIZED),
        (b'{"boot":NaN,"seq":2,"at":1,"kind":"left"}', Reason.NOT_A_NUMBER),
        (b'{"boot":1,"seq":2,"at":-Infinity,"kind":"left"}', Reason.NOT_A_NUMBER),
        (b'{"boot":1,"seq":2,"at":1e400,"kind":"left"}', Reason.NOT_A_NUMBER),
        (b'{"boot":1,"seq":2,"at":1,"kind":"left","rssi":NaN}', Reason.NOT_A_NUMBER),
        (b'{"boot":1,"seq":2,"seq":3,"at":1,"kind":"left"}', Reason.WRONG_SCHEMA),
        (b'{"boot":1,"s\\u0065q":2,"seq":3,"at":1,"kind":"left"}', Reason.WRONG_SCHEMA),
        (b'{"boot":1,"seq":2,"at":1,"kind":"left","x":' + b"[" * 8000, Reason.WRONG_SCHEMA),
        (
            b'{"boot":1,"seq":2,"at":1,"kind":"left","x":' + b"[" * 4000 + b"]" * 4000 + b"}",
            Reason.WRONG_SCHEMA,
        ),
        (b"\xff\xfe" + GOLDEN, Reason.WRONG_SCHEMA),
        (b"null", Reason.WRONG_SCHEMA),
        (b"[]", Reason.WRONG_SCHEMA),
        (b'{"boot":1,"seq":2,"at":1,"kind":"left"} trailing', Reason.WRONG_SCHEMA),
    ],
)
def test_what_is_no_reading_is_refused_with_its_reason(payload, reason):
    assert refusal(payload).reason is reason


@pytest.mark.parametrize(
    "change",
    [
        {"boot": True},
        {"boot": 1.0},
        {"boot": "1"},
        {"boot": -1},
        {"seq": 2**53},
        {"seq": None},
        {"at": "2026-11-23T09:12:56"},
        {"at": "2100-01-01T00:00:00Z"},
        {"at": "0001-01-01T00:00:00+08:00"},
        {"at": -1},
        {"at": 2**53},
        {"at": True},
        {"kind": "Arrived"},
        {"kind": {"$ne": None}},
        {"plate_color": "pink"},
        {"confidence": 101},
        {"battery": -1},
        {"battery": 88.5},
        {"rssi": 51},
        {"previous_state_s": -1},
        {"berth_code": ""},
        {"berth_code": "A 1"},
        {"alarm": "no spaces"},
        {"kind": "alarm"},
    ],
)
def test_a_value_outside_its_range_is_refused(change):
    assert refusal(body(**change)).reason is Reason.WRONG_SCHEMA


def test_a_refusal_says_the_number_when_it_was_legible():
    assert refusal(body(kind="flew")).number == (1, 2)
    assert refusal(body(plate="?")).number == (1, 2)
    assert refusal(body(boot=True)).number is None
    assert refusal(GOLDEN[:40]).number is None


# Hypothesis wants its bounds naive.
first, last = datetime(1970, 1, 1), datetime(2099, 12, 31)  # noqa: DTZ001
instants = st.datetimes(first, last, timezones=st.just(UTC))


@given(
    boot=st.integers(0, 2**53 - 1),
    seq=st.integers(0, 2**53 - 1),
    at=instants,
    sent_at=st.none() | instants,
    kind=st.sampled_from(ReadingKind),
    plate=st.none() | st.from_regex(r"[粤京沪][A-Z][A-Z0-9]{5,6}", fullmatch=True),
    confidence=st.none() | st.integers(0, 100),
    rssi=st.none() | st.integers(-200, 50),
    berth_code=st.none() | st.from_regex(r"[A-Z]{1,3}-[0-9]{1,4}", fullmatch=True),
)
def test_whatever_a_device_may_say_is_read_as_it_was_said(**said):
    alarm = "tilted" if said["kind"] is ReadingKind.ALARM else None
    expected = Reading(
        device_id="sensor-1",
        received_at=RECEIVED_AT,
        numbering=Numbering.DENSE,
        alarm=alarm,
        **said,
    )

    assert read(msgspec.json.encode(said | {"alarm": alarm})) == expected
