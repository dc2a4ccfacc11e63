"""What keeps two cars from standing on one berth at one time, whatever edits say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from server.domain.stay.model import Stay, StayState
from server.domain.stay.model.edits import Version
from server.kernel.errors import Refused
from server.kernel.work import AtLeast, Work

# A minute: people give times in minutes, devices in seconds.
LENIENCE = timedelta(minutes=1)
NEVER = datetime.max.replace(tzinfo=UTC)


async def check_overlaps(work: Work, versions: Sequence[Version]) -> None:
    """Refuse with `berth_was_taken` what puts a stay on a berth while another car stood there.

    A stay that only becomes shorter is put nowhere.
    """
    ours = {one.after.id for one in versions}
    for version in versions:
        after = version.after
        if after.state is StayState.VOID or _is_within(after, version.before):
            continue
        others = await _near(work, after)
        taken = next((one for one in others if one.id not in ours and _overlap(one, after)), None)
        if taken is not None:
            raise Refused(
                "berth_was_taken",
                "该时段该泊位停着另一辆车",
                stay_id=after.id,
                berth_id=after.berth_id,
                other_id=taken.id,
            )


def _is_within(after: Stay, before: Stay | None) -> bool:
    """Say whether a stay takes no more of its berth's time than it did."""
    if before is None or before.state is StayState.VOID or before.berth_id != after.berth_id:
        return False
    return before.arrived_at <= after.arrived_at and _end(after) <= _end(before)


def _end(stay: Stay) -> datetime:
    return NEVER if stay.open or stay.left_at is None else stay.left_at


async def _near(work: Work, stay: Stay) -> list[Stay]:
    """Read the stays on the same berth that had not ended when this one began."""
    rows = work.table(Stay)
    ended = await rows.find({"berth_id": stay.berth_id, "left_at": AtLeast(stay.arrived_at)})
    return [*ended, *await rows.find({"berth_id": stay.berth_id, "open": True})]


def _overlap(one: Stay, other: Stay) -> bool:
    if one.state is StayState.VOID or (one.open and other.open):
        return False  # of two that are open the store's index knows
    begin, until = max(one.arrived_at, other.arrived_at), min(_end(one), _end(other))
    return until - begin > LENIENCE
