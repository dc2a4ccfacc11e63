"""What moves money is done once a key, and answered the same when it is asked again."""

import asyncio
from datetime import timedelta

import pytest

from server.domain.payment import Intent, Payment
from server.store.replies import Reply
from tests.domain.money import billed, rows
from tests.handlers.conftest import Site, code, said

KEY = {"Idempotency-Key": "key-00000001"}


def wish(bill_id: str, **more: object) -> dict[str, object]:
    return {"bill_ids": [bill_id], "provider": "wechat", "scene": "native", **more}


async def test_the_same_request_again_gets_the_same_bytes(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    token = await site.motorist()

    answers = [
        await site.ask("POST", "/api/motorist/intents", wish(bill.id), token=token, headers=KEY)
        for _ in range(10)
    ]

    assert {answer.code for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert len(await rows(site.world, Intent)) == 1


async def test_another_request_under_the_same_key_is_refused(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    token = await site.motorist()
    path = "/api/motorist/intents"
    await site.ask("POST", path, wish(bill.id), token=token, headers=KEY)

    other = await site.ask("POST", path, wish(bill.id, amount=10), token=token, headers=KEY)

    assert code(other) == (409, "idempotency_key_reused")


async def test_many_at_once_under_one_key_are_done_once(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    officer = await site.token("patrol", "patrol1")
    await site.ask(
        "POST",
        "/api/patrol/cash-shifts",
        {},
        token=officer,
        headers={"Idempotency-Key": "shift-001"},
    )

    async def pay() -> int:
        body = {"bill_ids": [bill.id]}
        answer = await site.ask(
            "POST", "/api/patrol/cash-payments", body, token=officer, headers=KEY
        )
        assert answer.code == 201 or code(answer) == (409, "request_in_progress")
        return answer.code

    codes = await asyncio.gather(*(pay() for _ in range(12)))

    assert 201 in codes
    assert await pay() == 201
    assert len(await rows(site.world, Payment)) == 1


async def test_a_refusal_is_kept_and_an_outage_is_not(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    token = await site.motorist()
    path, body = "/api/motorist/wallet/payments", {"bill_ids": [bill.id]}

    refused = [await site.ask("POST", path, body, token=token, headers=KEY) for _ in range(2)]
    site.provider.away = 1
    other = {"Idempotency-Key": "key-00000002"}
    away = await site.ask(
        "POST", "/api/motorist/intents", wish(bill.id), token=token, headers=other
    )
    back = await site.ask(
        "POST", "/api/motorist/intents", wish(bill.id), token=token, headers=other
    )

    assert refused[0].body == refused[1].body
    assert code(refused[0]) == (409, "balance_too_low")
    assert (away.code, back.code) == (503, 201)
    assert said(back)["client"] == {"code_url": f"pay://{said(back)['id']}"}


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with blank!"])
async def test_a_key_is_needed_and_must_be_one(site: Site, key: str) -> None:
    token = await site.motorist()

    answer = await site.ask(
        "POST",
        "/api/motorist/intents",
        wish("b"),
        token=token,
        headers={"Idempotency-Key": key} if key else {},
    )

    assert code(answer) == (422, "idempotency_key_needed")


async def test_who_died_in_the_middle_is_followed_after_a_minute(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    token = await site.motorist()
    path = "/api/motorist/intents"
    first = await site.ask("POST", path, wish(bill.id), token=token, headers=KEY)
    await site.world.store.database["replies"].update_many({}, {"$set": {"done": False}})

    early = await site.ask("POST", path, wish(bill.id), token=token, headers=KEY)
    site.world.now += timedelta(seconds=61)
    later = await site.ask("POST", path, wish(bill.id), token=token, headers=KEY)

    assert code(early) == (409, "request_in_progress")
    assert said(later)["id"] == said(first)["id"]
    assert len(await rows(site.world, Reply)) == 1


async def test_one_persons_key_is_not_anothers(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    token, officer = await site.motorist(), await site.token("patrol", "patrol1")

    mine = await site.ask("POST", "/api/motorist/intents", wish(bill.id), token=token, headers=KEY)
    his = await site.ask("POST", "/api/patrol/intents", wish(bill.id), token=officer, headers=KEY)

    assert (mine.code, his.code) == (201, 201)
    assert said(mine)["id"] != said(his)["id"]


async def test_a_notice_is_heard_over_http_and_a_forged_one_is_not(site: Site) -> None:
    [bill] = await billed(site.world, 400)
    token = await site.motorist()
    intent = said(
        await site.ask("POST", "/api/motorist/intents", wish(bill.id), token=token, headers=KEY)
    )
    site.provider.pay(intent["id"])
    headers, body = site.provider.notice(intent["id"])

    forged = await site.ask("POST", "/hooks/wechat", raw=body)
    genuine = await site.ask("POST", "/hooks/wechat", raw=body, headers=headers)
    unknown = await site.ask("POST", "/hooks/unionpay", raw=body)

    assert (forged.code, genuine.code, unknown.code) == (500, 204, 404)
    path = f"/api/motorist/intents/{intent['id']}"
    assert said(await site.ask("GET", path, token=token))["state"] == "succeeded"
