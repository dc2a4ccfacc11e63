"""无感支付 (autopay): cars that are debited when they have gone, by a mandate their driver gave.

A car with a plate that comes to a place where autopay is on is told to the provider: a parking
entry. When it has gone and is billed, the bill is debited if the entry is good then. What cannot be
debited is tried again a few times, and is arrears after that. The mandate itself is the provider's.
"""

from server.domain.autopay.events import ParkingEntryChanged
from server.domain.autopay.model import Block, Closing, EntryState, ParkingEntry
from server.domain.autopay.rules import LADDER
from server.domain.autopay.service import (
    Debit,
    begin_debit,
    debit_of,
    decline_entry,
    follow_stays,
    hear_entry,
    put_off_entry,
)

__all__ = [
    "LADDER",
    "Block",
    "Closing",
    "Debit",
    "EntryState",
    "ParkingEntry",
    "ParkingEntryChanged",
    "begin_debit",
    "debit_of",
    "decline_entry",
    "follow_stays",
    "hear_entry",
    "put_off_entry",
]
