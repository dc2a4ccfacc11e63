"""Whatever the network brings, a codec either reads it or refuses it: nothing else ever rises."""

import binascii
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from devices.codecs import CODECS, decode
from devices.dead_letters import Unreadable

RECEIVED_AT = datetime(2026, 11, 23, 1, 12, 58, tzinfo=UTC)

kinds = st.sampled_from([*CODECS, "nobody_knows"])
leaves = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
KEYS = ["boot", "seq", "at", "kind", "plate", "sent_at", "rssi", "alarm", "berth_code", "name"]


@given(kind=kinds, payload=st.binary(max_size=200))
@example(kind="reading", payload=b"[" * 8000)
@example(kind="vzenith", payload=b'{"name":"ivs_result","payload":' + b'{"a":' * 1300)
def test_any_bytes_are_read_or_refused(kind, payload):
    with suppress(Unreadable):
        assert decode(kind, "any", payload, RECEIVED_AT)


@given(
    kind=st.sampled_from(["reading", "vzenith"]),
    value=st.dictionaries(st.sampled_from(KEYS), values),
)
def test_any_json_object_is_read_or_refused(kind, value):
    with suppress(Unreadable):
        assert decode(kind, "any", msgspec.json.encode(value), RECEIVED_AT)


@given(inside=st.binary(min_size=25, max_size=25))
def test_any_frame_with_a_right_checksum_is_read_or_refused(inside):
    frame = b"\xfe\x6d\x1b" + inside
    frame += binascii.crc_hqx(frame, 0xFFFF).to_bytes(2)

    with suppress(Unreadable):
        [reading] = decode("geomag", "any", frame, RECEIVED_AT)
        assert 0 <= reading.confidence <= 100
        assert 0 <= reading.battery <= 100
