"""Alipay against its double: each checks the other, and neither shares code with it."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient

from server.doubles.alipay import AlipayDouble, write_bill
from server.doubles.keys import new_key
from server.kernel.errors import Refused, Unavailable
from server.providers.alipay import BEIJING, Alipay
from server.providers.alipay_bill import read_bill
from server.providers.alipay_keys import joined, sign
from server.providers.payment import (
    BadBill,
    Forged,
    RefundOrder,
    RefundStanding,
    RefundTold,
    Scene,
    Trade,
    TradeState,
    read_yuan,
    write_yuan,
)
from tests.providers.pay import Inbox, listening, merchant_inbox, order, post

APP_KEY, ALIPAY_KEY, STRANGERS_KEY = new_key(), new_key(), new_key()
APP, SELLER = "2021000000000001", "2088000000000001"


@dataclass
class Site:
    """A double that runs, its customer, and where it sends notices."""

    double: AlipayDouble
    url: str
    inbox: Inbox

    def client(self, **changes: Any) -> Alipay:
        """Make a customer."""
        told: dict[str, Any] = {
            "url": f"{self.url}/gateway.do",
            "app_id": APP,
            "seller_id": SELLER,
            "key": APP_KEY,
            "alipay_key": ALIPAY_KEY.public_key(),
        }
        return Alipay(**(told | changes))

    async def pay(self, number: str = "trade0001") -> None:
        """Pay a trade at the cashier."""
        answer = await post(f"{self.url}/cashier/{self.double.book.trades[number].token}/pay")
        assert answer.code == 200
        await self.double.notifier.drain()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    double = AlipayDouble(
        url="",
        app_id=APP,
        seller_id=SELLER,
        merchant_key=APP_KEY,
        key=ALIPAY_KEY,
        path=tmp_path / "trades.json",
        pauses_s=(0.0,),
    )
    async with listening(double.application()) as url, merchant_inbox() as inbox:
        double.url, inbox.status, inbox.body = url, 200, "success"
        yield Site(double, url, inbox)
        await double.notifier.close()


async def test_a_code_is_made_paid_told_and_found(site: Site) -> None:
    client = site.client()

    told = await client.prepay(order(notify_url=site.inbox.url))
    before = await client.query("trade0001")
    await site.pay()

    assert told["code_url"].startswith(f"{site.url}/cashier/")
    assert before.state is TradeState.UNPAID
    [notice] = site.inbox.notices
    said = await client.read_notice(*notice)
    assert isinstance(said, Trade)
    assert (said.trade_no, said.amount, said.state) == ("trade0001", 400, TradeState.PAID)
    assert await client.query("trade0001") == said


@pytest.mark.parametrize("scene", [Scene.PAGE, Scene.WAP])
async def test_a_browser_comes_to_the_cashier_by_a_signed_address(site: Site, scene: Scene) -> None:
    told = await site.client().prepay(order(scene=scene))

    page = await AsyncHTTPClient().fetch(told["url"])

    assert "/cashier/" in page.effective_url
    assert site.double.book.trades["trade0001"].amount == 400
    spoilt = told["url"].replace("4.00", "0.01")
    assert (await AsyncHTTPClient().fetch(spoilt, raise_error=False)).code == 400


async def test_a_scene_that_there_is_not_is_refused(site: Site) -> None:
    with pytest.raises(Refused):
        await site.client().prepay(order(scene=Scene.JSAPI))


async def test_an_unknown_trade_is_unknown_and_there_is_nothing_to_close(site: Site) -> None:
    client = site.client()

    assert (await client.query("nothing")).state is TradeState.UNKNOWN
    await client.close("nothing")
    await client.prepay(order())
    await client.close("trade0001")

    assert (await client.query("trade0001")).state is TradeState.CLOSED


async def test_a_paid_trade_is_not_closed(site: Site) -> None:
    client = site.client()
    await client.prepay(order())
    await site.pay()

    with pytest.raises(Refused):
        await client.close("trade0001")


def refund_order(number: str = "refund0001", amount: int = 150) -> RefundOrder:
    return RefundOrder(
        refund_no=number,
        trade_no="trade0001",
        amount=amount,
        total=400,
        reason="误收",
        notify_url="",
    )


async def test_refunds_are_partial_repeatable_and_a_trade_given_back_whole_was_paid(
    site: Site,
) -> None:
    client = site.client()
    await client.prepay(order(notify_url=site.inbox.url))
    await site.pay()

    first = await client.refund(refund_order())
    again = await client.refund(refund_order())
    with pytest.raises(Refused):
        await client.refund(refund_order("refund0002", 251))
    await client.refund(refund_order("refund0003", 250))
    await site.double.notifier.drain()

    assert (first.state, again.state) == (RefundStanding.SUCCEEDED, RefundStanding.PROCESSING)
    found = await client.query_refund(refund_no="refund0001", trade_no="trade0001")
    assert (found.state, found.amount) == (RefundStanding.SUCCEEDED, 150)
    unknown = await client.query_refund(refund_no="nothing", trade_no="trade0001")
    assert unknown.state is RefundStanding.UNKNOWN
    assert (await client.query("trade0001")).state is TradeState.PAID
    told = [await client.read_notice(*notice) for notice in site.inbox.notices[1:]]
    assert {one.refund_no for one in told if isinstance(one, RefundTold)} == {
        "refund0001",
        "refund0003",
    }


async def test_a_notice_that_is_not_answered_with_success_comes_again(site: Site) -> None:
    site.inbox.body = "fail"
    await site.client().prepay(order(notify_url=site.inbox.url))

    await site.pay()

    first, second = site.inbox.notices
    assert first[1].split(b"&sign=")[0] == second[1].split(b"&sign=")[0]


@pytest.mark.parametrize("kind", ["error", "lost"])
async def test_what_is_not_answered_is_unavailable(site: Site, kind: str) -> None:
    site.double.faults.add({"kind": kind, "seconds": 0.5})

    with pytest.raises(Unavailable):
        await site.client(answer_timeout_s=0.2).prepay(order())


@pytest.mark.parametrize(
    "changes", [{"key": STRANGERS_KEY}, {"app_id": "other"}], ids=["key", "app"]
)
async def test_the_double_serves_its_own_app_only(site: Site, changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await site.client(**changes).prepay(order())

    assert not site.double.book.trades


async def test_an_answer_that_somebody_else_signed_is_not_believed(site: Site) -> None:
    site.double.key = STRANGERS_KEY

    with pytest.raises(Unavailable):
        await site.client().query("trade0001")


async def test_a_days_bill_has_payments_and_refunds_in_fen(site: Site) -> None:
    client = site.client()
    await client.prepay(order())
    await site.pay()
    await client.refund(refund_order())
    today = datetime.now(BEIJING).date()

    bill = await client.bill(today)

    assert [(row.trade_no, row.refund_no, row.amount, row.fee) for row in bill.rows] == [
        ("trade0001", "", 400, 2),
        ("trade0001", "refund0001", 150, 0),
    ]
    assert (await client.bill(today - timedelta(days=9))).rows == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("#退款合计", "#合计"),
        lambda text: text.replace("#交易合计：1笔", "#交易合计：2笔"),
        lambda text: text.replace("商户订单号", "别的"),
        lambda text: text.replace("4.00", "4.0O"),
        lambda text: text.replace("\t,", ",,", 1),
        lambda text: "",
    ],
)
async def test_a_spoilt_bill_is_refused_whole(site: Site, spoil: Callable[[str], str]) -> None:
    await site.client().prepay(order())
    await site.pay()
    content = write_bill(
        site.double.book.trades.values(), day=datetime.now(BEIJING).date(), seller_id=SELLER
    )
    assert content is not None
    packed = zipfile.ZipFile(io.BytesIO(content))
    text = packed.read(packed.infolist()[0]).decode("gbk")
    spoilt = io.BytesIO()
    with zipfile.ZipFile(spoilt, "w") as archive:
        archive.writestr("x_业务明细.csv", spoil(text).encode("gbk"))

    with pytest.raises(BadBill):
        read_bill(spoilt.getvalue(), day=date(2026, 7, 1))
    with pytest.raises(BadBill):
        read_bill(content[:-40], day=date(2026, 7, 1))


@pytest.mark.parametrize(("text", "fen"), [("4.00", 400), ("0.1", 10), ("-3", -300), ("7.", 700)])
def test_yuan_become_fen_without_a_float(text: str, fen: int) -> None:
    assert read_yuan(text) == fen


@pytest.mark.parametrize("text", ["", "1.005", "1e3", "NaN", "１.00", "1,000.00", "--1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        read_yuan(text)


def test_fen_become_yuan_and_back() -> None:
    assert [read_yuan(write_yuan(fen)) for fen in (1, 99, 100, 123_456)] == [1, 99, 100, 123_456]


# --- Forged, altered, stale and foreign notices -------------------------------------------------

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
FIELDS = {
    "notify_id": "n1",
    "notify_time": "2026-07-01 12:00:00",
    "app_id": APP,
    "seller_id": SELLER,
    "out_trade_no": "trade0001",
    "trade_no": "2026070122001",
    "trade_status": "TRADE_SUCCESS",
    "total_amount": "4.00",
    "gmt_payment": "2026-07-01 11:59:58",
}


def notice(
    *, key: Any = ALIPAY_KEY, sign_type: str = "RSA2", after: Any = None, **said: str
) -> bytes:
    """Make a notice as Alipay would; `after` are changes after it was signed."""
    fields = {name: text for name, text in {**FIELDS, **said}.items() if text != "none"}
    signed = {**fields, "sign_type": sign_type, "sign": sign(key, fields)}
    return urlencode({**signed, **(after or {})}).encode()


FORGERIES: dict[str, Callable[[], bytes]] = {
    "wrong key": lambda: notice(key=STRANGERS_KEY),
    "our own key": lambda: notice(key=APP_KEY),
    "amount changed": lambda: notice(after={"total_amount": "0.01"}),
    "trade changed": lambda: notice(after={"out_trade_no": "trade0002"}),
    "status changed": lambda: notice(after={"trade_status": "TRADE_FINISHED"}),
    "a field more": lambda: notice(after={"extra": "1"}),
    "sign empty": lambda: notice(after={"sign": ""}),
    "sign is no base64": lambda: notice(after={"sign": "***"}),
    "weaker sign type": lambda: notice(sign_type="RSA"),
    "no sign type": lambda: notice(after={"sign_type": ""}),
    "another app": lambda: notice(app_id="2021000000000002"),
    "another seller": lambda: notice(seller_id="2088000000000002"),
    "no seller": lambda: notice(seller_id="none"),
    "27 h old": lambda: notice(notify_time="2026-06-30 08:59:59"),
    "27 h ahead": lambda: notice(notify_time="2026-07-02 15:00:01"),
    "no time": lambda: notice(notify_time="none"),
    "time is text": lambda: notice(notify_time="now"),
    "amount is no amount": lambda: notice(total_amount="four"),
    "amount finer than a fen": lambda: notice(total_amount="4.001"),
    "no amount": lambda: notice(total_amount="none"),
    "a field twice": lambda: notice() + b"&total_amount=0.01",
    "empty": lambda: b"",
    "json": lambda: json.dumps(FIELDS).encode(),
    "bytes that are no text": lambda: b"\xff\xfe=1",
}


def offline() -> Alipay:
    return Alipay(
        url="http://127.0.0.1:9",
        app_id=APP,
        seller_id=SELLER,
        key=APP_KEY,
        alipay_key=ALIPAY_KEY.public_key(),
        now=lambda: NOW,
    )


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_notice_is_not_believed(name: str) -> None:
    with pytest.raises(Forged):
        await offline().read_notice({}, FORGERIES[name]())


async def test_the_genuine_notice_that_they_were_made_of_is_believed() -> None:
    said = await offline().read_notice({}, notice())

    assert isinstance(said, Trade)
    assert (said.amount, said.state) == (400, TradeState.PAID)
    assert said.paid_at == datetime(2026, 7, 1, 3, 59, 58, tzinfo=UTC)
    assert joined({"b": "2", "a": "1", "empty": "", "sign": "x"}) == b"a=1&b=2"
