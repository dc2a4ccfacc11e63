"""What other contexts' facts mean for bills."""

from collections.abc import Sequence

from server.domain.billing.service import bill_stays
from server.domain.stay import StayClosed, StayCorrected, StayIdentified, StayVoided
from server.kernel.events import reacts_to
from server.kernel.work import Work


@reacts_to(StayClosed, StayCorrected, StayIdentified, StayVoided)
async def bill_priced_stays(
    work: Work, facts: Sequence[StayClosed | StayCorrected | StayIdentified | StayVoided]
) -> None:
    """Issue, or issue anew, the bills of the stays whose price or plate is known now, or that were none."""
    stay_ids = [fact.stay_id for fact in facts if not _still_open(fact)]
    if stay_ids:
        await bill_stays(work, stay_ids=stay_ids)


def _still_open(fact: StayClosed | StayCorrected | StayIdentified | StayVoided) -> bool:
    return isinstance(fact, StayIdentified) and not fact.billable
