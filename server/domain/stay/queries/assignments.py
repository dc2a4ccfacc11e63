"""What putting places under another tariff would mean for the cars that stand there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.stay.model import Stay
from server.domain.tariff import Assignment, load_pricing, plan_assignment, tariff_names
from server.kernel.errors import Refused
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Left:
    """A tariff that places leave."""

    code: str
    name: str
    places: int


@dataclass(frozen=True, slots=True)
class AssignmentPreview:
    """How much moves: `running` stays keep their tariff, but for those that theirs is `splitting`."""

    plan: Assignment
    berths: int
    running: int
    splitting: int
    left: Sequence[Left]


async def preview_assignment(
    work: Work, *, tariff_id: str, places: Mapping[str, int], begins_at: datetime | None = None
) -> AssignmentPreview:
    """Say what `assign_tariff` would change; refuses what it refuses."""
    plan = await plan_assignment(work, tariff_id=tariff_id, places=places, begins_at=begins_at)
    used = [place.tariff_at(work.now) for place in plan.moving]
    left = Counter(code for code in used if code != plan.tariff.code)
    names = await tariff_names(work, set(left))
    running = await work.table(Stay).aggregate(
        [
            {
                "$match": {
                    # The index of all figures begins with these two.
                    "berth.organization_id": work.actor.organization_id,
                    "open": True,
                    "berth.place_id": {"$in": [place.id for place in plan.moving]},
                }
            },
            {"$project": {"_id": 0, "code": "$berth.tariff_id", "arrived_at": 1}},
        ]
    )
    return AssignmentPreview(
        plan,
        berths=sum(place.total for place in plan.moving),
        running=len(running),
        splitting=await _splitting(
            work, [(row["code"], row["arrived_at"]) for row in running], plan.begins_at
        ),
        left=[Left(code, names.get(code, code), count) for code, count in left.most_common()],
    )


async def _splitting(
    work: Work, running: Sequence[tuple[str, datetime]], begins_at: datetime
) -> int:
    """Count the running stays that their tariff splits when its place changes to another."""
    pricing = await load_pricing(work, {code for code, _ in running})
    count = 0
    for code, arrived_at in running:
        try:
            count += not pricing[code].keeps(arrived_at, begins_at)
        except Refused:  # nothing was in force when it began: it has no price either way
            continue
    return count
