"""What a channel is sent."""

from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """What one channel is to be sent. On a state channel publications of one batch are joined.

    With a key it is sent once, however often it is made of the same facts.
    """

    channel: str
    data: Data
    key: str = ""
