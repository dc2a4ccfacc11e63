"""The whole way of money: our client, a provider's double, its notice over HTTP, and the books."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import Application

from handlers.hooks.payments import PaymentNotice
from server.balancing import Balancer
from server.domain.billing import BillState
from server.domain.ledger.queries import balances
from server.domain.payment import Intent, Payment, ProviderExchange
from server.domain.reconciliation import Discrepancy
from server.domain.refund import RefundState
from server.doubles.alipay import AlipayDouble
from server.doubles.wechat import WeChatDouble, new_signer
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
        others = [FakeProvider(name="alipay")] if request.param == "wechat" else []
        app.desk = Desk(store, [client, *others], public_url=public_url)
        yield Street(world, app.desk, double, url, request.param)  # type: ignore[arg-type]
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


async def test_no_forged_altered_stale_or_foreign_notice_moves_anything(store: Store) -> None:
    world = World(store)
    await world.build()
    await billed(world, 400)
    desk = Desk(store, [wechat.offline(), alipay.offline()], public_url="http://city")

    replies = [await desk.hear("wechat", *make()) for make in wechat.FORGERIES.values()]
    bodies = [await desk.hear("alipay", {}, make()) for make in alipay.FORGERIES.values()]

    assert {reply.status for reply in replies} == {500}
    assert {reply.body for reply in bodies} == {"fail"}
    assert len(replies) + len(bodies) >= 60
    assert await rows(world, Payment) == []
    assert await world.run(balances) == {}
    kept = await rows(world, ProviderExchange)
    assert len(kept) == len(replies) + len(bodies)
    assert "taken" not in {one.verdict for one in kept}
