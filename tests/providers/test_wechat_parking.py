"""WeChat's parking service against its double: services, entries, debits, and what is told of them."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient

from server.doubles.parkings import ParkingBook, nobody, some
from server.doubles.wechat import WeChatDouble, new_signer
from server.kernel.errors import Refused, Unavailable
from server.providers.parking import DebitOrder, EntryOrder, Parked, ServiceState
from server.providers.payment import (
    BlockReason,
    EntryStanding,
    EntryTold,
    Exchange,
    Forged,
    RefundOrder,
    Trade,
    TradeState,
)
from server.providers.wechat import WeChatPay
from server.providers.wechat_bill import BEIJING
from server.providers.wechat_parking import COLORS, WeChatParking
from tests.providers.pay import listening, merchant_inbox, post
from tests.providers.pay import order as an_order
from tests.providers.test_wechat import (
    API_KEY,
    MERCHANT,
    MERCHANT_KEY,
    NOW,
    PLATFORM_KEY,
    STRANGERS_KEY,
    Notice,
    Site,
    notice,
    offline,
)

NUMBER = "粤B12345"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    double = WeChatDouble(
        url="",
        app_id=MERCHANT.app_id,
        merchant_id=MERCHANT.merchant_id,
        merchant_serial=MERCHANT.serial,
        merchant_key=MERCHANT_KEY,
        api_v3_key=API_KEY,
        signer=new_signer(PLATFORM_KEY),
        path=tmp_path / "trades.json",
        pauses_s=(0.0,),
    )
    async with listening(double.application()) as url, merchant_inbox() as inbox:
        double.url = url
        yield Site(double, url, inbox)
        await double.notifier.close()


async def service(site: Site, state: str, number: str = NUMBER) -> None:
    """Open a plate's service, pause or remove it, and wait for what is told of that."""
    asked = {"plate_number": number, "plate_color": "BLUE", "state": state}
    assert (await post(f"{site.url}/services", json.dumps(asked).encode())).code == 200
    await site.double.notifier.drain()


def parked(**changes: Any) -> Parked:
    arrived_at = datetime.now(UTC) - timedelta(hours=2)
    told = {"plate_number": NUMBER, "plate_color": "blue", "place_name": "福华路"}
    return Parked(**({"arrived_at": arrived_at, **told} | changes))


def entry(site: Site, number: str = "entry0001", *, car: Parked | None = None) -> EntryOrder:
    return EntryOrder(
        entry_no=number, parked=car or parked(), free_s=900, notify_url=site.inbox.url
    )


def debit(site: Site, told: EntryTold, order: EntryOrder, **changes: Any) -> DebitOrder:
    asked = {
        "trade_no": "debit0001",
        "amount": 400,
        "description": "停车费 粤B12345",
        "parking_id": told.parking_id,
        "parked": order.parked,
        "left_at": datetime.now(UTC) - timedelta(minutes=1),
        "device_id": "440304001",
        "notify_url": site.inbox.url,
    }
    return DebitOrder(**(asked | changes))


async def entered(site: Site, **changes: Any) -> tuple[WeChatParking, DebitOrder]:
    """Tell of a car whose driver has the service; gives the debit that might follow."""
    parking = WeChatParking(site.client())
    await service(site, "NORMAL")
    order = entry(site)
    return parking, debit(site, await parking.enter(order), order, **changes)


async def refused(asking: Any) -> str:
    with pytest.raises(Refused) as refusal:
        await asking
    return refusal.value.code


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("NORMAL", ServiceState.NORMAL),
        ("PAUSE", ServiceState.PAUSED),
        ("OUT_SERVICE", ServiceState.OUT_OF_SERVICE),
        ("OVERDUE", ServiceState.NORMAL),
    ],
)
async def test_a_plates_service_is_found_by_number_and_color(
    site: Site, state: str, found: ServiceState
) -> None:
    parking = WeChatParking(site.client())
    await service(site, state)

    assert await parking.find_service(number=NUMBER, color="blue", payer="openid-1") is found
    other = await parking.find_service(number=NUMBER, color="green", payer="openid-1")
    assert other is ServiceState.OUT_OF_SERVICE


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("NORMAL", None),
        ("PAUSE", BlockReason.PAUSED),
        ("OVERDUE", BlockReason.OVERDUE),
        ("OUT_SERVICE", BlockReason.OUT_OF_SERVICE),
    ],
)
async def test_a_car_is_told_of_and_told_again_is_the_same_entry(
    site: Site, state: str, reason: BlockReason | None
) -> None:
    parking = WeChatParking(site.client())
    await service(site, state)
    order = entry(site)

    first, again = await parking.enter(order), await parking.enter(order)

    assert first == again
    assert (first.standing, first.reason) == (
        EntryStanding.BLOCKED if reason else EntryStanding.NORMAL,
        reason,
    )
    other = replace(order, parked=replace(order.parked, plate_number="粤B54321"))
    assert await refused(parking.enter(other)) == "wechat_invalid_request"


@pytest.mark.parametrize("color", COLORS)
async def test_every_color_is_one_of_wechats(site: Site, color: str) -> None:
    parking = WeChatParking(site.client())

    await parking.enter(entry(site, car=parked(plate_color=color)))

    [known] = site.double.parkings.parkings.values()
    assert known.plate_color == COLORS[color]
    assert known.start_time.endswith("+08:00")


async def test_a_debit_is_accepted_told_found_and_in_the_days_bill(site: Site) -> None:
    parking, order = await entered(site)

    accepted = await parking.debit(order)
    await site.double.notifier.drain()

    assert accepted.state is TradeState.UNPAID
    [heard] = site.inbox.notices
    told = await site.client().read_notice(*heard)
    assert isinstance(told, Trade)
    assert (told.trade_no, told.amount, told.state) == ("debit0001", 400, TradeState.PAID)
    assert await parking.query_debit("debit0001") == told
    bill = await site.client().bill(datetime.now(BEIJING).date())
    assert [(row.trade_no, row.transaction_id, row.amount) for row in bill.rows] == [
        ("debit0001", told.transaction_id, 400)
    ]


async def test_a_debit_is_given_back_as_any_payment(site: Site) -> None:
    parking, order = await entered(site)
    await parking.debit(order)
    back = RefundOrder(
        refund_no="refund0001",
        trade_no="debit0001",
        amount=100,
        total=400,
        reason="误收",
        notify_url="",
    )

    await site.client().refund(back)

    found = await parking.query_debit("debit0001")
    assert (found.state, found.amount) == (TradeState.PAID, 400)


async def test_a_debit_asked_for_again_is_the_same_debit(site: Site) -> None:
    parking, order = await entered(site)

    await parking.debit(order)
    again = await parking.debit(order)

    assert again.state is TradeState.PAID
    assert len(site.double.book.trades) == 1
    dearer = replace(order, amount=500)
    assert await refused(parking.debit(dearer)) == "wechat_out_trade_no_used"


async def test_an_order_is_no_debit_and_a_debit_no_order(site: Site) -> None:
    parking, asked = await entered(site)
    await parking.debit(asked)
    await site.client().prepay(an_order("trade0001"))

    assert (await site.client().query("debit0001")).state is TradeState.UNKNOWN
    assert (await parking.query_debit("trade0001")).state is TradeState.UNKNOWN
    assert (await parking.query_debit("nothing")).state is TradeState.UNKNOWN


TRAPS: dict[str, tuple[str, Callable[[DebitOrder], DebitOrder]]] = {
    "begins when it ends": (
        "wechat_param_error",
        lambda one: replace(one, left_at=one.parked.arrived_at),
    ),
    "ends later than now": (
        "wechat_param_error",
        lambda one: replace(one, left_at=datetime.now(UTC) + timedelta(minutes=1)),
    ),
    "another id": ("wechat_invalid_request", lambda one: replace(one, parking_id="5000")),
    "another plate": (
        "wechat_invalid_request",
        lambda one: replace(one, parked=replace(one.parked, plate_number="粤B54321")),
    ),
    "another color": (
        "wechat_invalid_request",
        lambda one: replace(one, parked=replace(one.parked, plate_color="green")),
    ),
    "another beginning": (
        "wechat_invalid_request",
        lambda one: replace(
            one,
            parked=replace(one.parked, arrived_at=one.parked.arrived_at - timedelta(seconds=1)),
        ),
    ),
    "another place": (
        "wechat_invalid_request",
        lambda one: replace(one, parked=replace(one.parked, place_name="别处")),
    ),
    "nothing": ("wechat_param_error", lambda one: replace(one, amount=0)),
}


@pytest.mark.parametrize("trap", TRAPS)
async def test_the_double_refuses_as_wechat_does(site: Site, trap: str) -> None:
    code, spoil = TRAPS[trap]
    parking, order = await entered(site)

    assert await refused(parking.debit(spoil(order))) == code
    assert site.double.book.trades == {}
    assert (await parking.debit(order)).state is TradeState.UNPAID


async def test_an_entry_is_debited_once_and_a_plates_newest_only(site: Site) -> None:
    parking, order = await entered(site)
    car = parked(place_name="深南路")
    second = await parking.enter(entry(site, "entry0002", car=car))

    assert await refused(parking.debit(order)) == "wechat_invalid_request"
    newest = replace(order, parking_id=second.parking_id, parked=car)
    await parking.debit(newest)
    again = replace(newest, trade_no="debit0002")
    assert await refused(parking.debit(again)) == "wechat_invalid_request"


async def test_a_service_that_ends_while_a_car_stands_is_told_and_blocks_it(site: Site) -> None:
    parking, order = await entered(site)
    for state in ("PAUSE", "NORMAL", "OVERDUE", "OUT_SERVICE"):
        await service(site, state)

    told = [await site.client().read_notice(*one) for one in site.inbox.notices]

    assert all(isinstance(one, EntryTold) for one in told)
    assert [getattr(one, "reason", 0) for one in told] == [
        BlockReason.PAUSED,
        None,
        BlockReason.OVERDUE,
        BlockReason.REMOVED,
    ]
    assert {getattr(one, "parking_id", 0) for one in told} == {order.parking_id}
    assert await refused(parking.debit(order)) == "wechat_invalid_request"
    await service(site, "PAUSE", "粤B54321")
    assert len(site.inbox.notices) == 4


async def test_a_debit_that_fails_is_told_and_found_so(site: Site) -> None:
    parking, order = await entered(site)
    await site.fail("debit_fails")

    accepted = await parking.debit(order)
    await site.double.notifier.drain()

    told = await site.client().read_notice(*site.inbox.notices[0])
    assert isinstance(told, Trade)
    assert (accepted.state, told.state) == (TradeState.UNPAID, TradeState.CLOSED)
    assert (await parking.query_debit("debit0001")).state is TradeState.CLOSED


async def test_a_debit_that_is_not_decided_yet_is_found_later(site: Site) -> None:
    parking, order = await entered(site)
    await site.fail("debit_waits")
    await parking.debit(order)

    found = [(await parking.query_debit("debit0001")).state for _ in range(2)]

    assert found == [TradeState.UNPAID, TradeState.PAID]
    assert site.inbox.notices == []


async def test_what_wechat_has_lent_and_gets_back_is_one_payment_to_us(site: Site) -> None:
    parking, order = await entered(site)
    await site.fail("debit_lent")

    await parking.debit(order)
    await site.double.notifier.drain()

    told = [await site.client().read_notice(*one) for one in site.inbox.notices]
    assert told[0] == told[1] == await parking.query_debit("debit0001")


@pytest.mark.parametrize("kind", ["error", "lost"])
async def test_what_is_not_answered_is_unavailable_and_was_done(site: Site, kind: str) -> None:
    _, order = await entered(site)
    parking = WeChatParking(site.client(answer_timeout_s=0.2))
    await parking.query_debit("nothing")
    await site.fail(kind, seconds=0.5)

    with pytest.raises(Unavailable):
        await parking.debit(order)

    assert (await parking.query_debit("debit0001")).state is TradeState.PAID


async def test_an_answer_that_somebody_else_signed_is_not_believed(site: Site) -> None:
    parking, order = await entered(site)
    site.double.signers = [new_signer(STRANGERS_KEY, site.double.signer.serial)]

    with pytest.raises(Unavailable):
        await parking.debit(order)


async def test_what_is_kept_of_a_question_names_no_payer(site: Site) -> None:
    kept: list[Exchange] = []

    async def note(exchange: Exchange) -> None:
        kept.append(exchange)

    pay = site.client()
    pay.note = note
    await WeChatParking(pay).find_service(number=NUMBER, color="blue", payer="openid-of-somebody")

    assert len(kept) == 1
    assert "openid-of-somebody" not in str(kept)


async def test_services_are_set_by_hand_and_kept_over_a_restart(site: Site) -> None:
    await service(site, "PAUSE")
    spoilt = (b"{", b"{}", b'{"plate_number":"A","plate_color":"RED","state":"NORMAL"}', b"[]")

    wrong = [(await post(f"{site.url}/services", body)).code for body in spoilt]
    shown = await AsyncHTTPClient().fetch(f"{site.url}/services")
    page = await AsyncHTTPClient().fetch(f"{site.url}/control")

    assert wrong == [400] * 4
    [plate] = json.loads(shown.body)["plates"]
    assert (plate["plate_number"], plate["plate_color"], plate["state"]) == (
        NUMBER,
        "BLUE",
        "PAUSE",
    )
    assert plate["parking"] is None
    assert "为这个车牌开通" in page.body.decode()
    book = site.double.parkings
    again = ParkingBook(book._path, now=site.double.now, assume=nobody)
    assert (again.services, again.parkings) == (book.services, book.parkings)


def test_of_a_demos_plates_some_have_the_service() -> None:
    states = {some(f"粤B1234{last}") for last in "0123456789A"}

    assert states == {"NORMAL", "PAUSE", "OUT_SERVICE"}


# --- Forged, altered, stale and foreign notices: none of them is believed ---------------------

ENTRY_EVENT = "VEHICLE.ENTRANCE_STATE_CHANGE"
CHANGED = {
    "sp_mchid": MERCHANT.merchant_id,
    "parking_id": "5000",
    "out_parking_no": "entry0001",
    "plate_number": NUMBER,
    "plate_color": "BLUE",
    "start_time": "2026-07-01T10:00:00+08:00",
    "parking_name": "福华路",
    "free_duration": 900,
    "parking_state": "BLOCKED",
    "blocked_state_description": "PAUSE",
    "state_update_time": "2026-07-01T11:59:59.120+08:00",
}
DEBITED = {
    "appid": MERCHANT.app_id,
    "sp_mchid": MERCHANT.merchant_id,
    "out_trade_no": "debit0001",
    "transaction_id": "4200001",
    "trade_state": "SUCCESS",
    "trade_scene": "PARKING",
    "success_time": "2026-07-01T12:00:00+08:00",
    "amount": {"total": 400, "payer_total": 350, "currency": "CNY"},
}


def changed(**content: Any) -> Callable[[], Notice]:
    return lambda: notice({**CHANGED, **content}, event=ENTRY_EVENT)


def debited(event: str = "TRANSACTION.SUCCESS", **content: Any) -> Callable[[], Notice]:
    return lambda: notice({**DEBITED, **content}, event=event)


def altered(old: bytes, new: bytes) -> Callable[[], Notice]:
    def make() -> Notice:
        headers, body = notice(CHANGED, event=ENTRY_EVENT)
        assert old in body
        return headers, body.replace(old, new)

    return make


FORGERIES: dict[str, Callable[[], Notice]] = {
    "wrong key": lambda: notice(CHANGED, event=ENTRY_EVENT, key=STRANGERS_KEY),
    "unknown serial": lambda: notice(CHANGED, event=ENTRY_EVENT, serial="FFFF"),
    "sealed by another key": lambda: notice(CHANGED, event=ENTRY_EVENT, api_key=b"x" * 32),
    "301 s old": lambda: notice(CHANGED, event=ENTRY_EVENT, at=NOW - timedelta(seconds=301)),
    "301 s ahead": lambda: notice(CHANGED, event=ENTRY_EVENT, at=NOW + timedelta(seconds=301)),
    "an entry made a payment": altered(ENTRY_EVENT.encode(), b"TRANSACTION.SUCCESS"),
    "a byte of the seal": altered(b'"nonce": "', b'"nonce": "0'),
    "entry of another merchant": changed(sp_mchid="1900000002"),
    "entry of nobody": changed(sp_mchid=None),
    "no standing": changed(parking_state="MAYBE"),
    "no time": changed(state_update_time=None),
    "time is text": changed(state_update_time="now"),
    "a debit told as an entry": lambda: notice(DEBITED, event=ENTRY_EVENT),
    "an entry told as a debit": lambda: notice(CHANGED),
    "debit of another merchant": debited(sp_mchid="1900000002"),
    "debit of another app": debited(appid="wx2"),
    "debit in dollars": debited(amount={"total": 400, "currency": "USD"}),
    "amount is text": debited(amount={"total": "400", "currency": "CNY"}),
    "amount is true": debited(amount={"total": True, "currency": "CNY"}),
    "no amount": debited(amount=None),
    "never paid": debited(success_time=None),
    "a failure of no parking": debited("TRANSACTION.FAIL", trade_scene="ORDER"),
    "a return of no parking": debited("TRANSACTION.PAY_BACK", trade_scene=None),
    "another event": debited("TRANSACTION.MAYBE"),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_notice_is_not_believed(name: str) -> None:
    with pytest.raises((Forged, Unavailable)):
        await offline().read_notice(*FORGERIES[name]())


async def test_the_genuine_notices_that_they_were_made_of_are_believed() -> None:
    pay: WeChatPay = offline()

    told = await pay.read_notice(*changed()())
    unknown = await pay.read_notice(*changed(blocked_state_description="NEW")())
    paid = await pay.read_notice(*debited()())
    back = await pay.read_notice(*debited("TRANSACTION.PAY_BACK", user_repaid="Y")())
    failed = await pay.read_notice(*debited("TRANSACTION.FAIL", trade_state="PAY_FAIL")())

    assert told == EntryTold(
        entry_no="entry0001",
        parking_id="5000",
        standing=EntryStanding.BLOCKED,
        reason=BlockReason.PAUSED,
        at=NOW - timedelta(milliseconds=880),
    )
    assert isinstance(unknown, EntryTold)
    assert unknown.reason is BlockReason.OTHER
    assert isinstance(paid, Trade)
    assert (paid.amount, paid.paid_at) == (400, NOW)
    assert back == paid
    assert failed == Trade(trade_no="debit0001", state=TradeState.CLOSED)


async def test_the_control_page_is_told_of_plates_where_they_stand_and_what_was_debited(
    site: Site,
) -> None:
    parking, order = await entered(site)
    await parking.debit(order)
    await site.double.notifier.drain()
    await parking.enter(entry(site, "entry0002", car=parked(plate_number="粤B99999")))

    async def listed(sought: str = "") -> list[Any]:
        address = f"{site.url}/services?{urlencode({'number': sought})}"
        found: list[Any] = json.loads((await AsyncHTTPClient().fetch(address)).body)["plates"]
        return found

    newest, older = await listed()
    assert [newest["plate_number"], older["plate_number"]] == ["粤B99999", NUMBER]
    assert (newest["state"], newest["parking"]["debit"]) == ("OUT_SERVICE", None)
    assert older["parking"]["debit"] == {"state": "paid", "amount": order.amount}
    assert await listed("12345") == [older]
    assert await listed("粤Z") == []
