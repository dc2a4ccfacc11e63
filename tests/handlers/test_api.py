"""What each audience may ask, what it is told, and what it is refused."""

from datetime import timedelta

import jwt
import pytest
from openapi_spec_validator import validate

from handlers.openapi import VERBS, action_of
from handlers.routes import api_handlers
from server.domain.billing.reactions import bill_priced_stays
from server.domain.stay import StayClosed
from server.domain.stay.jobs import count_room, settle_berths
from tests.handlers.conftest import LNG_LAT, PARTNER_KEY, PASSWORD, PHONE, Site, code, said
from tests.world import NOON

NEAR = f"near={LNG_LAT[0]},{LNG_LAT[1]}"
BLUE = {"number": "粤B12345", "color": "blue"}


def declared() -> list[tuple[str, str]]:
    return [
        (verb.upper(), handler.path)
        for handler in api_handlers()
        for verb in VERBS
        if action_of(handler, verb)
    ]


async def test_a_place_nearby_is_shown_with_its_room_and_price(site: Site) -> None:
    await site.world.see("d1", "left")
    await site.world.job(count_room)

    answer = await site.ask("GET", f"/api/motorist/places?{NEAR}")

    [place] = said(answer)["items"]
    assert (place["total"], place["free"], place["unknown"]) == (3, 1, 2)
    assert place["distance_m"] == 0
    assert place["price"]["summary"].startswith("15 分钟内免费，首小时 ¥3")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_place_and_its_berths_are_shown_whole(site: Site) -> None:
    place = said(await site.ask("GET", "/api/motorist/places/s1"))
    berths = said(await site.ask("GET", "/api/motorist/places/s1/berths"))

    assert place["operator"]["name"] == "鹏城停车"
    assert len(place["price"]["lines"]) == 5
    assert [one["code"] for one in berths["items"]] == ["440304001", "440304002", "440304003"]


async def test_a_motorist_logs_in_with_a_code_and_sees_what_is_his(site: Site) -> None:
    await site.world.see("d1", "arrived", at_s=0)
    officer = await site.token("patrol", "patrol1")
    await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=officer)
    await site.world.see("d1", "left", at_s=61 * 60)
    site.world.now = NOON + timedelta(minutes=62)
    await site.world.job(settle_berths)
    closed = await site.world.facts(StayClosed)
    await site.world.run(bill_priced_stays, facts=closed)

    token = await site.motorist()

    [stay] = said(await site.ask("GET", "/api/motorist/stays", token=token))["items"]
    [bill] = said(await site.ask("GET", "/api/motorist/bills", token=token))["items"]
    [vehicle] = said(await site.ask("GET", "/api/motorist/vehicles", token=token))["items"]
    assert (stay["state"], stay["amount"], stay["berth_code"]) == ("closed", 400, "440304001")
    assert (bill["due"], bill["paid"], bill["state"]) == (400, 0, "due")
    assert sum(line["amount"] for line in bill["lines"]) == 400
    assert vehicle["plate"] == BLUE


async def test_a_stranger_sees_nothing_of_anybody(site: Site) -> None:
    token = await site.motorist("13900000009")

    assert said(await site.ask("GET", "/api/motorist/stays", token=token)) == {"items": []}
    assert code(await site.ask("GET", "/api/motorist/stays")) == (401, "login_required")


async def test_a_code_is_good_once_and_dead_after_five_wrong_tries(site: Site) -> None:
    await site.ask("POST", "/api/motorist/login-codes", {"phone": PHONE})
    good = site.messages.sent[-1][2]["code"]
    wrong = f"{(int(good) + 1) % 1_000_000:06}"

    for _ in range(5):
        answer = await site.ask("POST", "/api/motorist/logins", {"phone": PHONE, "code": wrong})
        assert code(answer) == (401, "wrong_login_code")

    site.world.now += timedelta(seconds=61)  # the limit of tries a minute is another rule
    late = await site.ask("POST", "/api/motorist/logins", {"phone": PHONE, "code": good})
    assert code(late) == (401, "wrong_login_code")


async def test_codes_are_sent_once_a_minute_to_a_phone(site: Site) -> None:
    first = await site.ask("POST", "/api/motorist/login-codes", {"phone": PHONE})
    second = await site.ask("POST", "/api/motorist/login-codes", {"phone": PHONE})

    assert first.code == 202
    assert code(second) == (429, "too_many_login_codes")
    assert int(second.headers["Retry-After"]) <= 61
    assert len(site.messages.sent) == 1


async def test_passwords_are_tried_five_times_a_minute_and_no_more(site: Site) -> None:
    body = {"username": "city", "password": "wrong"}

    answers = [await site.ask("POST", "/api/console/logins", body) for _ in range(6)]

    assert [code(one) for one in answers[:5]] == [(401, "wrong_password")] * 5
    assert code(answers[5]) == (429, "too_many_attempts")


async def test_who_logs_in_well_is_not_held_for_a_script(site: Site) -> None:
    wrong = {"username": "city", "password": "wrong"}

    tokens = [await site.token("console", "city") for _ in range(7)]
    answers = [await site.ask("POST", "/api/console/logins", wrong) for _ in range(6)]

    assert len(set(tokens)) == 7
    assert code(answers[4]) == (401, "wrong_password")
    assert code(answers[5]) == (429, "too_many_attempts")


async def test_a_login_is_over_when_it_is_ended(site: Site) -> None:
    token = await site.token("console", "city")
    assert (await site.ask("GET", "/api/console/me", token=token)).code == 200

    ended = await site.ask("DELETE", "/api/console/logins/current", token=token)

    assert ended.code == 204
    assert code(await site.ask("GET", "/api/console/me", token=token)) == (401, "login_expired")


async def test_a_token_is_good_for_its_own_client_only(site: Site) -> None:
    token = await site.token("patrol", "patrol1")

    answer = await site.ask("GET", "/api/console/me", token=token)

    assert code(answer) == (401, "token_invalid")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512"])
async def test_a_token_that_we_did_not_sign_is_refused(site: Site, algorithm: str) -> None:
    claims = {"jti": "x", "aud": "api:console", "exp": 4_000_000_000}
    key = None if algorithm == "none" else "k" * 64
    forged = jwt.encode(claims, key, algorithm=algorithm)

    assert code(await site.ask("GET", "/api/console/me", token=forged)) == (401, "token_invalid")


async def test_an_officer_may_not_log_in_at_the_console(site: Site) -> None:
    body = {"username": "patrol1", "password": PASSWORD}

    assert code(await site.ask("POST", "/api/console/logins", body)) == (401, "wrong_password")


async def test_an_officer_reads_plates_in_his_own_divisions_only(site: Site) -> None:
    await site.world.see("d1", "arrived", at_s=0)
    here = await site.token("patrol", "patrol1")
    elsewhere = await site.token("patrol", "patrol2")

    refused = await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=elsewhere)
    taken = await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=here)

    assert code(refused) == (404, "berth_not_found")
    assert said(taken)["stay"]["plate"] == BLUE


async def test_a_plate_read_for_a_car_that_has_left_does_not_land_on_the_next(site: Site) -> None:
    await site.world.see("d1", "arrived", at_s=0)
    token = await site.token("patrol", "patrol1")

    answer = await site.ask(
        "POST", "/api/patrol/berths/b1/plate", {**BLUE, "stay_id": "another"}, token=token
    )

    assert code(answer) == (409, "stay_changed")


async def test_a_district_manager_sees_his_district(site: Site) -> None:
    city = said(
        await site.ask("GET", "/api/console/city", token=await site.token("console", "city"))
    )
    token = await site.token("console", "district")
    district = said(await site.ask("GET", "/api/console/city", token=token))
    berths = said(await site.ask("GET", "/api/console/berths", token=token))

    assert len(city["places"]) == 1
    assert (district["places"], berths["items"]) == ([], [])
    assert [one["code"] for one in district["divisions"]] == ["440303"]


async def test_open_data_wants_a_key(site: Site) -> None:
    without = await site.ask("GET", f"/api/open/places?{NEAR}")
    wrong = await site.ask("GET", f"/api/open/places?{NEAR}", headers={"X-API-Key": "wrong"})
    right = await site.ask("GET", f"/api/open/places?{NEAR}", headers={"X-API-Key": PARTNER_KEY})

    assert code(without) == (401, "login_required")
    assert code(wrong) == (401, "wrong_api_key")
    assert len(said(right)["items"]) == 1


async def test_a_snapshot_is_for_those_who_may_hear_the_channel(site: Site) -> None:
    await site.world.see("d1", "arrived", at_s=0)
    token = await site.token("patrol", "patrol1")
    await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=token)

    public = await site.ask("GET", "/api/motorist/snapshots/section:s1")
    staff = await site.ask("GET", "/api/patrol/snapshots/section:s1:staff", token=token)
    stranger = await site.ask("GET", "/api/motorist/snapshots/section:s1:staff")
    nowhere = await site.ask("GET", "/api/motorist/snapshots/berth:b1")

    assert "12345" not in public.body.decode()
    assert said(staff)["data"]["berths"][0][5]["plate"] == BLUE
    assert code(stranger) == (403, "channel_forbidden")
    assert code(nowhere) == (404, "channel_unknown")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"{", "body_not_json"),
        (b"\xff\xfe", "body_not_json"),
        (b"[]", "body_not_object"),
        (b"[" * 10_000, "body_not_json"),
        (b'{"phone": {"$ne": null}}', "fields_invalid"),
        (b'{"phone": 13800000001}', "fields_invalid"),
        (b'{"phone": "123"}', "phone_invalid"),
        (b'{"phone": "13800000001", "role": "city_manager"}', "fields_invalid"),
        (b'{"phone": "' + b"1" * 70_000 + b'"}', "body_too_large"),
    ],
)
async def test_a_bad_body_is_told_what_is_wrong_with_it(
    site: Site, raw: bytes, expected: str
) -> None:
    assert code(await site.ask("POST", "/api/motorist/login-codes", raw=raw)) == (422, expected)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "near=1",
        "near=a,b",
        "near=200,0",
        f"{NEAR}&limit=0",
        f"{NEAR}&limit=1e9",
        f"{NEAR}&kind=x",
    ],
)
async def test_a_bad_query_is_told_which_field_is_wrong(site: Site, query: str) -> None:
    answer = await site.ask("GET", f"/api/motorist/places?{query}")

    assert code(answer) == (422, "fields_invalid")
    assert said(answer)["error"]["fields"]


async def test_what_is_not_there_is_404_and_what_cannot_be_done_405(site: Site) -> None:
    assert (await site.ask("GET", "/api/nothing")).code == 404
    assert (await site.ask("PUT", "/api/time", {})).code == 405
    assert code(await site.ask("GET", "/api/motorist/places/none")) == (404, "place_not_found")


@pytest.mark.parametrize(("method", "path"), declared())
async def test_every_action_says_no_with_a_code_to_whoever_is_nobody(
    site: Site, method: str, path: str
) -> None:
    body = {} if method == "POST" else None

    answer = await site.ask(method, path.replace("{", "").replace("}", ""), body)

    assert answer.code < 500
    if answer.code >= 400:
        assert said(answer)["error"]["code"]


async def test_the_description_of_the_api_is_a_valid_one(site: Site) -> None:
    described = said(await site.ask("GET", "/openapi.json"))

    validate(described)
    assert described["openapi"] == "3.1.0"
    assert len([verb for path in described["paths"].values() for verb in path]) == len(declared())


async def test_a_change_by_a_person_is_written_into_the_audit(site: Site) -> None:
    await site.world.see("d1", "arrived", at_s=0)
    token = await site.token("patrol", "patrol1")
    await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=token)

    rows = await site.world.store.database["audit_entries"].find().to_list(None)

    [row] = [one for one in rows if one["action"] == "identify_berth"]
    assert row["actor_id"] == "staff-patrol1"
    assert {change["table"] for change in row["changes"]} == {"stays", "occupancies"}
    assert PASSWORD not in str(rows)
