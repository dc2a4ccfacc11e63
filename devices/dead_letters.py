"""Dead letters: messages set aside, each with the reason, so that the stream goes on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from devices.signatures import HEAD_BYTES

# A dead letter keeps this much of its message, the longest honest one with its signature: a refused
# 10 MB payload must not be stored whole.
KEPT_BYTES = 8 * 1024 + HEAD_BYTES


class Reason(StrEnum):
    """Why a message was set aside; the code is stable and is what operators search by."""

    TRUNCATED = "truncated"
    OVERSIZED = "oversized"
    NOT_A_NUMBER = "not_a_number"
    WRONG_SCHEMA = "wrong_schema"
    BAD_CHECKSUM = "bad_checksum"
    UNKNOWN_CODEC = "unknown_codec"
    UNKNOWN_DEVICE = "unknown_device"
    BAD_TOPIC = "bad_topic"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    FAILED = "failed"


class Unreadable(Exception):
    """A codec's only refusal: the reason, a detail for people, and the number if that was legible.

    `number` is (boot, seq): with it the device can be told to stop sending the reading again.
    """

    def __init__(
        self, reason: Reason, detail: str, *, number: tuple[int, int] | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.number = number


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message set aside: enough to understand it and to play it again."""

    topic: str
    payload: bytes
    size: int
    reason: Reason
    detail: str
    received_at: datetime
    device_id: str | None

    @property
    def whole(self) -> bool:
        """Say whether the payload was kept whole, so that it can be played again."""
        return len(self.payload) == self.size


# Stores dead letters durably; raises `Unavailable` while the store is away.
Bury = Callable[[Sequence[DeadLetter]], Awaitable[None]]
