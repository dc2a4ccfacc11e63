"""Arrears over the API: lists in scope, their sums and pages, what a link shows, who may do what."""

from typing import Any

import pytest

from server.domain.recovery import Alert
from server.domain.recovery.jobs import open_arrears
from server.domain.stay import BerthLabel, identify_berth
from server.domain.vehicle import Plate, PlateColor
from server.kernel.nouns import replace
from tests.domain.arrears import GRACE, follow, stayed
from tests.domain.money import BERTH, PLATE
from tests.handlers.conftest import Site, code, said
from tests.handlers.debts import STANDING

ELSEWHERE: BerthLabel = replace(BERTH, division_code="440303", place_id="s9", place_name="人民南路")


def plate(number: int) -> Plate:
    return Plate(f"粤B2000{number}", PlateColor.BLUE)


async def owing(site: Site) -> None:
    """Let five plates owe, two of them in another district, one in both."""
    world = site.world
    for number, amounts in enumerate([(400, 300, 200, 100), (100, 200), (400,), (300, 300, 310)]):
        for turn, amount in enumerate(amounts):
            berth = {"berth": ELSEWHERE} if number == 2 or (number, turn) == (3, 0) else {}
            await stayed(
                world, f"stay{number}{turn}", amount, plate=plate(number), owner_id=None, **berth
            )
        world.now += GRACE / 10
    world.now += GRACE
    await world.job(open_arrears)


async def listed(site: Site, who: str, query: str = "") -> Any:
    token = await site.token("console", who)
    return said(await site.ask("GET", f"/api/console/arrears?{query}", token=token))


def rows(page: Any) -> list[tuple[str, int, int]]:
    return [(one["plate"]["number"][-1], one["amount"], one["count"]) for one in page["items"]]


@pytest.mark.parametrize(
    ("sort", "order"), [("amount", "0321"), ("count", "0312"), ("oldest", "0123")]
)
async def test_the_list_is_sorted_and_its_pages_meet(site: Site, sort: str, order: str) -> None:
    await owing(site)

    seen, cursor = "", ""
    for _ in range(4):
        page = await listed(site, "city", f"sort={sort}&limit=1{cursor}")
        [(number, _, _)] = rows(page)
        seen += number
        cursor = f"&cursor={page['cursor']}"
        assert page["totals"] == {"cases": 4, "count": 10, "amount": 2_610, "frozen": 0}

    assert page["cursor"] is None
    assert seen == order


async def test_rows_sums_and_figures_count_only_what_lies_in_scope(site: Site) -> None:
    await owing(site)
    token = await site.token("console", "district")  # sees 440303 only

    page = await listed(site, "district")
    figures = said(await site.ask("GET", "/api/console/arrears-summary", token=token))
    hidden = [one["id"] for one in (await listed(site, "city", "number=20000"))["items"]]
    shared = page["items"][1]
    file = said(await site.ask("GET", f"/api/console/arrears/{shared['id']}", token=token))
    foreign = await site.ask("GET", f"/api/console/arrears/{hidden[0]}", token=token)

    assert rows(page) == [("2", 400, 1), ("3", 300, 1)]
    assert page["totals"]["amount"] == figures["totals"]["amount"] == 700
    assert sum(one["amount"] for one in figures["buckets"]) == 700
    assert (file["case"]["amount"], len(file["bills"])) == (300, 1)
    assert code(foreign) == (404, "recovery_case_not_found")


async def test_the_list_is_filtered_and_odd_queries_are_refused(site: Site) -> None:
    await owing(site)
    token = await site.token("console", "city")

    async def found(query: str) -> Any:
        return rows(said(await site.ask("GET", f"/api/console/arrears?{query}", token=token)))

    assert await found("least=900&sort=count") == [("0", 1_000, 4), ("3", 910, 3)]
    assert await found("number=20001") == [("1", 300, 2)]
    for nothing in ("number=.*", "state=paid", "color=green"):
        assert await found(nothing) == []
    for odd in ("cursor=x", "cursor=%C2%B2:a", "cursor=" + "9" * 40 + ":a", "sort=x", "limit=0"):
        answer = await site.ask("GET", f"/api/console/arrears?{odd}", token=token)
        assert answer.code == 422, odd


async def test_what_a_link_shows_names_nobody_and_no_whole_plate(site: Site) -> None:
    await stayed(site.world, "a", 500)
    patrol = await site.token("patrol", "patrol1")
    body = {"number": PLATE.number, "color": "blue"}
    link = said(await site.ask("POST", "/api/patrol/pay-links", body, token=patrol))["link"]

    shown = await site.ask("GET", f"/api/open/debts/{link['token']}")
    begun = await site.ask(
        "POST",
        f"/api/open/debts/{link['token']}/intents",
        {"provider": "wechat", "scene": "native"},
        headers={"Idempotency-Key": "a-stranger-1"},
    )
    intent = said(begun)
    asked = await site.ask("GET", f"/api/open/debts/{link['token']}/intents/{intent['id']}")
    short = await site.ask("GET", f"/d/{link['token']}")

    assert said(shown)["amount"] == link["amount"] == intent["amount"] == 500
    assert said(asked)["state"] == "pending"
    for answer in (shown, begun, asked):
        assert PLATE.number not in answer.body.decode()
        assert "motorist-1" not in answer.body.decode()
    assert short.effective_url.endswith(f"/m/#/pages/debt/debt?token={link['token']}")


async def test_guesses_at_links_are_slowed_down(site: Site) -> None:
    answers = [await site.ask("GET", f"/api/open/debts/guess{number}") for number in range(61)]

    assert {code(one) for one in answers[:60]} == {(404, "link_not_found")}
    assert code(answers[60]) == (429, "too_many_attempts")


async def test_a_driver_sees_what_is_past_due_and_what_still_has_time(site: Site) -> None:
    world = site.world
    await stayed(world, "a", 500)
    world.now += GRACE
    await stayed(world, "b", 300)
    await world.job(open_arrears)
    token = await site.motorist()

    shown = said(await site.ask("GET", "/api/motorist/arrears", token=token))

    assert (shown["amount"], shown["count"]) == (500, 1)
    assert (shown["grace_amount"], shown["grace_count"]) == (300, 1)
    assert [one["past_due"] for one in shown["bills"]] == [True, False]
    assert [one["state"] for one in shown["plates"]] == ["due"]


async def test_an_officer_sees_and_acknowledges_what_stands_on_his_sections(site: Site) -> None:
    world = site.world
    await stayed(world, "a", 500, plate=STANDING)
    world.now += GRACE
    await world.job(open_arrears)
    await world.see("d2", "arrived", at_s=49 * 3_600)
    await world.run(identify_berth, berth_id="b2", plate=STANDING)
    await follow(world)
    here, elsewhere = await site.token("patrol", "patrol1"), await site.token("patrol", "patrol2")

    mine = said(await site.ask("GET", "/api/patrol/alerts", token=here))["items"]
    theirs = said(await site.ask("GET", "/api/patrol/alerts", token=elsewhere))["items"]
    path = f"/api/patrol/alerts/{mine[0]['id']}/acknowledgement"
    foreign = await site.ask("POST", path, token=elsewhere)
    seen = said(await site.ask("POST", path, token=here))["alert"]

    assert ([one["amount"] for one in mine], theirs) == ([500], [])
    assert code(foreign) == (404, "alert_not_found")
    assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", "staff-patrol1")
    [kept] = await world.run(lambda work: work.table(Alert).find({}))
    assert kept.tell_at is None
