"""One plate on two berths: can that be one car, and whose stay is ended then. Pure."""

from server.domain.stay.model import Stay
from server.domain.stay.model.policies import Policy, SamePlate

# 60 m: a camera may read the neighbour's plate, and a car that changes berths is soon there.
NEAR_M = 60


def is_impossible(distance_m: float, gap_s: float, *, speed_kmh: int) -> bool:
    """Say whether no car can have come that far in the time between the two sightings.

    Within 60 m it is a misread, or a car that was moved. A time that is not positive says that it
    was seen there after it was seen here.
    """
    if distance_m <= NEAR_M:
        return False
    return gap_s <= 0 or distance_m * 3.6 > speed_kmh * gap_s


def ends_older(older: Stay, newer: Stay, policy: Policy) -> bool:
    """Say whether the older stay of a plate is to end because the car is seen again."""
    match policy.same_plate:
        case SamePlate.KEEP:
            return False
        case SamePlate.OPERATOR:
            return older.berth.organization_id == newer.berth.organization_id
        case SamePlate.PLACE:
            return older.berth.place_id == newer.berth.place_id
