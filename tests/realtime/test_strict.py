"""Close frames that a peer must not send are answered with 1002."""

import struct

import pytest

from realtime.strict import is_well_formed


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_a_code_that_may_be_sent_is_well_formed(code: int) -> None:
    assert is_well_formed(struct.pack("!H", code))
    assert is_well_formed(struct.pack("!H", code) + "再见".encode())


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000])
def test_a_code_that_must_not_be_sent_is_not(code: int) -> None:
    assert not is_well_formed(struct.pack("!H", code))


@pytest.mark.parametrize(
    ("body", "well"), [(b"", True), (b"\x03", False), (b"\x03\xe8\xff", False)]
)
def test_a_body_is_nothing_or_a_code_and_a_text(body: bytes, well: bool) -> None:
    assert is_well_formed(body) is well
