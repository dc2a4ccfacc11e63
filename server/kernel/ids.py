"""Ids that sort by the time they were made, so that new rows land at the end of an index."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new_id() -> str:
    """Make an id of 20 letters: 9 of milliseconds, 11 of chance (55 bits)."""
    chance = int.from_bytes(os.urandom(7)) >> 1
    return _base32(time.time_ns() // 1_000_000 << 55 | chance)


def _base32(number: int) -> str:
    """Write 100 bits, two letters at a time: half the time of one at a time."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(90, -1, -10)])
