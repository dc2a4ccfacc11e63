"""What motorists and clerks see of autopay, and who does not see it."""

from dataclasses import replace

import pytest

from server.domain.autopay import ParkingEntry
from server.domain.autopay.reactions import follow_cars
from server.domain.stay import Stay, StayOpened, change_policy
from server.domain.vehicle import Plate, PlateColor, Vehicle, register_vehicles
from server.kernel.work import Work
from tests.domain.money import PLATE, closed_stay
from tests.handlers.conftest import Site, code, said
from tests.world import NOON


async def told_of(site: Site) -> ParkingEntry:
    """Let a car stand where autopay is on."""
    world = site.world
    await world.run(change_policy, scope="place:s1", values={"autopay": "on"}, v=0)

    async def park(work: Work) -> Stay:
        stay = replace(closed_stay("stay1", 0), open=True, left_at=None, amount=None)
        return work.table(Stay).add(stay)

    stay = await world.run(park)
    opened = StayOpened(
        at=NOON,
        stay_id=stay.id,
        berth_id=stay.berth_id,
        berth=stay.berth,
        plate=PLATE,
        owner_id=None,
        arrived_at=NOON,
    )
    for _ in range(2):
        await world.run(follow_cars, facts=[opened])
    [entry] = await world.run(lambda work: work.table(ParkingEntry).find({}))
    return entry


async def test_a_motorist_asks_for_his_own_plates_only(site: Site) -> None:
    token = await site.motorist()
    other = Vehicle(id="v9", plate=Plate("粤B99999", PlateColor.BLUE), owner_id="somebody")
    await site.world.run(register_vehicles, vehicles=[other])

    async def ask(vehicle_id: str, query: str = "?payer=openid-1") -> tuple[int, str]:
        path = f"/api/motorist/vehicles/{vehicle_id}/autopay{query}"
        answer = await site.ask("GET", path, token=token)
        return (200, said(answer)["service"]) if answer.code == 200 else code(answer)

    mine = said(await site.ask("GET", "/api/motorist/vehicles", token=token))["items"]
    bound = await site.ask(
        "POST", "/api/motorist/vehicles", {"number": "粤B55555", "color": "blue"}, token=token
    )
    own = said(bound)["vehicle"]["id"]
    assert await ask(own) == (200, "normal")
    assert (await ask(own, ""))[0] == 422
    assert await ask("v9") == (404, "vehicle_not_found")
    assert "v9" not in [one["id"] for one in mine]


async def test_a_motorist_is_shown_the_providers_pages_and_his_own_stays(site: Site) -> None:
    entry = await told_of(site)
    token = await site.motorist()

    mandate = said(
        await site.ask("GET", "/api/motorist/vehicles/v1/autopay?payer=openid-1", token=token)
    )
    own = said(await site.ask("GET", "/api/motorist/autopay", token=token))
    nobody = await site.ask("GET", "/api/motorist/autopay")

    assert mandate["page"]["told"] == {"plate": f"blue {PLATE.number}", "payer": "openid-1"}
    assert mandate["repay"]["path"] == "repay"
    [vehicle] = own["vehicles"]
    assert (vehicle["id"], vehicle["standing"], vehicle["told_at"]) == ("v1", None, None)
    assert own["grounds"][0]["places"] == 1
    shown = [(one["stay_id"], one["outcome"], one["state"]) for one in own["debits"]]
    assert shown == [(entry.stay_id, "standing", "asked")]
    assert code(nobody) == (401, "login_required")


async def test_clerks_in_scope_see_what_the_provider_was_told(site: Site) -> None:
    entry = await told_of(site)
    path = f"/api/console/stays/{entry.stay_id}/parking-entries"

    shown = said(await site.ask("GET", path, token=await site.token("console", "finance")))
    far = await site.ask("GET", path, token=await site.token("console", "district"))

    [row] = shown["items"]
    assert (row["id"], row["state"], row["attempt"]) == (entry.id, "asked", 1)
    assert row["plate"] == {"number": PLATE.number, "color": "blue"}
    assert (row["block"], row["closing"], row["parking_id"]) == (None, None, "")
    assert far.code == 404


@pytest.mark.parametrize(
    "values", [{"autopay": "maybe"}, {"autopay_limit": 0}, {"autopay_limit": 1.5}]
)
async def test_the_switchboard_takes_only_what_makes_sense(
    site: Site, values: dict[str, object]
) -> None:
    token = await site.token("console", "city")
    body = {"scope": "place:s1", "values": values, "v": 0}

    refused = await site.ask("PUT", "/api/console/policies", body, token=token)

    assert code(refused) == (422, "policy_invalid")
