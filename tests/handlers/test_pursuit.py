"""Debts to another operator over the API: what an officer is shown, what he collects, who sees what."""

from typing import Any

from realtime.gathering import publications_of
from server.domain.identity import Organization, enrol
from server.domain.payment import Intent
from server.domain.recovery import ArrearsSpotted
from server.domain.recovery.jobs import open_arrears
from server.domain.stay import change_policy, identify_berth
from server.kernel.access import Actor, Audience, Scope
from server.kernel.nouns import replace
from tests.domain.arrears import GRACE, follow, stayed
from tests.domain.money import BERTH, PLATE, rows
from tests.handlers.conftest import Site, code, said

BAY = replace(BERTH, organization_id="bay", place_id="s9", place_name="滨海路", code="440305009")
BAY_CLERK = Actor("bay-1", Audience.CONSOLE, scope=Scope(everything=True), organization_id="bay")


async def standing(site: Site) -> tuple[str, str]:
    """Let a car owe the bay and the city, and stand on the city's third berth; gives both bills."""
    world = site.world
    await world.run(enrol, organizations=[Organization(id="bay", name="滨海停车")], accounts=[])
    declared = {"scope": "operator:bay", "values": {"pursuit": "operators"}, "v": 0}
    await world.run(change_policy, actor=BAY_CLERK, **declared)
    theirs = await stayed(world, "at-bay", 500, berth=BAY)
    mine = await stayed(world, "here", 300)
    world.now += GRACE
    await world.job(open_arrears)
    at_s = int((world.now - mine.issued_at).total_seconds()) + 40_000
    await world.see("d3", "arrived", at_s=at_s)
    await world.run(identify_berth, berth_id="b3", plate=PLATE)
    await follow(world)
    return mine.id, theirs.id


async def test_an_officer_sees_creditor_sum_day_and_place_and_nothing_else(site: Site) -> None:
    _, theirs = await standing(site)
    patrol = await site.token("patrol", "patrol1")
    console = await site.token("console", "city")

    owed = await site.ask(
        "GET", "/api/patrol/arrears?number=%E7%B2%A4B12345&color=blue", token=patrol
    )
    alerts = said(await site.ask("GET", "/api/patrol/alerts", token=patrol))["items"]
    cases = said(await site.ask("GET", "/api/console/arrears", token=console))

    day = site.world.now - GRACE
    assert said(owed)["amount"] == 300
    assert said(owed)["elsewhere"] == [
        {
            "creditor_id": "bay",
            "creditor": "滨海停车",
            "amount": 500,
            "count": 1,
            "bills": [
                {
                    "id": theirs,
                    "place_name": "滨海路",
                    "arrived_on": day.date().isoformat(),
                    "open": 500,
                }
            ],
        }
    ]
    told = {one["creditor"]: (one["amount"], one["case_id"] is None) for one in alerts}
    assert told == {"滨海停车": (500, True), None: (300, False)}
    assert [one["amount"] for one in cases["items"]] == [300]


async def test_cash_for_both_in_one_go_stands_on_the_shift_with_what_is_for_others(
    site: Site,
) -> None:
    mine, theirs = await standing(site)
    patrol = await site.token("patrol", "patrol1")
    key = {"Idempotency-Key": "open-a-shift-1"}
    await site.ask("POST", "/api/patrol/cash-shifts", {}, token=patrol, headers=key)

    body = {"bill_ids": [mine, theirs]}
    taken, again = [
        await site.ask(
            "POST",
            "/api/patrol/cash-payments",
            body,
            token=patrol,
            headers={"Idempotency-Key": "take-the-cash-1"},
        )
        for _ in range(2)
    ]
    shift = said(await site.ask("GET", "/api/patrol/cash-shifts/current", token=patrol))
    late = await site.ask(
        "POST",
        "/api/patrol/cash-payments",
        body,
        token=patrol,
        headers={"Idempotency-Key": "take-it-again-2"},
    )

    assert (taken.code, said(taken)["amount"], said(taken)["for_others"]) == (201, 800, 500)
    assert said(again)["id"] == said(taken)["id"]
    assert (shift["shift"]["expected"], shift["shift"]["for_others"]) == (800, 500)
    assert late.code in (404, 409)


async def test_a_code_and_a_link_collect_for_both(site: Site) -> None:
    mine, theirs = await standing(site)
    patrol = await site.token("patrol", "patrol1")
    wish = {"bill_ids": [mine, theirs], "provider": "wechat", "scene": "native"}

    begun = await site.ask(
        "POST",
        "/api/patrol/intents",
        wish,
        token=patrol,
        headers={"Idempotency-Key": "show-a-code-1"},
    )
    plate = {"number": PLATE.number, "color": "blue"}
    link = await site.ask("POST", "/api/patrol/pay-links", plate, token=patrol)
    own = await site.ask(
        "POST", "/api/patrol/pay-links", {**plate, "bill_ids": [mine]}, token=patrol
    )

    assert (begun.code, said(begun)["amount"]) == (201, 800)
    assert [said(one)["link"]["amount"] for one in (link, own)] == [800, 300]
    token = said(link)["link"]["token"]
    shown = said(await site.ask("GET", f"/api/open/debts/{token}"))
    by_creditor = {one["creditor"]: one for one in shown["bills"]}
    assert {name: one["open"] for name, one in by_creditor.items()} == {None: 300, "滨海停车": 500}
    assert by_creditor["滨海停车"]["lines"] == []
    wish = {"bill_ids": [], "provider": "wechat", "scene": "native"}
    paying = await site.ask(
        "POST", f"/api/open/debts/{token}/intents", wish, headers={"Idempotency-Key": "by-link-1"}
    )
    assert (paying.code, said(paying)["amount"]) == (201, 800)
    [intent] = [one for one in await rows(site.world, Intent) if one.live]
    assert {one.bill_id: one.pursued_by for one in intent.shares} == {mine: "", theirs: "city"}


async def test_a_link_shows_no_debt_of_a_creditor_who_thought_better_of_it(site: Site) -> None:
    _, theirs = await standing(site)
    patrol = await site.token("patrol", "patrol1")
    plate = {"number": PLATE.number, "color": "blue"}
    link = await site.ask("POST", "/api/patrol/pay-links", plate, token=patrol)
    token = said(link)["link"]["token"]

    withdrawn = {"scope": "operator:bay", "values": {"pursuit": "own"}, "v": 1}
    await site.world.run(change_policy, actor=BAY_CLERK, **withdrawn)

    shown = said(await site.ask("GET", f"/api/open/debts/{token}"))
    assert [one["open"] for one in shown["bills"]] == [300]
    wish = {"bill_ids": [theirs], "provider": "wechat", "scene": "native"}
    refused = await site.ask(
        "POST", f"/api/open/debts/{token}/intents", wish, headers={"Idempotency-Key": "by-link-2"}
    )
    assert code(refused) == (409, "bill_not_behind_link")


async def test_an_alert_of_a_foreign_debt_is_told_to_street_owner_and_both_desks(
    site: Site,
) -> None:
    await standing(site)
    [spotted] = [
        one for one in await site.world.facts(ArrearsSpotted) if one.alert.creditor_id == "bay"
    ]

    told: dict[str, Any] = {one.channel: one.data for one in publications_of([spotted])}

    assert set(told) == {"section:s1:staff", "#motorist-1", "arrears:city", "arrears:bay"}
    [row] = told["section:s1:staff"]["alerts"]
    assert (row[5]["creditor"], row[5]["case_id"], row[5]["case_state"]) == ("滨海停车", None, None)
    assert (told["arrears:city"]["case_id"], told["arrears:city"]["creditor"]) == (None, "滨海停车")
    assert told["arrears:bay"]["case_id"] == spotted.alert.case_id
    assert told["#motorist-1"]["creditor"] == "滨海停车"
