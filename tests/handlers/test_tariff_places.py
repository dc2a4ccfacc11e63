"""Who may put places under a tariff, and what the API says of it."""

from datetime import datetime, timedelta
from typing import Any

from server.domain.tariff import publish_tariffs
from tests.domain.test_tariff_places import DEAR
from tests.handlers.conftest import Site, code, said

PLACES = "/api/console/tariff-places"
ASSIGN = "/api/console/tariffs/dear@1/assignments"
CANCEL = f"{PLACES}/cancellations"
PREVIEW = "/api/console/tariffs/dear@1/assignment-previews"


async def seen(site: Site, token: str) -> dict[str, Any]:
    """Choose every place that one sees, as it is now."""
    items = said(await site.ask("GET", PLACES, token=token))["items"]
    return {"places": [{"id": one["id"], "v": one["v"]} for one in items]}


async def test_a_manager_looks_assigns_and_motorists_see_the_price(site: Site) -> None:
    await site.world.run(publish_tariffs, tariffs=[DEAR])
    token = await site.token("console", "city")
    chosen = await seen(site, token)

    preview = said(await site.ask("POST", PREVIEW, chosen, token=token))
    first = await site.ask("POST", ASSIGN, chosen, token=token)
    again = await site.ask("POST", ASSIGN, chosen, token=token)
    site.world.now += timedelta(seconds=2)
    price = said(await site.ask("GET", "/api/motorist/places/s1"))["price"]

    assert (preview["places"], preview["berths"], preview["running"]) == (1, 3, 0)
    assert preview["left"] == [{"code": "roadside", "name": "roadside", "places": 1}]
    assert (first.code, said(first)["places"], said(first)["unchanged"]) == (200, 1, 0)
    assert (again.code, said(again)["places"], said(again)["unchanged"]) == (200, 0, 1)
    assert price["summary"] == "¥10/小时"
    [using] = said(await site.ask("GET", f"{PLACES}?code=dear", token=token))["items"]
    assert (using["name"], using["division"], using["tariff"]) == ("福华路", "福田区", "贵")


async def test_whoever_lacks_the_right_the_scope_or_the_newest_version_is_refused(
    site: Site,
) -> None:
    await site.world.run(publish_tariffs, tariffs=[DEAR])
    city, district = (
        await site.token("console", "city"),
        await site.token("console", "district"),
    )
    finance = await site.token("console", "finance")
    chosen = await seen(site, city)
    stale = {"places": [{"id": "s1", "v": 99}]}

    assert (await seen(site, district)) == {"places": []}
    for path in (ASSIGN, PREVIEW):
        assert code(await site.ask("POST", path, chosen)) == (401, "login_required")
        refused = await site.ask("POST", path, chosen, token=finance)
        assert code(refused) == (403, "permission_missing")
        hidden = await site.ask("POST", path, chosen, token=district)
        assert code(hidden) == (404, "place_not_found")
        assert code(await site.ask("POST", path, stale, token=city)) == (409, "place_changed")
        nothing = await site.ask("POST", path, {"places": []}, token=city)
        assert code(nothing) == (422, "fields_invalid")


async def test_a_change_is_planned_shown_and_cancelled(site: Site) -> None:
    await site.world.run(publish_tariffs, tariffs=[DEAR])
    token = await site.token("console", "city")
    at = site.world.now + timedelta(days=30)
    plan = {**await seen(site, token), "begins_at": at.isoformat()}

    async def price() -> Any:
        return said(await site.ask("GET", "/api/motorist/places/s1"))["price"]

    preview = said(await site.ask("POST", PREVIEW, plan, token=token))
    planned = said(await site.ask("POST", ASSIGN, plan, token=token))
    [using] = said(await site.ask("GET", f"{PLACES}?code=dear", token=token))["items"]
    shown = await price()
    cancelled = await site.ask("POST", CANCEL, await seen(site, token), token=token)
    after = await site.ask("POST", CANCEL, await seen(site, token), token=token)

    assert (preview["places"], preview["replaced"]) == (1, 0)
    assert datetime.fromisoformat(preview["begins_at"]) == at
    assert datetime.fromisoformat(planned["begins_at"]) == at
    assert (using["tariff_code"], using["coming"]["tariff_code"]) == ("roadside", "dear")
    assert datetime.fromisoformat(using["coming"]["begins_at"]) == at
    assert datetime.fromisoformat(shown["next"]["begins_at"]) == at
    assert shown["next"]["summary"] == "¥10/小时" != shown["summary"]
    assert (cancelled.code, said(cancelled)) == (200, {"places": 1})
    assert code(after) == (409, "assignment_begun")
    assert (await price())["next"] is None


async def test_a_plan_that_cannot_be_is_refused_and_a_stranger_cancels_nothing(site: Site) -> None:
    await site.world.run(publish_tariffs, tariffs=[DEAR])
    city, finance = await site.token("console", "city"), await site.token("console", "finance")
    chosen = await seen(site, city)
    yesterday = (site.world.now - timedelta(days=1)).isoformat()

    for path in (PREVIEW, ASSIGN):
        past = await site.ask("POST", path, {**chosen, "begins_at": yesterday}, token=city)
        assert code(past) == (422, "assignment_time_wrong")
        wrong = await site.ask("POST", path, {**chosen, "begins_at": "soon"}, token=city)
        assert code(wrong) == (422, "fields_invalid")
    assert code(await site.ask("POST", CANCEL, chosen)) == (401, "login_required")
    refused = await site.ask("POST", CANCEL, chosen, token=finance)
    assert code(refused) == (403, "permission_missing")
    nothing = await site.ask("POST", CANCEL, {"places": []}, token=city)
    assert code(nothing) == (422, "fields_invalid")
