"""Stays over the API: who sees which, their evidence, edits by two people, photos, disputes."""

import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from server.domain.stay import change_policy
from tests.domain.test_stay_edits import OTHER, at, bill, park, stay_over
from tests.handlers.clerks import picture, time_ids
from tests.handlers.conftest import PLATE, Site, code, said

JPEG = {"Content-Type": "image/jpeg"}


async def post(site: Site, who: tuple[str, str], path: str, body: Any) -> Any:
    """Ask as a member of staff, given by client and user name."""
    token = await site.token(*who)
    return await site.ask("POST", f"/api/{who[0]}{path}", body, token=token)


async def test_a_list_is_paged_filtered_and_keeps_to_the_scope(site: Site) -> None:
    time_ids(site.world)
    token = await site.token("console", "city")
    for berth in (1, 2, 3):
        plate = PLATE if berth == 1 else OTHER if berth == 2 else None
        await park(site.world, berth=berth, plate=plate)

    async def listed(query: str) -> Any:
        return said(await site.ask("GET", f"/api/console/stays?{query}", token=token))

    first = await listed("limit=2")
    second = await listed(f"limit=2&cursor={first['cursor']}")

    assert [one["berth_code"][-1] for one in first["items"] + second["items"]] == ["3", "2", "1"]
    assert second["cursor"] is None
    assert [one["plate"]["number"] for one in (await listed("number=粤B54321"))["items"]] == [
        OTHER.number
    ]
    assert [one["plate"]["number"] for one in (await listed("number=543"))["items"]] == [
        OTHER.number
    ]
    assert len((await listed("state=detected&place_id=s1"))["items"]) == 1
    assert (await listed("flag=clone"))["items"] == []
    elsewhere = await site.token("console", "district")
    answer = await site.ask("GET", "/api/console/stays", token=elsewhere)
    assert said(answer)["items"] == []
    long = "since=2053-01-01T00:00:00Z&until=2053-03-01T00:00:00Z"
    assert code(await site.ask("GET", f"/api/console/stays?{long}", token=token)) == (
        422,
        "span_too_long",
    )


async def test_a_preview_says_what_the_edit_then_does_and_does_nothing(site: Site) -> None:
    stay = await stay_over(site.world, minutes=61)
    who = ("console", "city")
    later = {
        "kind": "times",
        "reason": "监控",
        "stay_id": stay.id,
        "left_at": (stay.left_at + timedelta(minutes=30)).isoformat(),
    }
    site.world.now = stay.left_at + timedelta(hours=1)

    seen = said(await post(site, who, "/stay-edit-previews", later))
    [untouched] = await site.world.stays()
    done = said(await post(site, who, "/stay-edits", later))
    [edited] = await site.world.stays()

    assert untouched == stay
    [version] = seen["versions"]
    assert version["before"]["amount"] == stay.amount
    assert version["after"]["amount"] == edited.amount
    assert seen["difference"] == done["edit"]["difference"] == edited.amount - stay.amount > 0
    assert seen["needs_approval"] is False


async def test_a_berth_is_taken_out_of_service_and_put_back_by_who_may(site: Site) -> None:
    await park(site.world, berth=2, plate=OTHER)
    token = await site.token("console", "city")
    path = "/api/console/berths/b2/suspension"

    out = said(await site.ask("POST", path, {}, token=token))
    [stay] = await site.world.stays("b2")
    back = said(await site.ask("DELETE", path, token=token))
    others = await site.token("console", "finance")
    elsewhere = await site.token("console", "district")

    assert (out["state"], back["state"]) == ("out_of_service", "unknown")
    assert (stay.open, stay.amount) == (False, 0)
    assert (await site.ask("POST", path, {}, token=others)).code == 403
    assert code(await site.ask("POST", path, {}, token=elsewhere)) == (404, "berth_not_found")


async def test_stays_that_are_held_or_doubtful_are_found(site: Site) -> None:
    time_ids(site.world)
    stay = await stay_over(site.world)
    await park(site.world, berth=2, plate=OTHER)
    owner, token = await site.motorist(), await site.token("console", "city")
    said_so = {"reason": "amount", "statement": "只停了半小时"}
    path = f"/api/motorist/stays/{stay.id}/dispute"
    assert (await site.ask("POST", path, said_so, token=owner)).code == 200

    async def listed(query: str) -> list[str]:
        found = said(await site.ask("GET", f"/api/console/stays?{query}", token=token))
        return [one["id"] for one in found["items"]]

    assert await listed("held=true") == [stay.id]
    assert stay.id not in await listed("held=false")
    flagged = {
        one.id: bool(one.flags) for berth in (1, 2) for one in await site.world.stays(f"b{berth}")
    }
    assert set(flagged.values()) == {True, False}
    assert await listed("doubtful=true") == [id for id, doubted in flagged.items() if doubted]
    assert await listed("doubtful=false") == [id for id, doubted in flagged.items() if not doubted]


async def test_the_list_and_the_evidence_go_by_an_index(site: Site) -> None:
    time_ids(site.world)
    stay = await stay_over(site.world)
    database = site.world.store.database
    await database.command({"profile": 2})
    try:
        token = await site.token("console", "city")
        await site.ask("GET", "/api/console/stays", token=token)
        for what in ("timeline", "edits"):
            await site.ask("GET", f"/api/console/stays/{stay.id}/{what}", token=token)
        await site.ask("GET", "/api/console/stay-reviews", token=token)
        await site.ask("GET", "/api/console/stay-edit-requests", token=token)
        of_one = f"/api/console/stay-edit-requests?stay_id={stay.id}"
        await site.ask("GET", of_one, token=token)
    finally:
        await database.command({"profile": 0})

    ours = {"stays", "stay_edits", "photos", "stay_reviews", "stay_edit_requests"}
    ours |= {"reading_batches", "bills"}
    seen = (
        await database["system.profile"].find({"op": {"$in": ["query", "command"]}}).to_list(None)
    )
    await database.drop_collection("system.profile")
    plans = {
        row["ns"].partition(".")[2]: row["planSummary"] for row in seen if "planSummary" in row
    }
    assert ours <= plans.keys()
    assert not {name: plan for name, plan in plans.items() if name in ours and "COLLSCAN" in plan}


async def test_the_requests_of_one_stay_are_asked_for_alone(site: Site) -> None:
    await site.world.run(change_policy, scope="city", values={"review_mode": "all"}, v=0)
    stays = [await stay_over(site.world, berth=berth, plate=plate) for berth, plate in enumerate((PLATE, OTHER), 1)]  # fmt: skip
    for stay in stays:
        await post(site, ("console", "city"), "/stay-edits", {"kind": "void", "reason": "误报", "stay_id": stay.id})  # fmt: skip
    token, elsewhere = (
        await site.token("console", "city"),
        await site.token("console", "district"),
    )

    async def listed(query: str, token: str = token) -> Any:
        return await site.ask("GET", f"/api/console/stay-edit-requests{query}", token=token)

    assert len(said(await listed(""))["items"]) == 2
    for stay in stays:
        [found] = said(await listed(f"?stay_id={stay.id}"))["items"]
        assert found["stay_ids"] == [stay.id]
        assert said(await listed(f"?stay_id={stay.id}&state=approved"))["items"] == []
        assert said(await listed(f"?stay_id={stay.id}", elsewhere))["items"] == []
    assert code(await listed("?stay_id=")) == (422, "fields_invalid")


async def test_a_clerk_and_the_owner_see_the_same_evidence_each_as_he_may(site: Site) -> None:
    world = site.world
    stay = await stay_over(world, minutes=61)
    misread = {"kind": "plate", "reason": "看错", "stay_id": stay.id}
    other = {"number": OTHER.number, "color": "blue"}
    await post(site, ("console", "city"), "/stay-edits", {**misread, "plate": other})
    await bill(world)
    mine = {"number": PLATE.number, "color": "blue"}
    await post(site, ("console", "chief"), "/stay-edits", {**misread, "plate": mine})
    await upload(site, stay.id, picture("red"))
    await bill(world)

    token = await site.token("console", "city")
    clerk = said(await site.ask("GET", f"/api/console/stays/{stay.id}/timeline", token=token))
    owner = await site.motorist()
    own = said(await site.ask("GET", f"/api/motorist/stays/{stay.id}", token=owner))

    def things(shown: Any) -> list[tuple[str, str, str]]:
        return [(one["at"], one["kind"], one["id"]) for one in shown["entries"]]

    assert things(clerk) == things(own)
    assert things(own) == sorted(things(own), key=lambda one: one[0])
    kinds = [one["kind"] for one in own["entries"]]
    assert kinds == ["reading", "reading", "price", "photo", "edit", "edit", *["bill"] * 3]
    assert {one["by"] for one in own["entries"]} == {None, "staff"}
    assert "staff-city" in {one["by"] for one in clerk["entries"]}
    assert OTHER.number in str(clerk)
    assert OTHER.number not in str(own)
    assert "staff-" not in str(own)
    assert {one["said"]["due"] for one in own["entries"] if one["kind"] == "bill"} == {400}


async def test_anothers_stay_and_its_photos_are_not_there(site: Site) -> None:
    stay = await stay_over(site.world, plate=OTHER)
    photo = said(await upload(site, stay.id, picture("red")))["photo"]
    owner, elsewhere = await site.motorist(), await site.token("patrol", "patrol2")

    answers = [
        await site.ask("GET", f"/api/motorist/stays/{stay.id}", token=owner),
        await site.ask("GET", f"/api/motorist/photos/{photo['id']}", token=owner),
        await site.ask("GET", f"/api/patrol/photos/{photo['id']}", token=elsewhere),
    ]

    path = f"/api/motorist/stays/{stay.id}/photos?kind=dispute"
    answers.append(await site.ask("POST", path, raw=picture("green"), token=owner, headers=JPEG))

    assert [code(one) for one in answers] == [(404, "stay_not_found")] * 4
    kept = await site.world.store.database["photo_bytes.files"].count_documents({})
    assert kept == 1
    assert (await site.ask("GET", f"/api/console/photos/{photo['id']}")).code == 401


async def upload(site: Site, stay_id: str, sent: bytes, query: str = "kind=patrol") -> Any:
    if "@patrol" not in site.known:
        site.known["@patrol"] = await site.token("patrol", "patrol1")
    token = site.known["@patrol"]
    path = f"/api/patrol/stays/{stay_id}/photos?{query}"
    return await site.ask("POST", path, raw=sent, token=token, headers=JPEG)


async def test_a_photo_is_kept_once_and_shown_as_ours(site: Site) -> None:
    stay = await stay_over(site.world)
    sent = picture("red", (3000, 1000), "JPEG")

    first, again = said(await upload(site, stay.id, sent)), said(await upload(site, stay.id, sent))
    token = await site.token("console", "city")
    shown = await site.ask("GET", f"/api/console/photos/{first['photo']['id']}", token=token)

    assert first == again
    assert hashlib.sha256(shown.body).hexdigest() == first["photo"]["sha256"]
    with Image.open(io.BytesIO(shown.body)) as image:
        assert (image.format, image.size) == ("JPEG", (1280, 427))
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("sent", "query", "refusal"),
    [
        (b"<svg/>", "kind=patrol", "photo_not_an_image"),
        (b"", "kind=patrol", "photo_not_an_image"),
        (b"\xff" * (8 * 1024**2 + 1), "kind=patrol", "photo_too_large"),
        (picture("red"), "kind=selfie", "fields_invalid"),
        (picture("red"), "kind=patrol&point=300,0", "fields_invalid"),
        (picture("red"), "kind=patrol&taken_at=2053-01-01", "fields_invalid"),
    ],
)
async def test_what_is_no_photo_is_not_kept(
    site: Site, sent: bytes, query: str, refusal: str
) -> None:
    stay = await stay_over(site.world)

    answer = await upload(site, stay.id, sent, query)

    assert code(answer) == (422, refusal)
    assert await site.world.store.database["photos"].count_documents({}) == 0


async def test_a_stay_has_so_many_photos_and_a_motorists_are_for_his_dispute(site: Site) -> None:
    stay = await stay_over(site.world)
    colors = ["red", "green", "blue", "white", "black", "yellow", "pink"]

    answers = [await upload(site, stay.id, picture(color)) for color in colors]
    owner = await site.motorist()
    path = f"/api/motorist/stays/{stay.id}/photos?kind=arrival"
    mine = await site.ask("POST", path, raw=picture("cyan"), token=owner)

    assert [one.code for one in answers] == [200] * 6 + [409]
    assert code(answers[-1]) == (409, "photos_full")
    assert said(mine)["photo"]["kind"] == "dispute"


async def test_an_officers_reports_sent_twice_are_done_once(site: Site) -> None:
    world = site.world
    world.now = at(10)
    who = ("patrol", "patrol1")
    plate = {"number": OTHER.number, "color": "blue"}
    arrival = {"berth_id": "b1", "arrived_at": at(3).isoformat(), "plate": plate}
    first, again = [
        said(await post(site, who, "/arrivals", {**arrival, "client_id": "pos-7:arrival"}))
        for _ in range(2)
    ]
    [stay_id] = first["edit"]["stay_ids"]
    mine = {"number": PLATE.number, "color": "blue"}
    fixed = {"stay_id": stay_id, "plate": mine, "client_id": "pos-7:plate"}
    await post(site, who, "/plate-corrections", fixed)
    world.now = at(30)
    gone = {"stay_id": stay_id, "left_at": at(20).isoformat(), "client_id": "pos-7:leave"}
    left = said(await post(site, who, "/leaves", gone))

    assert first == again
    assert left["edit"]["kind"] == "leave"
    [stay] = await world.stays()
    assert (stay.plate, stay.arrived_at, stay.left_at) == (PLATE, at(3), at(20))
    elsewhere = await post(
        site, ("patrol", "patrol2"), "/arrivals", {**arrival, "client_id": "pos-8:arrival"}
    )
    assert code(elsewhere) == (404, "berth_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "amount", "reason": "x"},
        {"kind": "void"},
        {"kind": "void", "reason": "", "stay_id": "s"},
        {"kind": "void", "reason": "x", "stay_id": {"$ne": None}},
        {"kind": "void", "reason": "x", "stay_id": "s", "amount": 0},
        {"kind": "void", "reason": "x"},
        {"kind": "times", "reason": "x", "stay_id": "s", "left_at": "2053-07-02"},
        {"kind": "arrival", "reason": "x", "berth_id": "b1"},
    ],
)
async def test_an_edit_that_says_too_little_or_too_much_is_refused(site: Site, body: Any) -> None:
    answer = await post(site, ("console", "city"), "/stay-edits", body)

    assert answer.code in (404, 422)


async def test_a_dispute_is_seen_by_clerks_and_decided_for_its_owner(site: Site) -> None:
    stay = await stay_over(site.world)
    owner = await site.motorist()
    path = f"/api/motorist/stays/{stay.id}/dispute"
    body = {"reason": "not_parked", "statement": "当天不在深圳"}
    await site.ask("POST", path, body, token=owner)
    token = await site.token("console", "city")
    [review] = said(await site.ask("GET", "/api/console/stay-reviews", token=token))["items"]
    place = f"/stay-reviews/{review['id']}"

    early = [
        await post(
            site, ("console", "city"), f"{place}/resolution", {"outcome": one, "remark": "x"}
        )
        for one in ("withdrawn", "lapsed")
    ]
    await post(site, ("console", "city"), f"{place}/claim", {})
    decided = {"outcome": "confirmed", "remark": "照片不是该车"}
    await post(site, ("console", "city"), f"{place}/resolution", decided)

    assert [code(one) for one in early] == [(422, "fields_invalid")] * 2
    again = await site.ask("POST", path, body, token=owner)
    assert code(again) == (409, "dispute_exists")
    own = said(await site.ask("GET", f"/api/motorist/stays/{stay.id}", token=owner))
    said_so = [one["said"] for one in own["entries"] if one["kind"] == "review"]
    assert [one["outcome"] for one in said_so] == [None, "confirmed"]
    assert own["stay"]["holds"] == []
