"""The policy switchboard through the API: what is shown, from where it is, and who may change what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from devices.simulator.city import demo_city
from server.demo import demo_staff
from server.domain.estate import Place
from server.domain.identity import Organization, OrganizationKind, enrol
from server.domain.identity.rules import permissions_of, scope_of
from server.domain.stay import KEYS, change_policy
from server.domain.stay.queries.policies import policy_of_scope
from server.kernel.access import Actor, Audience, Scope
from server.kernel.errors import Forbidden
from server.kernel.work import Work
from tests.handlers.conftest import Site, code, said
from tests.world import World

PATH = "/api/console/policies"


async def put(site: Site, who: str, scope: str, v: int, **values: Any) -> HTTPResponse:
    """Set keys of a scope as a member of staff."""
    body = {"scope": scope, "values": values or {"approval_limit": 100}, "v": v}
    return await site.ask("PUT", PATH, body, token=await site.token("console", who))


async def read(site: Site, who: str, query: str = "") -> Any:
    """Read the switchboard as a member of staff."""
    return said(await site.ask("GET", PATH + query, token=await site.token("console", who)))


def changeable(shown: Any) -> dict[str, bool]:
    """Tell which of the scopes shown may be changed."""
    return {one["scope"]: one["changeable"] for one in shown["scopes"]}


async def test_policy_is_changed_from_the_version_that_was_seen_and_within_ones_scope(
    site: Site,
) -> None:
    assert said(await put(site, "city", "city", 0)) == {"scope": "city", "v": 1}
    assert code(await put(site, "city", "city", 0)) == (409, "policy_changed")
    assert code(await put(site, "district", "city", 1)) == (403, "policy_scope_forbidden")
    assert code(await put(site, "district", "place:s1", 0)) == (404, "place_not_found")
    assert code(await put(site, "city", "operator:others", 0)) == (403, "policy_scope_forbidden")
    assert said(await put(site, "city", "place:s1", 0))["v"] == 1
    shown = await read(site, "city", "?place_id=s1")
    assert [one["scope"] for one in shown["scopes"]] == ["city", "operator:city", "place:s1"]
    assert shown["scopes"][-1]["resolved"]["approval_limit"] == 100


async def test_no_operator_changes_what_holds_for_the_city_whatever_its_people_see(
    site: Site,
) -> None:
    world = site.world
    await world.run(enrol, organizations=[Organization(id="bay", name="滨海停车")], accounts=[])
    bay = Actor("bay-1", Audience.CONSOLE, scope=Scope(everything=True), organization_id="bay")
    wish: dict[str, Any] = {"values": {"approval_limit": 100}, "v": 0}

    for scope in ("city", "operator:city"):
        with pytest.raises(Forbidden) as refusal:
            await world.run(change_policy, actor=bay, scope=scope, **wish)
        assert refusal.value.code == "policy_scope_forbidden"

    await world.run(change_policy, actor=bay, scope="operator:bay", **wish)
    await world.run(change_policy, actor=replace(bay, organization_id="city"), scope="city", **wish)


async def test_each_value_is_shown_with_the_scope_that_it_comes_from(site: Site) -> None:
    await put(site, "city", "city", 0, approval_limit=100, photos_max=3)
    await put(site, "city", "operator:city", 0, approval_limit=200, photos_max=4)
    await put(site, "city", "place:s1", 0, approval_limit=300)

    city, operator, place = (await read(site, "city", "?place_id=s1"))["scopes"]

    assert [one["name"] for one in (city, operator, place)] == ["", "鹏城停车", "福华路"]
    assert [one["sources"]["approval_limit"] for one in (city, operator, place)] == [
        "city",
        "operator:city",
        "place:s1",
    ]
    assert place["sources"]["photos_max"] == "operator:city"
    assert (place["resolved"]["photos_max"], place["values"]) == (4, {"approval_limit": 300})
    assert place["sources"]["review_mode"] == "city"


async def test_what_is_left_out_is_the_upper_scopes_again(site: Site) -> None:
    await put(site, "city", "operator:city", 0, approval_limit=200, photos_max=4)
    await put(site, "city", "operator:city", 1, photos_max=4)

    _, operator = (await read(site, "city"))["scopes"]

    assert operator["values"] == {"photos_max": 4}
    assert operator["resolved"]["approval_limit"] == 5_000
    assert operator["sources"]["approval_limit"] == "city"


async def test_each_key_comes_with_what_a_screen_needs(site: Site) -> None:
    keys = (await read(site, "city"))["keys"]

    assert list(keys) == list(KEYS)
    assert keys["approval_limit"] == {
        "group": "修改与审核",
        "label": "免审核金额",
        "hint": KEYS["approval_limit"].hint,
        "kind": "number",
        "least": 0,
        "most": 1_000_000,
        "unit": "fen",
        "choices": None,
        "default": 5_000,
        "scopes": ["city", "operator", "place"],
    }
    assert keys["autopay"]["choices"] == [
        {"value": "off", "label": "关闭"},
        {"value": "on", "label": "开启"},
    ]


async def test_it_says_what_is_wrong_at_each_key_and_changes_nothing(site: Site) -> None:
    refused = await put(
        site,
        "city",
        "operator:city",
        0,
        approval_limit=-1,
        photos_max=3,
        reminder_ladder="3:app,0:app",
    )

    assert code(refused) == (422, "policy_invalid")
    assert said(refused)["error"]["fields"] == {
        "approval_limit": ["须为 0 至 1000000 的整数"],
        "reminder_ladder": ["催缴阶梯有误：天数须递增"],
    }
    assert (await read(site, "city"))["scopes"][1]["values"] == {}


async def test_who_may_change_a_scope_is_told_so(site: Site) -> None:
    assert changeable(await read(site, "city", "?place_id=s1")) == {
        "city": True,
        "operator:city": True,
        "place:s1": True,
    }
    assert changeable(await read(site, "district")) == {"city": False, "operator:city": False}
    assert not any(changeable(await read(site, "finance", "?place_id=s1")).values())


async def test_a_place_out_of_sight_is_not_read(site: Site) -> None:
    token = await site.token("console", "district")
    for id in ("s1", "nowhere"):
        refused = await site.ask("GET", f"{PATH}?place_id={id}", token=token)
        assert code(refused) == (404, "place_not_found")


async def test_another_operators_place_shows_its_own_operators_policy_and_is_not_changed(
    site: Site,
) -> None:
    async def hand_over(work: Work) -> None:
        place = await work.table(Place).get("s1")
        work.table(Place).save(replace(place, organization_id="bay"))

    await put(site, "city", "operator:city", 0, approval_limit=200)
    await site.world.run(hand_over)

    shown = await read(site, "city", "?place_id=s1")

    assert changeable(shown) == {"city": True, "operator:bay": False, "place:s1": False}
    assert shown["scopes"][-1]["resolved"]["approval_limit"] == 5_000
    assert code(await put(site, "city", "place:s1", 0)) == (403, "policy_scope_forbidden")


async def test_of_the_demos_staff_the_city_sets_all_scopes_and_a_district_its_own_places(
    world: World, tmp_path: Path
) -> None:
    async def may(username: str) -> list[bool]:
        account = next(one for one in staff if one.username == username)
        actor = Actor(
            account.id,
            Audience.CONSOLE,
            permissions_of(account.roles),
            scope_of(account),
            organization_id="city",
        )
        shown = await world.run(policy_of_scope, actor=actor, place_id="s1")
        for one in shown:
            if one.changeable:
                said = {"scope": one.scope, "values": {"photos_max": 5}, "v": one.v}
                await world.run(change_policy, actor=actor, **said)
        return [one.changeable for one in shown]

    staff = [*demo_staff(demo_city(), tmp_path)]
    city = Organization(id="city", name="鹏城停车", kind=OrganizationKind.CITY)
    await world.run(enrol, organizations=[city], accounts=[])

    assert await may("city") == [True, True, True]
    assert await may("district") == [False, False, True]
    assert await may("finance1") == [False, False, False]


async def test_keyboards_begin_with_what_the_city_says(site: Site) -> None:
    driver = await site.motorist()
    officer = await site.token("patrol", "patrol1")

    async def told() -> list[str]:
        asked = (("/api/motorist/vehicles", driver), ("/api/patrol/sections", officer))
        return [said(await site.ask("GET", path, token=one))["local_prefix"] for path, one in asked]

    assert await told() == ["", ""]
    for wrong in ("粤", "B粤", "粤I", "粤BB", "深B", 7):
        refused = await put(site, "city", "city", 0, local_prefix=wrong)
        assert code(refused) == (422, "policy_invalid")
    assert code(await put(site, "city", "place:s1", 0, local_prefix="粤B")) == (
        422,
        "policy_invalid",
    )

    await put(site, "city", "city", 0, local_prefix="粤B")
    assert await told() == ["粤B", "粤B"]
    await put(site, "city", "city", 1, local_prefix="")
    assert await told() == ["", ""]
