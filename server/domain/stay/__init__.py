"""停车记录与泊位状态: what stands on a berth (occupancy), and how long a car stays (stay).

Readings come in, put in order by `equipment`; berths change their state and stays open and close.
Occupancy, stay and money are three records that are kept apart: a sensor that errs must not bill.
"""

from server.domain.stay.events import (
    OccupancyChanged,
    StayClosed,
    StayCorrected,
    StayIdentified,
    StayOpened,
    StayVoided,
    SupplyChanged,
)
from server.domain.stay.model import (
    BerthLabel,
    Occupancy,
    OccupancyState,
    Stay,
    StayLabel,
    StayState,
    Supply,
)
from server.domain.stay.rules import Policy
from server.domain.stay.service import (
    identify_berth,
    observe,
    open_berths,
    price_stay,
)

__all__ = [
    "BerthLabel",
    "Occupancy",
    "OccupancyChanged",
    "OccupancyState",
    "Policy",
    "Stay",
    "StayClosed",
    "StayCorrected",
    "StayIdentified",
    "StayLabel",
    "StayOpened",
    "StayState",
    "StayVoided",
    "Supply",
    "SupplyChanged",
    "identify_berth",
    "observe",
    "open_berths",
    "price_stay",
]
