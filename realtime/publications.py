"""What a channel is sent."""

from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """What one channel is to be sent. On a state channel publications of one batch are joined."""

    channel: str
    data: Data
