"""What is said of a berth or a stay in every fact about it."""

from datetime import datetime
from typing import Any

from server.domain.stay.events import OccupancyChanged, StayIdentified
from server.domain.stay.model import Occupancy, Stay


def occupancy_changed(
    before: Occupancy, after: Occupancy, *, heard_at: datetime
) -> OccupancyChanged:
    """Say that a berth has another state, or another car."""
    return OccupancyChanged(
        at=after.since,
        berth_id=after.id,
        berth=after.berth,
        before=before.state,
        state=after.state,
        confidence=after.confidence,
        since=after.since,
        heard_at=heard_at,
        v=after.v,
        stay=after.stay,
    )


def identified(before: Stay, after: Stay, *, at: datetime) -> StayIdentified:
    """Say that a stay has another plate, and to whom it does not belong any more."""
    lost = before.owner_id if before.owner_id != after.owner_id else None
    return StayIdentified(
        at=at,
        before=before.plate,
        owner_before=lost,
        **about(after),
    )


def about(stay: Stay) -> dict[str, Any]:
    """Give what every fact about a stay says."""
    return {
        "stay_id": stay.id,
        "berth_id": stay.berth_id,
        "berth": stay.berth,
        "plate": stay.plate,
        "owner_id": stay.owner_id,
        "arrived_at": stay.arrived_at,
        "state": stay.state,
        "left_at": stay.left_at,
        "amount": stay.amount,
    }


def priced(stay: Stay) -> dict[str, Any]:
    """Give what a fact about a priced stay says."""
    assert stay.left_at is not None
    return {
        **about(stay),
        "lines": stay.lines,
        "revision": stay.revision,
    }
