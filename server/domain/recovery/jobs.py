"""What is done for arrears at a pace: graces end, time moves cases, alerts are told again."""

from datetime import datetime, timedelta

from server.domain.identity import Organization
from server.domain.recovery.model import RecoveryCase, Watermark
from server.domain.recovery.model.alerts import Alert
from server.domain.recovery.queries import Unpaid, unpaid_between
from server.domain.recovery.service import bring_up
from server.domain.recovery.service.alerts import look_for_cars, tell_again
from server.domain.recovery.service.reminders import act_on
from server.domain.stay import policy_for
from server.kernel.nouns import replace
from server.kernel.period import EPOCH, MILLISECOND
from server.kernel.schedule import job
from server.kernel.work import AtMost, Work

# 500 bills a run, 100 a second: a city's rush hour ends 30 stays a second, and most are paid.
AT_ONCE = 500
# 1 s: a bill that was issued while the last look was taken may be committed a little later.
OVERLAP = timedelta(seconds=1)
# A minute: a mark that nothing was found behind need not be written each time.
MARK_EVERY = timedelta(minutes=1)


@job(every_s=5)
async def open_arrears(work: Work) -> None:
    """Open or grow the cases of plates whose bills have come to the end of their grace."""
    marks = work.table(Watermark)
    for organization in await work.table(Organization).find({}):
        mark = await marks.maybe(organization.id)
        upto = mark.upto if mark else EPOCH
        policy = await policy_for(work, organization_id=organization.id)
        cut = work.now - timedelta(minutes=policy.arrears_grace_min)
        if cut <= upto:
            continue
        found = await unpaid_between(
            work, organization_id=organization.id, since=upto - OVERLAP, until=cut, limit=AT_ONCE
        )
        debtors = [(organization.id, one.plate) for one in found]
        await look_for_cars(work, cases=await bring_up(work, debtors))
        reached = _reached(found, upto, cut)
        if mark is None:
            marks.add(Watermark(id=organization.id, upto=reached))
        elif found or reached - upto > MARK_EVERY:
            marks.save(replace(mark, upto=reached))


def _reached(found: list[Unpaid], upto: datetime, cut: datetime) -> datetime:
    """Say up to when everything was seen; a run that was full goes on where it ended."""
    return max(found[-1].issued_at, upto + MILLISECOND) if len(found) == AT_ONCE else cut


@job(every_s=5)
async def advance_arrears(work: Work) -> None:
    """Remind, and move the cases that time alone moves."""
    due = {"open": True, "act_at": AtMost(work.now)}
    for case in await work.table(RecoveryCase).find(due, sort="act_at", limit=AT_ONCE):
        await act_on(work, case)


@job(every_s=2)
async def repeat_alerts(work: Work) -> None:
    """Tell alerts again that nobody has acknowledged, and then let them go up."""
    due = {"tell_at": AtMost(work.now)}
    for alert in await work.table(Alert).find(due, sort="tell_at", limit=AT_ONCE):
        policy = await policy_for(work, organization_id=alert.berth.organization_id)
        tell_again(work, alert, policy)
