"""The whole way of a debit: a car's readings, our client, WeChat's double, its notices, the books."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from tornado.web import Application

from handlers.hooks.payments import PaymentNotice
from server.balancing import Balancer
from server.debiting import Debiting
from server.domain.autopay import EntryState
from server.domain.billing import BillState
from server.domain.payment import ProviderExchange
from server.domain.reconciliation import Discrepancy
from server.domain.refund import RefundState
from server.domain.stay import EditKind, Stay
from server.doubles.wechat import WeChatDouble, new_signer
from server.doubles.wechat_parking import tell_standing
from server.paying import Desk
from server.providers.wechat_bill import BEIJING
from server.providers.wechat_parking import WeChatParking
from tests.autopay import OTHER, PLATE, Cars, cars_on
from tests.domain.money import bill_of, priced, refunds, rows, sound
from tests.providers import test_wechat as wechat
from tests.providers.pay import listening
from tests.world import World


@dataclass
class Street:
    """Cars, and the double that debits them; both go by the street's clock."""

    cars: Cars
    double: WeChatDouble

    async def serve(self, state: str, plate: str = PLATE.number, color: str = "BLUE") -> None:
        """Open a plate's service, pause or remove it."""
        for parking in self.double.parkings.set_service(plate, color, state):
            tell_standing(self.double, parking)
        await self.settle()

    async def fail(self, kind: str) -> None:
        """Let something go wrong next."""
        self.double.faults.add({"kind": kind, "seconds": 0.0})

    async def round(self, *, after_s: float = 0) -> None:
        """Let the desk ask, and all notices come through and be carried."""
        await self.cars.round(after_s=after_s)
        await self.settle()

    async def settle(self) -> None:
        """Wait until all notices are through, and carry what they told."""
        await self.double.notifier.drain()
        await self.cars.relay()

    async def park(self) -> Stay:
        """Let a car come, be told of, and go."""
        stay = await self.cars.come()
        await self.round()
        await self.cars.go()
        return stay


@pytest.fixture
async def street(world: World, tmp_path: Path) -> AsyncIterator[Street]:
    cars = await cars_on(world)
    double = WeChatDouble(
        url="",
        app_id=wechat.MERCHANT.app_id,
        merchant_id=wechat.MERCHANT.merchant_id,
        merchant_serial=wechat.MERCHANT.serial,
        merchant_key=wechat.MERCHANT_KEY,
        api_v3_key=wechat.API_KEY,
        signer=new_signer(wechat.PLATFORM_KEY, wechat.PUBLIC_KEY_ID),
        path=tmp_path / "trades.json",
        pauses_s=(0.0, 0.0),
        now=lambda: world.now,
    )
    app = SimpleNamespace(desk=None)
    hook = Application([(r"/hooks/(?P<provider>[a-z]+)", PaymentNotice, {"app": app})])
    async with listening(double.application()) as url, listening(hook) as public_url:
        double.url = url
        site = wechat.Site(double, url, None)  # type: ignore[arg-type]
        client = site.client(public=True, now=lambda: world.now)
        debiting = Debiting(world.store, WeChatParking(client), public_url=public_url)
        cars.desk = Desk(world.store, [client], public_url=public_url, debiting=debiting)
        app.desk = cars.desk  # type: ignore[assignment]
        made = Street(cars, double)
        await made.serve("NORMAL")
        yield made
        await double.notifier.close()


@pytest.mark.parametrize("fault", ["", "twice", "late", "forged", "never", "lost", "debit_lent"])
async def test_whatever_happens_to_notices_and_answers_it_is_one_payment(
    street: Street, fault: str
) -> None:
    cars = street.cars
    stay = await cars.come()
    await street.round()
    await cars.go()
    if fault:
        await street.fail(fault)

    await street.round()
    await street.round(after_s=5)

    bill = await bill_of(cars.world, stay.id)
    assert (bill.state, bill.open) == (BillState.PAID, 0)
    assert await cars.states() == [(EntryState.USED, None)]
    assert len(await cars.payments()) == len(street.double.book.trades) == 1
    verdicts = [one.verdict for one in await rows(cars.world, ProviderExchange) if one.incoming]
    assert ("forged: signature" in verdicts) is (fault == "forged")
    await sound(cars.world)


async def test_the_day_is_compared_and_what_was_too_much_goes_back(street: Street) -> None:
    cars = street.cars
    stay = await street.park()
    await street.fail("never")
    await street.round()
    assert await cars.payments() == []

    balancer = Balancer(cars.world.store, cars.desk)
    day = await balancer.reconcile("wechat", cars.world.now.astimezone(BEIJING).date())
    await cars.relay()

    [payment] = await cars.payments()
    assert (day.lines, day.paid, day.open) == (1, payment.amount, 0)
    assert [one.state for one in await rows(cars.world, Discrepancy)] == ["repaired"]
    await priced(cars.world, stay.id, 100)
    await cars.relay()
    for _ in range(3):
        await street.round(after_s=60)
    [refund] = await refunds(cars.world)
    assert (refund.state, refund.amount) == (RefundState.SUCCEEDED, payment.amount - 100)
    await sound(cars.world)


@pytest.mark.parametrize("state", ["PAUSE", "OVERDUE", "OUT_SERVICE"])
async def test_who_is_not_to_be_debited_as_he_goes_is_left_a_bill(
    street: Street, state: str
) -> None:
    cars = street.cars
    stay = await cars.come()
    await street.round()
    await street.serve(state)
    await cars.go()
    await street.round(after_s=5)

    assert await cars.states() == [(EntryState.CLOSED, "blocked")]
    assert (await bill_of(cars.world, stay.id)).state is BillState.DUE
    assert street.double.book.trades == {}


async def test_a_standing_that_nobody_told_of_is_found_when_the_debit_is_refused(
    street: Street,
) -> None:
    cars = street.cars
    stay = await cars.come()
    await street.round()
    await street.fail("never")
    await street.serve("PAUSE")
    await cars.go()

    await street.round()
    await street.round(after_s=1800)

    assert await cars.states() == [(EntryState.CLOSED, "failed"), (EntryState.CLOSED, "blocked")]
    assert (await bill_of(cars.world, stay.id)).state is BillState.DUE


async def test_a_debit_that_fails_climbs_the_ladder(street: Street) -> None:
    cars = street.cars
    stay = await street.park()
    await street.fail("debit_fails")
    await street.round()
    assert (await bill_of(cars.world, stay.id)).state is BillState.DUE

    await street.round(after_s=1800)
    await street.round()
    await street.round(after_s=5)

    assert await cars.states() == [(EntryState.CLOSED, "failed"), (EntryState.USED, None)]
    assert (await bill_of(cars.world, stay.id)).state is BillState.PAID
    await sound(cars.world)


async def test_a_plate_that_is_corrected_is_debited_by_the_new_entry_only(street: Street) -> None:
    cars = street.cars
    await street.serve("NORMAL", OTHER.number, "GREEN")
    stay = await cars.come(OTHER)
    await street.round()
    await cars.edit(EditKind.PLATE, stay, plate=PLATE)
    await street.round()
    await cars.go()
    await street.round()
    await street.round(after_s=5)

    assert await cars.states() == [(EntryState.CLOSED, "corrected"), (EntryState.USED, None)]
    used = [one for one in street.double.parkings.parkings.values() if one.trade_no]
    assert [one.plate_number for one in used] == [PLATE.number]
    await sound(cars.world)


async def test_a_debit_that_is_decided_late_is_asked_about_until_it_is(street: Street) -> None:
    cars = street.cars
    await street.park()
    await street.fail("debit_waits")
    await street.round()
    await street.round(after_s=5)
    assert await cars.payments() == []

    await street.round(after_s=30)

    assert await cars.states() == [(EntryState.USED, None)]
    await sound(cars.world)
