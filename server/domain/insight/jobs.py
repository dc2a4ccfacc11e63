"""The figures of the home page, brought up to date at a pace."""

from typing import Any
from zoneinfo import ZoneInfo

from server.domain.identity import Organization
from server.domain.insight.events import FiguresChanged
from server.domain.insight.model import Figures
from server.domain.insight.queries import devices, due, room, stays
from server.domain.stay import Policy
from server.kernel.nouns import replace
from server.kernel.period import city_date, day_start
from server.kernel.schedule import job
from server.kernel.work import Work


@job(every_s=1)
async def refresh_figures(work: Work) -> None:
    """Count each organization's figures, and tell those that have changed."""
    policy = await work.table(Policy).maybe("city") or Policy()
    zone = ZoneInfo(policy.time_zone)
    since = day_start(city_date(work.now, zone), zone)
    rows = work.table(Figures)
    for organization in await work.table(Organization).find({}):
        before = await rows.maybe(organization.id)
        counted: dict[str, Any] = {
            **await room(work, organization_id=organization.id),
            **await stays(work, organization_id=organization.id, since=since),
            **await devices(work, organization_id=organization.id),
            "due_today": await due(work, organization_id=organization.id, since=since),
        }
        after = replace(before or Figures(id=organization.id), **counted)
        if after != before:
            kept = rows.save(after) if before else rows.add(after)
            work.tell(FiguresChanged(at=work.now, figures=kept))
