"""What all codecs share: the size limit, instants, plate text, and their common shape."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from devices.dead_letters import Reason, Unreadable
from server.domain.equipment import Reading

# 8 KiB: the longest camera result without pictures is 2.5 KiB, a canonical reading 0.4 KiB.
MAX_PAYLOAD_BYTES = 8 * 1024

# (device id, payload, received at) → readings; raises `Unreadable` and nothing else.
Codec = Callable[[str, bytes, datetime], list[Reading]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2100, 1, 1, tzinfo=UTC)
_END_MS = int(_END.timestamp()) * 1000
# Marks that people and cameras put inside a plate and that are no part of it.
_ORNAMENTS = str.maketrans("", "", " ·•・.-\u3000")
_PLATE = re.compile(r"[A-Z0-9\u4e00-\u9fff]{4,12}")
_BERTH_CODE = re.compile(r"[\w.#-]{1,32}")


def check_size(payload: bytes) -> None:
    """Refuse a payload that is longer than any honest one."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise Unreadable(Reason.OVERSIZED, f"{len(payload)} bytes")


def instant_of_ms(milliseconds: int) -> datetime:
    """Turn epoch milliseconds into an aware UTC instant, exactly; refuse what is outside 1970–2099."""
    if not 0 <= milliseconds < _END_MS:
        raise Unreadable(Reason.WRONG_SCHEMA, f"no instant of 1970 to 2099: {milliseconds} ms")
    return _EPOCH + timedelta(milliseconds=milliseconds)


def instant_of(value: int | datetime) -> datetime:
    """Turn epoch milliseconds or an aware instant into UTC; refuse what is outside 1970–2099."""
    if isinstance(value, int):
        return instant_of_ms(value)
    # Compared before it is converted: year 1 east of Greenwich has no UTC form.
    if not _EPOCH <= value < _END:
        raise Unreadable(Reason.WRONG_SCHEMA, f"no instant of 1970 to 2099: {value.isoformat()}")
    return value.astimezone(UTC)


def plate_of(text: str) -> str:
    """Normalise a plate once: full-width becomes half-width, capitals, no dots or spaces.

    Letters of other scripts that merely look alike (Cyrillic В) are refused, not guessed.
    """
    plate = unicodedata.normalize("NFKC", text).translate(_ORNAMENTS).upper()
    if not _PLATE.fullmatch(plate):
        raise Unreadable(Reason.WRONG_SCHEMA, f"no plate: {text[:40]!r}")
    return plate


def berth_code_of(text: str) -> str:
    """Accept a berth's painted code: 1 to 32 letters, digits, `_`, `.`, `#` or `-`."""
    if not _BERTH_CODE.fullmatch(text):
        raise Unreadable(Reason.WRONG_SCHEMA, f"no berth code: {text[:40]!r}")
    return text
