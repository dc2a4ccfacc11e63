"""Signed readings: golden bytes, and every way in which a signature is not the right one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import decode
from devices.dead_letters import Unreadable
from devices.signatures import HEAD_BYTES, body_of, is_genuine, is_signed, sign
from server.domain.equipment import signing_key
from tests.world import NOON

SECRET = "a secret of 256 random bits, as a device is given it"
TOPIC = "devices/sensor-391001/up/reading"
BODY = b'{"boot":7,"seq":42,"at":1795396376250,"kind":"arrived"}'
# The example of docs/devices.md.
KEY = "b722bcee47edd0bc777be975467321627e345c594e4a3d051a6c0468fb35395b"
SIGNATURE = "69677940c0ae750526bee69557f434abad03bb34e2fb33f651bd2725966c6ba5"


def test_the_example_of_the_document_comes_out_as_printed() -> None:
    key = signing_key(SECRET)

    assert key.hex() == KEY
    assert sign(key, TOPIC, BODY) == b"S1" + bytes.fromhex(SIGNATURE) + BODY


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_what_was_signed_is_genuine_and_comes_out_whole(body: bytes, key: bytes) -> None:
    signed = sign(key, TOPIC, body)

    assert is_signed(signed)
    assert is_genuine(key, TOPIC, signed)
    assert body_of(signed) == body


@given(st.integers(0, HEAD_BYTES + len(BODY) - 1), st.integers(1, 255))
def test_a_byte_that_is_changed_anywhere_is_noticed(at: int, flip: int) -> None:
    key = signing_key(SECRET)
    forged = bytearray(sign(key, TOPIC, BODY))
    forged[at] ^= flip

    assert not (is_signed(bytes(forged)) and is_genuine(key, TOPIC, bytes(forged)))


@pytest.mark.parametrize(
    "topic", ["devices/sensor-391002/up/reading", "devices/sensor-391001/up/geomag", ""]
)
def test_a_reading_cannot_be_moved_to_another_topic(topic: str) -> None:
    key = signing_key(SECRET)

    assert not is_genuine(key, topic, sign(key, TOPIC, BODY))


def test_what_ends_within_the_signature_is_not_genuine() -> None:
    key = signing_key(SECRET)
    signed = sign(key, TOPIC, b"")

    for length in range(len(signed)):
        assert not is_genuine(key, TOPIC, signed[:length])


@pytest.mark.parametrize("kind", ["reading", "geomag", "vzenith"])
def test_no_codec_takes_a_signed_message_for_one_of_its_own(kind: str) -> None:
    with pytest.raises(Unreadable):
        decode(kind, "d1", sign(signing_key(SECRET), TOPIC, BODY), NOON)
