"""Ids that sort by the time they were made, so that new rows land at the end of an index."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def new_id() -> str:
    """Make an id of 20 letters: 9 of milliseconds, 11 of chance (55 bits)."""
    chance = int.from_bytes(os.urandom(7)) >> 1
    return _base32(time.time_ns() // 1_000_000, 9) + _base32(chance, 11)
