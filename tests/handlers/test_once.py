"""What moves money is done once a key, and answered the same when it is asked again."""

import asyncio
import importlib
import inspect
from datetime import timedelta
from typing import Any

import pytest

from server.domain.billing import Bill
from server.domain.payment import Intent, Payment
from server.kernel.errors import Unavailable
from server.store.replies import Reply
from tests.domain.money import billed, rows
from tests.handlers.conftest import Site, code, said

NO_MONEY = frozenset(
    {
        "console.arrears.AlertAcknowledgement",
        "console.arrears.CaseLinks",
        "console.arrears.Freeze",
        "console.arrears.WriteOffRejection",
        "console.arrears.WriteOffWithdrawal",
        "patrol.arrears.AlertAcknowledgement",
        "patrol.arrears.PayLinks",
    }
)
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


async def test_who_died_between_the_commit_and_the_answer_has_done_it_once(site: Site) -> None:
    """A waiver has no key of its own: done anew, twice as much would be taken off."""
    [bill] = await billed(site.world, 400)
    clerk, path = await site.token("console", "finance"), f"/api/console/bills/{bill.id}/waivers"
    body = {"amount": 50, "reason": "地磁误判"}
    first = await site.ask("POST", path, body, token=clerk, headers=KEY)
    replies = site.world.store.database["replies"]
    await replies.update_many({}, {"$set": {"done": False, "body": ""}})

    early = await site.ask("POST", path, body, token=clerk, headers=KEY)
    site.world.now += timedelta(seconds=61)
    later = await site.ask("POST", path, body, token=clerk, headers=KEY)

    assert first.code == 200
    assert code(early) == (409, "request_in_progress")
    assert code(later) == (409, "request_acted")
    [left] = await rows(site.world, Bill)
    assert left.open == 350


async def test_a_commit_that_nobody_heard_of_is_not_done_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    [bill] = await billed(site.world, 400)
    clerk, path = await site.token("console", "finance"), f"/api/console/bills/{bill.id}/waivers"
    body, store, lost = {"amount": 50, "reason": "地磁误判"}, site.world.store, []
    commit = store._commit

    async def lose(work: Any, action: str, *more: Any, **how: Any) -> None:
        await commit(work, action, *more, **how)
        if action == "waive_bill" and not lost:
            lost.append(action)

    async def run(actor: Any, use_case: Any, **named: Any) -> Any:
        result = await really_run(actor, use_case, **named)
        if len(lost) == 1:
            lost.append("told")
            raise Unavailable("store_away", "数据服务暂时不可用，请稍后再试")
        return result

    really_run = store.run
    monkeypatch.setattr(store, "_commit", lose)
    monkeypatch.setattr(store, "run", run)

    away = await site.ask("POST", path, body, token=clerk, headers=KEY)
    again = await site.ask("POST", path, body, token=clerk, headers=KEY)

    assert (away.code, code(again)) == (503, (409, "request_acted"))
    [left] = await rows(site.world, Bill)
    assert left.open == 350


@pytest.mark.parametrize("of", ["money", "arrears", "reconciliation", "debts"])
def test_whatever_moves_money_is_done_once(of: str) -> None:
    """What is not, is named: it moves none, and said again it does no harm."""
    missing = set()
    for audience in ("motorist", "patrol", "console", "open"):
        try:
            module = importlib.import_module(f"handlers.{audience}.{of}")
        except ModuleNotFoundError:
            continue
        for name, handler in inspect.getmembers(module, inspect.isclass):
            post = getattr(vars(handler).get("post"), "action", None)
            if handler.__module__ == module.__name__ and post and not post.once:
                missing.add(f"{audience}.{of}.{name}")
    assert missing <= NO_MONEY


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
