"""WeChat Pay against its double: each checks the other, and neither shares code with it."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from tornado.httpclient import AsyncHTTPClient

from server.doubles.keys import new_key
from server.doubles.trades import lasting
from server.doubles.wechat import WeChatDouble, new_signer
from server.doubles.wechat_seal import seal, signed_headers
from server.kernel.errors import Refused, Unavailable
from server.providers.payment import (
    BadBill,
    Exchange,
    Forged,
    RefundOrder,
    RefundStanding,
    RefundTold,
    Scene,
    Trade,
    TradeState,
)
from server.providers.wechat import WeChatPay
from server.providers.wechat_bill import BEIJING, read_bill
from server.providers.wechat_keys import Merchant
from tests.providers.pay import Inbox, listening, merchant_inbox, order, post

MERCHANT_KEY, PLATFORM_KEY, STRANGERS_KEY = new_key(), new_key(), new_key()
API_KEY = b"0123456789abcdef0123456789abcdef"
MERCHANT = Merchant(
    app_id="wx1",
    merchant_id="1900000001",
    serial="5E",
    key=MERCHANT_KEY,
    api_v3_key=API_KEY,
    web_app_id="wx-web",
)
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012026"


@dataclass
class Site:
    """A double that runs, its customer, and where it sends notices."""

    double: WeChatDouble
    url: str
    inbox: Inbox

    def client(self, *, public: bool = False, **changes: Any) -> WeChatPay:
        """Make a customer; in public-key mode it knows the key, else it fetches certificates."""
        keys = {PUBLIC_KEY_ID: PLATFORM_KEY.public_key()} if public else {}
        told: dict[str, Any] = {
            "url": self.url,
            "merchant": MERCHANT,
            "keys": keys,
            "public_key_id": PUBLIC_KEY_ID if public else "",
        }
        return WeChatPay(**(told | changes))

    async def pay(self, number: str = "trade0001") -> None:
        """Pay a trade at the cashier."""
        token = self.double.book.trades[number].token
        answer = await post(f"{self.url}/cashier/{token}/pay")
        assert answer.code == 200
        await self.double.notifier.drain()

    async def fail(self, kind: str, **more: Any) -> None:
        """Let something go wrong next."""
        await post(f"{self.url}/faults", json.dumps({"kind": kind, **more}).encode())


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    double = WeChatDouble(
        url="",
        app_id=MERCHANT.app_id,
        web_app_id=MERCHANT.web_app_id,
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


@pytest.mark.parametrize("public", [False, True], ids=["certificates", "public key"])
async def test_an_order_is_placed_paid_told_and_found(site: Site, *, public: bool) -> None:
    if public:
        site.double.signers = [new_signer(PLATFORM_KEY, PUBLIC_KEY_ID)]
    client = site.client(public=public)

    told = await client.prepay(order(notify_url=site.inbox.url))
    before = await client.query("trade0001")
    await site.pay()

    assert told["code_url"].startswith(f"{site.url}/cashier/")
    assert before.state is TradeState.UNPAID
    [(headers, body)] = site.inbox.notices
    notice = await client.read_notice(headers, body)
    assert isinstance(notice, Trade)
    assert (notice.trade_no, notice.amount, notice.state) == ("trade0001", 400, TradeState.PAID)
    assert await client.query("trade0001") == notice


async def test_a_phone_gets_what_it_needs_to_pay_signed_by_us(site: Site) -> None:
    told = await site.client().prepay(order(scene=Scene.JSAPI, payer="openid-1"))

    lines = (told["appId"], told["timeStamp"], told["nonceStr"], told["package"])
    signed = "".join(f"{line}\n" for line in lines).encode()
    signature = base64.b64decode(told["paySign"])
    MERCHANT_KEY.public_key().verify(signature, signed, PKCS1v15(), SHA256())
    assert told["package"].startswith("prepay_id=")
    assert "h5_url" in await site.client().prepay(order("trade0002", scene=Scene.H5))


async def test_in_wechats_browser_the_official_account_takes_the_payment(site: Site) -> None:
    client = site.client()
    site.double.openids |= {"of-program": "wx1", "of-account": "wx-web"}

    told = await client.prepay(order(scene=Scene.JSAPI_WEB, payer="of-account"))
    await site.pay()
    with pytest.raises(Refused):  # an openid is good for its own app alone
        await client.prepay(order("trade0002", scene=Scene.JSAPI_WEB, payer="of-program"))

    trade = await client.query("trade0001")
    lines = (told["appId"], told["timeStamp"], told["nonceStr"], told["package"])
    signed = "".join(f"{line}\n" for line in lines).encode()
    signature = base64.b64decode(told["paySign"])
    MERCHANT_KEY.public_key().verify(signature, signed, PKCS1v15(), SHA256())
    assert (told["appId"], trade.state) == ("wx-web", TradeState.PAID)


async def test_without_an_official_account_its_scene_is_refused(site: Site) -> None:
    client = site.client(merchant=replace(MERCHANT, web_app_id=""))

    with pytest.raises(Refused) as refusal:
        await client.prepay(order(scene=Scene.JSAPI_WEB, payer="openid-1"))

    assert refusal.value.code == "scene_not_supported"


async def test_a_scene_that_there_is_not_is_refused(site: Site) -> None:
    with pytest.raises(Refused):
        await site.client().prepay(order(scene=Scene.PAGE))


async def test_an_unknown_trade_is_unknown_and_a_closed_one_closed(site: Site) -> None:
    client = site.client()
    await client.prepay(order())

    await client.close("trade0001")

    assert (await client.query("trade0001")).state is TradeState.CLOSED
    assert (await client.query("nothing")).state is TradeState.UNKNOWN


async def test_a_paid_trade_is_not_closed(site: Site) -> None:
    client = site.client()
    await client.prepay(order())
    await site.pay()

    with pytest.raises(Refused) as refusal:
        await client.close("trade0001")

    assert refusal.value.code == "wechat_orderpaid"


def refund_order(
    number: str = "refund0001", amount: int = 150, notify_url: str = ""
) -> RefundOrder:
    return RefundOrder(
        refund_no=number,
        trade_no="trade0001",
        amount=amount,
        total=400,
        reason="误收",
        notify_url=notify_url,
    )


async def test_refunds_are_partial_repeatable_and_never_more_than_was_paid(site: Site) -> None:
    client = site.client()
    await client.prepay(order())
    await site.pay()

    first = await client.refund(refund_order(notify_url=site.inbox.url))
    again = await client.refund(refund_order(notify_url=site.inbox.url))
    with pytest.raises(Refused):
        await client.refund(refund_order("refund0002", 251))
    await client.refund(refund_order("refund0003", 250))
    await site.double.notifier.drain()

    assert first.state is again.state is RefundStanding.PROCESSING
    found = await client.query_refund(refund_no="refund0001", trade_no="trade0001")
    assert (found.state, found.amount) == (RefundStanding.SUCCEEDED, 150)
    told = await client.read_notice(*site.inbox.notices[0])
    assert isinstance(told, RefundTold)
    assert (told.refund_no, told.state, told.trade_no) == (
        "refund0001",
        RefundStanding.SUCCEEDED,
        "trade0001",
    )
    unknown = await client.query_refund(refund_no="nothing", trade_no="trade0001")
    assert unknown.state is RefundStanding.UNKNOWN


@pytest.mark.parametrize("kind", ["abnormal", "closed"])
async def test_a_refund_that_fails_is_told_and_found_so(site: Site, kind: str) -> None:
    client = site.client()
    await client.prepay(order())
    await site.pay()
    await site.fail(kind)

    await client.refund(refund_order(notify_url=site.inbox.url))
    await site.double.notifier.drain()

    told = await client.read_notice(*site.inbox.notices[0])
    assert told.state == RefundStanding(kind)


async def test_a_notice_that_is_not_taken_comes_again_and_one_may_come_twice(site: Site) -> None:
    client = site.client()
    site.inbox.status = 500
    await client.prepay(order(notify_url=site.inbox.url))
    await site.pay()
    assert len(site.inbox.notices) == 2

    site.inbox.status = 204
    await site.fail("twice")
    await client.prepay(order("trade0002", notify_url=site.inbox.url))
    await site.pay("trade0002")

    assert len(site.inbox.notices) == 5


async def test_a_forged_notice_is_noticed_and_one_that_never_comes_is_found(site: Site) -> None:
    client = site.client()
    await site.fail("forged")
    await client.prepay(order(notify_url=site.inbox.url))
    await site.pay()

    forged, genuine = site.inbox.notices
    with pytest.raises(Forged):
        await client.read_notice(*forged)
    assert (await client.read_notice(*genuine)).state is TradeState.PAID
    await site.fail("never")
    await client.prepay(order("trade0002", notify_url=site.inbox.url))
    await site.pay("trade0002")
    assert len(site.inbox.notices) == 2
    assert (await client.query("trade0002")).state is TradeState.PAID


async def test_a_new_key_is_learned_and_the_old_one_stays_good(site: Site) -> None:
    now = datetime.now(UTC)
    client = site.client(now=lambda: now)
    await client.prepay(order(notify_url=site.inbox.url))
    await site.pay()
    old = site.inbox.notices[0]

    await post(f"{site.url}/rotate")
    now += timedelta(seconds=61)
    await client.prepay(order("trade0002", notify_url=site.inbox.url))
    await site.pay("trade0002")

    assert (await client.read_notice(*site.inbox.notices[1])).state is TradeState.PAID
    assert (await client.read_notice(*old)).state is TradeState.PAID


async def test_a_notice_signed_by_the_public_key_is_taken_beside_certificates(site: Site) -> None:
    client = site.client(keys={PUBLIC_KEY_ID: PLATFORM_KEY.public_key()})
    await client.prepay(order(notify_url=site.inbox.url))
    site.double.signers.append(new_signer(PLATFORM_KEY, PUBLIC_KEY_ID))
    await site.pay()

    assert (await client.read_notice(*site.inbox.notices[0])).state is TradeState.PAID


@pytest.mark.parametrize("kind", ["error", "lost"])
async def test_what_is_not_answered_is_unavailable_and_nobody_knows(site: Site, kind: str) -> None:
    client = site.client(answer_timeout_s=0.2)
    await client.query("nothing")
    await site.fail(kind, seconds=0.5)

    with pytest.raises(Unavailable):
        await client.prepay(order())

    assert "trade0001" in site.double.book.trades


async def test_an_answer_that_somebody_else_signed_is_not_believed(site: Site) -> None:
    client = site.client()
    await client.prepay(order())
    site.double.signers = [new_signer(STRANGERS_KEY, site.double.signer.serial)]

    with pytest.raises(Unavailable):
        await client.query("trade0001")


@pytest.mark.parametrize(
    "merchant",
    [
        replace(MERCHANT, key=STRANGERS_KEY),
        replace(MERCHANT, serial="another"),
        replace(MERCHANT, merchant_id="1900000002"),
        replace(MERCHANT, app_id="wx2"),
    ],
    ids=["key", "serial", "merchant", "app"],
)
async def test_the_double_serves_its_own_merchant_only(site: Site, merchant: Merchant) -> None:
    with pytest.raises(Refused):
        await site.client(merchant=merchant).prepay(order())

    assert not site.double.book.trades


async def test_what_is_kept_of_an_exchange_has_no_person_in_it(site: Site) -> None:
    kept: list[Exchange] = []
    client = site.client()

    async def note(exchange: Exchange) -> None:
        kept.append(exchange)

    client.note = note
    await client.prepay(order(scene=Scene.JSAPI, payer="openid-of-somebody"))
    await site.pay()
    await client.query("trade0001")

    assert [one.subject for one in kept] == ["trade0001", "trade0001"]
    assert "openid-of-somebody" not in str(kept)
    assert "trade0001" in kept[0].said


async def test_trades_are_kept_over_a_restart_and_the_pages_are_chinese(site: Site) -> None:
    await site.client().prepay(order())
    token = site.double.book.trades["trade0001"].token

    page = await AsyncHTTPClient().fetch(f"{site.url}/cashier/{token}")
    control = await AsyncHTTPClient().fetch(f"{site.url}/control")
    shown = await AsyncHTTPClient().fetch(f"{site.url}/cashier/{token}/order.json")
    missing = await AsyncHTTPClient().fetch(f"{site.url}/cashier/none", raise_error=False)

    assert 'lang="zh-CN"' in page.body.decode()
    assert "确认支付" in page.body.decode()
    assert "faults" in control.body.decode()
    assert (json.loads(shown.body)["amount"], missing.code) == (400, 404)
    again = type(site.double.book)(site.double.book._path, now=site.double.now)
    assert again.trades == site.double.book.trades


async def test_a_days_bill_has_payments_and_refunds_in_fen(site: Site) -> None:
    client = site.client()
    await client.prepay(order())
    await site.pay()
    await client.refund(refund_order())
    today = datetime.now(BEIJING).date()

    bill = await client.bill(today)

    assert [(row.trade_no, row.refund_no, row.amount, row.state) for row in bill.rows] == [
        ("trade0001", "", 400, "SUCCESS"),
        ("trade0001", "refund0001", 150, "SUCCESS"),
    ]
    assert [row.fee for row in bill.rows] == [2, 0]
    assert bill.rows[0].transaction_id == site.double.book.trades["trade0001"].transaction_id
    assert (await client.bill(today - timedelta(days=9))).rows == ()


def bill_text(site: Site) -> bytes:
    site.double.book.order(
        trade_no="t1",
        amount=400,
        description="停车费",
        notify_url="",
        return_url="",
        scene="native",
        expires_at=lasting(site.double.now(), 15),
    )
    trade = site.double.book.find("t1")
    site.double.book.pay(trade)
    content = site.double.bill(datetime.now(BEIJING).date())
    assert content is not None
    return content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-30],
        lambda text: text[: text.index("总交易单数")],
        lambda text: text.replace("`4.00", "`4.001"),
        lambda text: text.replace("`4.00", "`four"),
        lambda text: text.replace("`4.00", "`1,234.50"),
        lambda text: text.replace("`4.00", '"`1,234.50"'),
        lambda text: text.replace("`0.60%,`4.00", "`0.60%,`0.10"),
        lambda text: text.replace("`0.00,`4.00,`0.00\r\n", "`0.00,`5.00,`0.00\r\n"),
        lambda text: "\r\n".join(text.split("\r\n")[:1]),
        lambda text: text.replace("总交易单数", "总数"),
        lambda text: text.replace("商户订单号", "别的"),
        lambda text: text.replace("`1,", "`2,", 1) if "`1," in text else "",
        lambda text: "",
        lambda text: text.replace("SUCCESS", "SUCCESS,"),
    ],
)
async def test_a_spoilt_bill_is_refused_whole(site: Site, spoil: Callable[[str], str]) -> None:
    content = spoil(bill_text(site).decode()).encode()
    digest = hashlib.sha1(content).hexdigest()

    with pytest.raises(BadBill):
        read_bill(content, day=date(2026, 1, 1), digest=digest)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(("yuan", "fen"), [("0.10", 10), ("0.01", 1), ("1234.50", 123_450)])
async def test_a_bill_is_read_with_and_without_a_mark_at_its_head(
    site: Site, mark: str, yuan: str, fen: int
) -> None:
    text = mark + bill_text(site).decode().removeprefix("\ufeff").replace("`4.00", f"`{yuan}")
    content = text.encode()
    digest = hashlib.sha1(content).hexdigest()

    bill = read_bill(content, day=date(2026, 1, 1), digest=digest)

    assert [row.amount for row in bill.rows] == [fen]


async def test_a_bill_with_another_hash_is_refused(site: Site) -> None:
    with pytest.raises(BadBill):
        read_bill(bill_text(site), day=date(2026, 1, 1), digest="0" * 40)


# --- Forged, altered, stale and foreign notices: none of them is believed ---------------------

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
SERIAL = "77AA"
PAID = {
    "appid": MERCHANT.app_id,
    "mchid": MERCHANT.merchant_id,
    "out_trade_no": "trade0001",
    "transaction_id": "4200001",
    "trade_state": "SUCCESS",
    "success_time": "2026-07-01T12:00:00+08:00",
    "amount": {"total": 400, "payer_total": 350, "currency": "CNY"},
}
Notice = tuple[Mapping[str, str], bytes]


def notice(
    content: Mapping[str, Any] = PAID,
    *,
    event: str = "TRANSACTION.SUCCESS",
    key: Any = PLATFORM_KEY,
    serial: str = SERIAL,
    at: datetime = NOW,
    api_key: bytes = API_KEY,
    resource: Mapping[str, Any] | None = None,
) -> Notice:
    """Make a notice as WeChat would, or with one thing wrong."""
    sealed = seal(json.dumps(content).encode(), key=api_key, associated="transaction")
    said = {"event_type": event, "resource": {**sealed, **(resource or {})}}
    body = json.dumps(said).encode()
    return signed_headers(body, key=key, serial=serial, now=at), body


def with_header(name: str, value: str | None) -> Callable[[], Notice]:
    """Make a notice with one header changed after it was signed, or taken away."""

    def make() -> Notice:
        headers, body = notice()
        changed = {key: text for key, text in headers.items() if key != name}
        return (changed if value is None else changed | {name: value}), body

    return make


def with_body(change: Callable[[bytes], bytes]) -> Callable[[], Notice]:
    """Make a notice whose body was changed after it was signed."""

    def make() -> Notice:
        headers, body = notice()
        return headers, change(body)

    return make


def sealed_wrong(**resource: Any) -> Callable[[], Notice]:
    """Make a rightly signed notice whose sealed part is wrong."""
    return lambda: notice(resource=resource)


def said_wrong(**content: Any) -> Callable[[], Notice]:
    """Make a rightly signed and sealed notice that says something wrong."""
    return lambda: notice({**PAID, **content})


FORGERIES: dict[str, Callable[[], Notice]] = {
    "wrong key": lambda: notice(key=STRANGERS_KEY),
    "unknown serial": lambda: notice(serial="FFFF"),
    "unknown public key id": lambda: notice(serial="PUB_KEY_ID_FFFF"),
    "another's serial": with_header("Wechatpay-Serial", "5E"),
    "no serial": with_header("Wechatpay-Serial", None),
    "301 s old": lambda: notice(at=NOW - timedelta(seconds=301)),
    "301 s ahead": lambda: notice(at=NOW + timedelta(seconds=301)),
    "timestamp moved on": with_header(
        "Wechatpay-Timestamp", str(int((NOW + timedelta(seconds=9)).timestamp()))
    ),
    "timestamp is text": with_header("Wechatpay-Timestamp", "now"),
    "timestamp in other digits": with_header("Wechatpay-Timestamp", "１７８２８７８４００"),
    "timestamp endless": with_header("Wechatpay-Timestamp", "9" * 400),
    "timestamp negative": with_header("Wechatpay-Timestamp", "-1"),
    "no timestamp": with_header("Wechatpay-Timestamp", None),
    "nonce changed": with_header("Wechatpay-Nonce", "another"),
    "no nonce": with_header("Wechatpay-Nonce", None),
    "no signature": with_header("Wechatpay-Signature", None),
    "signature is no base64": with_header("Wechatpay-Signature", "***"),
    "signature cut": with_header("Wechatpay-Signature", "QUJD"),
    "signature probe": with_header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/AAAA"),
    "a byte of the body": with_body(lambda body: body.replace(b"transaction", b"transactioN", 1)),
    "a blank more": with_body(lambda body: body + b" "),
    "keys in another order": with_body(
        lambda body: json.dumps(json.loads(body), sort_keys=True, indent=1).encode()
    ),
    "escapes resolved": with_body(
        lambda body: body.replace(b'"event_type"', b'"event\\u005ftype"')
    ),
    "body cut": with_body(lambda body: body[:-1]),
    "body empty": with_body(lambda _: b""),
    "sealed by another key": lambda: notice(api_key=b"x" * 32),
    "associated data": sealed_wrong(associated_data="refund"),
    "nonce of 11": sealed_wrong(nonce="a" * 11),
    "nonce of 13": sealed_wrong(nonce="a" * 13),
    "nonce of another": sealed_wrong(nonce="a" * 12),
    "nonce is a number": sealed_wrong(nonce=123456789012),
    "another algorithm": sealed_wrong(algorithm="AEAD_AES_128_GCM"),
    "ciphertext is no base64": sealed_wrong(ciphertext="***"),
    "ciphertext empty": sealed_wrong(ciphertext=""),
    "tag cut off": sealed_wrong(ciphertext=base64.b64encode(b"short").decode()),
    "another merchant": said_wrong(mchid="1900000002"),
    "another app": said_wrong(appid="wx2"),
    "another currency": said_wrong(amount={"total": 400, "currency": "USD"}),
    "amount is text": said_wrong(amount={"total": "400", "currency": "CNY"}),
    "amount is broken": said_wrong(amount={"total": 400.0, "currency": "CNY"}),
    "amount is true": said_wrong(amount={"total": True, "currency": "CNY"}),
    "no amount": said_wrong(amount=None),
    "no time": said_wrong(success_time=None),
    "another event": lambda: notice(event="TRANSACTION.FAIL"),
    "refund of another merchant": lambda: notice(
        {"mchid": "1900000002", "out_refund_no": "r1", "refund_status": "SUCCESS"},
        event="REFUND.SUCCESS",
    ),
    "a payment told as a refund": lambda: notice(event="REFUND.SUCCESS"),
}


def offline() -> WeChatPay:
    """Make a customer that knows one key and can fetch no other."""
    keys = {SERIAL: PLATFORM_KEY.public_key()}
    return WeChatPay(url="http://127.0.0.1:9", merchant=MERCHANT, keys=keys, now=lambda: NOW)


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_notice_is_not_believed(name: str) -> None:
    with pytest.raises((Forged, Unavailable)):
        await offline().read_notice(*FORGERIES[name]())


async def test_the_genuine_notice_that_they_were_made_of_is_believed() -> None:
    told = await offline().read_notice(*notice())

    # The payer's own coupon paid 50 fen: what is owed to us is the total all the same.
    assert isinstance(told, Trade)
    assert (told.amount, told.paid_at) == (400, NOW)
    assert len(FORGERIES) >= 40


@pytest.mark.parametrize("off_s", [-300, 300])
async def test_a_notice_within_five_minutes_is_fresh(off_s: int) -> None:
    told = await offline().read_notice(*notice(at=NOW + timedelta(seconds=off_s)))

    assert told.state is TradeState.PAID
