"""A plate that an officer types while its car stands elsewhere: he is refused, and a person is told."""

from datetime import timedelta

import pytest

from server.domain.stay import Review, identify_berth
from server.domain.stay.jobs import settle_berths
from server.domain.vehicle import Plate, PlateColor
from tests.handlers.conftest import Site, code
from tests.world import NOON

PLATE = Plate("粤B12345", PlateColor.BLUE)


@pytest.mark.parametrize("way", ["plate", "arrival", "correction"])
async def test_he_is_refused_and_a_person_is_told(site: Site, way: str) -> None:
    world = site.world
    await world.see("d1", "arrived", at_s=0)
    if way != "arrival":
        await world.see("d2", "arrived", at_s=0)
    world.now = NOON + timedelta(minutes=2)
    await world.job(settle_berths)
    first = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    plate = {"number": PLATE.number, "color": PLATE.color.value}
    if way == "plate":
        path, body = "/api/patrol/berths/b2/plate", plate
    elif way == "arrival":
        path = "/api/patrol/arrivals"
        body = {"berth_id": "b2", "plate": plate, "arrived_at": world.now.isoformat()}
    else:
        [here] = await world.stays("b2")
        path = "/api/patrol/plate-corrections"
        body = {"stay_id": here.id, "plate": plate, "reason": "看错"}

    if way != "plate":
        body["client_id"] = "handheld-0001"
    answer = await site.ask("POST", path, body, token=await site.token("patrol", "patrol1"))

    assert code(answer) == (409, "plate_has_open_stay")
    [review] = await world.run(lambda work: work.table(Review).find({}))
    assert (review.stay_id, review.seen) == (first.id, PLATE)
