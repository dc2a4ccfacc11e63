"""A place changes its tariff on real servers: who came before, who came after, and what both owe."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.city import City
from tests.e2e.street import Client, clerk, minutes_with_a_fee, street_of

pytestmark = pytest.mark.e2e
# Nobody else's cars park here, and no camera watches it.
SECTION = "福强路（益田路—金田路）"
BEFORE, AFTER = "粤B88661", "粤B88662"
USE = {"rates": [{"from_min": 0, "to_min": 1440, "steps": [{"until_min": None, "amount": 800}]}]}


async def published(who: Client, code: str) -> dict[str, Any]:
    """Publish a tariff of 8 yuan a time."""
    now = datetime.now(UTC)
    draft = await who.ask("POST", "/tariffs", {"code": code, "name": "按次八元", "terms": USE})
    path, trial = (
        f"/tariffs/{draft['id']}",
        {
            "arrived_at": now.isoformat(),
            "left_at": (now + timedelta(hours=1)).isoformat(),
            "expected": 800,
        },
    )
    valid = (await who.ask("POST", f"{path}/validation", {"v": draft["v"]}))["tariff"]
    tried = await who.ask("POST", f"{path}/trial", {"v": valid["v"], **trial})
    made: dict[str, Any] = await who.ask("POST", f"{path}/publication", {"v": tried["v"]})
    return made


async def billed(who: Client, number: str) -> int:
    """Wait for the bill of a car, and give what it asks for."""
    bills: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while not bills:
            await asyncio.sleep(0.2)
            bills = (await who.ask("GET", f"/bills?number={quote(number)}"))["items"]
    return int(bills[0]["due"])


async def test_who_came_before_pays_the_old_price_and_who_came_after_the_new(city: City) -> None:
    who, street = await clerk(city, "city"), await street_of(city, SECTION)
    place_id = street.section["id"]
    early = await street.park(BEFORE, minutes_ago=minutes_with_a_fee())
    shown = await city.get(f"/api/motorist/places/{place_id}")
    tariff = await published(who, "per-use")
    places = (await who.ask("GET", "/tariff-places"))["items"]
    chosen = {
        "places": [{"id": one["id"], "v": one["v"]} for one in places if one["id"] == place_id]
    }

    preview = await who.ask("POST", f"/tariffs/{tariff['id']}/assignment-previews", chosen)
    done = await who.ask("POST", f"/tariffs/{tariff['id']}/assignments", chosen)
    begins_in_s = (
        datetime.fromisoformat(done["begins_at"]).timestamp() - datetime.now(UTC).timestamp()
    )
    await asyncio.sleep(max(0.0, begins_in_s))
    late = await street.park(AFTER, minutes_ago=0)
    await street.leave(early)
    await street.leave(late)

    assert (preview["places"], preview["splitting"]) == (1, 0)
    assert preview["running"] >= 1
    assert await billed(who, AFTER) == 800
    assert await billed(who, BEFORE) not in (0, 800)
    now = await city.get(f"/api/motorist/places/{place_id}")
    assert now["price"]["summary"] != shown["price"]["summary"]
    assert "8" in now["price"]["summary"]
    using = (await who.ask("GET", "/tariff-places?code=per-use"))["items"]
    assert [one["id"] for one in using] == [place_id]
