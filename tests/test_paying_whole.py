"""The whole way of money: our client, a provider's double, its notice over HTTP, and the books."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import Application

from handlers.hooks.payments import PaymentNotice
from server.balancing import Balancer
from server.domain.billing import Bill, BillState
from server.domain.ledger.queries import balances
from server.domain.payment import Intent, Payment, ProviderExchange
from server.domain.reconciliation import Discrepancy, Reconciliation, queries
from server.domain.refund import RefundState
from server.doubles.alipay import AlipayDouble
from server.doubles.wechat import WeChatDouble, new_signer
from server.kernel.errors import Refused
from server.paying import Desk
from server.providers.alipay import BEIJING
from server.providers.payment import PaymentProvider
from server.providers.wechat import WeChatPay
from server.store.mongo import Store
from tests.domain.money import bill_of, billed, priced, react, refunds, rows, sound, wish
from tests.paying import FakeProvider
from tests.providers import test_alipay as alipay
from tests.providers import test_wechat as wechat
from tests.providers.pay import listening, post
from tests.world import World


@dataclass
class Street:
    """A world by the real clock, a desk with one real client, its double, and our hook."""

    world: World
    desk: Desk
    double: Any
    url: str
    name: str
    client: PaymentProvider
    other: FakeProvider

    async def begin(self, amount: int = 400) -> Intent:
        """Let the owner begin to pay."""
        [bill] = await billed(self.world, amount)
        return await self.desk.start(await wish(self.world, bill, provider=self.name))

    async def pay(self, intent: Intent) -> None:
        """Pay at the cashier, and wait until all notices are through."""
        token = self.double.book.trades[intent.id].token
        assert (await post(f"{self.url}/cashier/{token}/pay")).code == 200
        await self.double.notifier.drain()

    async def fail(self, kind: str) -> None:
        """Let something go wrong next."""
        self.double.faults.add({"kind": kind, "seconds": 0.0})


@pytest.fixture(params=["wechat", "alipay"])
async def street(
    request: pytest.FixtureRequest, store: Store, tmp_path: Path
) -> AsyncIterator[Street]:
    world = World(store)
    await world.build()
    world.now = datetime.now(BEIJING)
    path, pauses = tmp_path / "trades.json", (0.0, 0.0)
    double: Any
    if request.param == "wechat":
        double = WeChatDouble(
            url="",
            app_id=wechat.MERCHANT.app_id,
            merchant_id=wechat.MERCHANT.merchant_id,
            merchant_serial=wechat.MERCHANT.serial,
            merchant_key=wechat.MERCHANT_KEY,
            api_v3_key=wechat.API_KEY,
            signer=new_signer(wechat.PLATFORM_KEY),
            path=path,
            pauses_s=pauses,
        )
    else:
        double = AlipayDouble(
            url="",
            app_id=alipay.APP,
            seller_id=alipay.SELLER,
            merchant_key=alipay.APP_KEY,
            key=alipay.ALIPAY_KEY,
            path=path,
            pauses_s=pauses,
        )
    app = SimpleNamespace(desk=None)
    hook = Application([(r"/hooks/(?P<provider>[a-z]+)", PaymentNotice, {"app": app})])
    async with listening(double.application()) as url, listening(hook) as public_url:
        double.url = url
        client: PaymentProvider
        if request.param == "wechat":
            client = WeChatPay(url=url, merchant=wechat.MERCHANT, keys={})
        else:
            client = alipay.Site(double, url, None).client()  # type: ignore[arg-type]
        other = FakeProvider(name="alipay" if request.param == "wechat" else "wechat")
        app.desk = Desk(store, [client, other], public_url=public_url)
        yield Street(world, app.desk, double, url, request.param, client, other)  # type: ignore[arg-type]
        await double.notifier.close()


async def test_a_bill_is_paid_and_the_day_compared(street: Street) -> None:
    await street.pay(await street.begin())

    assert (await bill_of(street.world, "stay1")).state is BillState.PAID
    balancer = Balancer(street.world.store, street.desk)
    day = await balancer.reconcile(street.name, datetime.now(BEIJING).date())
    assert (day.lines, day.paid, day.open) == (1, 400, 0)
    assert await rows(street.world, Discrepancy) == []
    await sound(street.world)


@pytest.mark.parametrize("kind", ["twice", "forged", "late"])
async def test_whatever_happens_to_the_notice_it_is_one_payment(street: Street, kind: str) -> None:
    await street.fail(kind)

    await street.pay(await street.begin())

    assert len(await rows(street.world, Payment)) == 1
    verdicts = [one.verdict for one in await rows(street.world, ProviderExchange) if one.incoming]
    assert ("forged: signature" in verdicts) is (kind == "forged")
    await sound(street.world)


async def test_a_notice_that_never_comes_is_found_by_asking(street: Street) -> None:
    await street.fail("never")
    await street.pay(await street.begin())
    assert await rows(street.world, Payment) == []

    street.world.now += timedelta(seconds=5)
    await street.desk.ask()

    assert (await bill_of(street.world, "stay1")).state is BillState.PAID
    await sound(street.world)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("bill_drops", "missing_there"),
        ("bill_adds", "missing_here"),
        ("bill_amount", "amount"),
        ("bill_number", "status"),
        ("bill_fee", "fee"),
    ],
)
async def test_each_way_in_which_a_bill_differs_is_named_and_nothing_else(
    street: Street, monkeypatch: pytest.MonkeyPatch, kind: str, named: str
) -> None:
    monkeypatch.setattr(queries, "CUT", timedelta(0))
    street.client.fee_bp = 60
    await street.pay(await street.begin())
    day, balancer = datetime.now(BEIJING).date(), Balancer(street.world.store, street.desk)
    assert (await balancer.reconcile(street.name, day)).open == 0
    await street.world.store.database["provider_bill_lines"].delete_many({})

    await street.fail(kind)
    await balancer.reconcile(street.name, day)

    found = await rows(street.world, Discrepancy)
    assert [(one.kind.value, one.state.value) for one in found] == [(named, "open")]
    assert len(await rows(street.world, Payment)) == 1
    await sound(street.world)


async def test_what_stands_on_the_next_days_bill_is_named_and_settled_by_it(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "CUT", timedelta(days=1))
    await street.pay(await street.begin())
    day, balancer = datetime.now(BEIJING).date(), Balancer(street.world.store, street.desk)
    await street.fail("bill_late")

    assert (await balancer.reconcile(street.name, day)).open == 1
    [cut] = await rows(street.world, Discrepancy)
    await balancer.reconcile(street.name, day + timedelta(days=1))

    [settled] = await rows(street.world, Discrepancy)
    assert (cut.kind, cut.state, settled.state) == ("day_cut", "open", "repaired")
    assert [one.open for one in await rows(street.world, Reconciliation)] == [0, 0]


@pytest.mark.parametrize("kind", ["bill_cut", "bill_sum"])
async def test_a_file_that_is_cut_or_sums_up_wrongly_closes_no_day(
    street: Street, kind: str
) -> None:
    await street.pay(await street.begin())
    day, balancer = datetime.now(BEIJING).date(), Balancer(street.world.store, street.desk)
    await street.fail(kind)

    with pytest.raises(Refused, match="bill_unreadable"):
        await balancer.reconcile(street.name, day)
    assert await rows(street.world, Reconciliation) == []
    assert (await balancer.reconcile(street.name, day)).open == 0


async def test_a_day_without_a_trade_is_compared_with_an_empty_bill(street: Street) -> None:
    balancer = Balancer(street.world.store, street.desk)

    day = await balancer.reconcile(street.name, datetime.now(BEIJING).date())

    assert (day.lines, day.paid, day.open) == (0, 0, 0)


async def test_what_is_priced_lower_goes_back_by_the_provider(street: Street) -> None:
    await street.pay(await street.begin())
    await priced(street.world, "stay1", 100)
    await react(street.world)

    await street.desk.ask()
    await street.double.notifier.drain()
    street.world.now += timedelta(minutes=1)
    await street.desk.ask()

    [refund] = await refunds(street.world)
    assert (refund.amount, refund.state) == (300, RefundState.SUCCEEDED)
    assert sum((await street.world.run(balances, prefix="provider:")).values()) == 100
    assert street.double.book.trades[refund.intent_id].refunded == 300
    await sound(street.world)


Notice = tuple[Mapping[str, str], bytes]


def _without_headers(make: Callable[[], bytes]) -> Callable[[], Notice]:
    return lambda: ({}, make())


# Rightly signed, and of another amount, trade, provider or refund than there is.
UNFIT: dict[str, dict[str, Callable[[], Notice]]] = {
    "wechat": {
        "a fen less": wechat.said_wrong(amount={"total": 399, "currency": "CNY"}),
        "a fen more": wechat.said_wrong(amount={"total": 401, "currency": "CNY"}),
        "nothing": wechat.said_wrong(amount={"total": 0, "currency": "CNY"}),
        "another trade": wechat.said_wrong(out_trade_no="trade0009"),
        "a trade of alipay": wechat.said_wrong(out_trade_no="trade0002"),
        "a refund that there is not": lambda: wechat.notice(
            {
                "mchid": wechat.MERCHANT.merchant_id,
                "out_refund_no": "refund0001",
                "out_trade_no": "trade0001",
                "refund_status": "SUCCESS",
                "amount": {"total": 400, "refund": 400, "currency": "CNY"},
            },
            event="REFUND.SUCCESS",
        ),
    },
    "alipay": {
        "a fen less": lambda: ({}, alipay.notice(total_amount="3.99")),
        "a fen more": lambda: ({}, alipay.notice(total_amount="4.01")),
        "nothing": lambda: ({}, alipay.notice(total_amount="0.00")),
        "another trade": lambda: ({}, alipay.notice(out_trade_no="trade0009")),
        "a trade of wechat": lambda: ({}, alipay.notice(out_trade_no="trade0002")),
    },
}
FORGED: dict[str, dict[str, Callable[[], Notice]]] = {
    "wechat": wechat.FORGERIES,
    "alipay": {name: _without_headers(make) for name, make in alipay.FORGERIES.items()},
}
GENUINE: dict[str, Callable[[], Notice]] = {
    "wechat": wechat.notice,
    "alipay": _without_headers(alipay.notice),
}
REFUSED = {"wechat": (500, None), "alipay": (200, "fail")}
TAKEN = {"wechat": 204, "alipay": 200}


@pytest.mark.parametrize("name", ["wechat", "alipay"])
async def test_no_forged_altered_stale_or_foreign_notice_moves_anything(
    store: Store, name: str
) -> None:
    """All are about a trade that waits to be paid, so that whatever is believed would pay its bill."""
    world = World(store)
    await world.build()
    one, two = await billed(world, 400, 400)
    other = "alipay" if name == "wechat" else "wechat"
    await waiting(world, one, id="trade0001", provider=name)
    await waiting(world, two, id="trade0002", provider=other)
    desk = Desk(store, [wechat.offline(), alipay.offline()], public_url="http://city")
    status, body = REFUSED[name]
    made = {**FORGED[name], **UNFIT[name]}

    for forgery, make in made.items():
        reply = await desk.hear(name, *make())
        assert (reply.status, body or reply.body) == (status, reply.body), forgery
        assert await rows(world, Payment) == [], forgery

    assert await world.run(balances) == {}
    kept = await rows(world, ProviderExchange)
    assert len(kept) == len(made)
    verdicts = [one.verdict for one in kept]
    assert "taken" not in verdicts
    assert sum(verdict.startswith("forged") for verdict in verdicts) >= len(FORGED[name]) - 2
    # The very notice that they were made of is believed: nothing but what is wrong with them kept them out.
    reply = await desk.hear(name, *GENUINE[name]())
    assert reply.status == TAKEN[name]
    assert (await bill_of(world, "stay1")).state is BillState.PAID
    assert len(await rows(world, Payment)) == 1
    await sound(world)


def test_there_are_more_than_forty_classes() -> None:
    assert len(FORGED["wechat"]) >= 40
    assert sum(len(one) for kinds in (FORGED, UNFIT) for one in kinds.values()) >= 75


async def waiting(world: World, bill: Bill, *, id: str, provider: str) -> None:
    """Let somebody wait to pay a bill by a trade of this number."""
    begun = await wish(world, bill, provider=provider)
    database = world.store.database
    row = await database["payment_intents"].find_one_and_delete({"_id": begun.id})
    await database["payment_intents"].insert_one({**row, "_id": id})


async def test_fifty_notices_of_each_of_two_providers_at_once_settle_one_bill_once(
    street: Street,
) -> None:
    """Each is signed as it comes over HTTP; what was paid second goes back, once."""
    [bill] = await billed(street.world, 400)
    mine = await street.desk.start(await wish(street.world, bill, provider=street.name))
    theirs = await street.desk.start(await wish(street.world, bill, provider=street.other.name))
    trade = street.double.book.trades[mine.id]
    street.double.book.pay(trade)
    street.other.pay(theirs.id)
    answers = []

    async def tell() -> None:
        reply = await street.desk.hear(street.other.name, *street.other.notice(theirs.id))
        answers.append(reply.status)

    for _ in range(50):
        street.double.paid(trade)
    await asyncio.gather(*(tell() for _ in range(50)))
    await street.double.notifier.drain()
    await tell()
    street.double.paid(trade)
    await street.double.notifier.drain()
    for _ in range(2):
        await react(street.world)

    heard = [one for one in await rows(street.world, ProviderExchange) if one.incoming]
    assert len(heard) >= 102
    assert answers[-1] == 204
    assert len(await rows(street.world, Payment)) == 2
    assert (await bill_of(street.world, "stay1")).paid == 400
    [refund] = await refunds(street.world)
    assert (refund.amount, refund.stay_id) == (400, "")
    assert sum((await street.world.run(balances, prefix="provider:")).values()) == 800
    await sound(street.world)
