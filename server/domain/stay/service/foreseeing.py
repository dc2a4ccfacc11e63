"""Use case of a running stay's price: what it is now, and when it will be another."""

from server.domain.stay.rules.ahead import Forecast, foresee
from server.domain.stay.service import Stays, policy_of
from server.domain.stay.service.edits import stay_in_sight
from server.kernel.errors import Refused
from server.kernel.work import Work


async def foresee_price(work: Work, *, stay_id: str) -> Forecast:
    """Price a stay that runs as if it ended now, and say when it will cost more."""
    stay = await stay_in_sight(work, stay_id=stay_id)
    if not stay.open:
        raise Refused("stay_closed", "停车记录已结束", stay_id=stay.id)
    pricer = await Stays(work, await policy_of(work)).pricer(stay)
    return foresee(pricer, at=max(work.now, stay.arrived_at))
