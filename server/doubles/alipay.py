"""The Alipay double: a gateway that checks and signs, notices, and daily bills."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from server.config import Config
from server.doubles.alipay_bill import write_bill
from server.doubles.bills import as_billed, cut
from server.doubles.counter import counter_routes
from server.doubles.keys import keep_key, new_key, public_pem
from server.doubles.trades import (
    ANSWER_FAULTS,
    RETRY_PAUSES_S,
    Book,
    Faults,
    NotAccepted,
    Notifier,
    Refund,
    Trade,
)

BEIJING = ZoneInfo("Asia/Shanghai")
CLOCK_WINDOW_S = 900
STATES = {"unpaid": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED"}
# What the book calls things, as Alipay calls them.
CODES = {
    "ORDER_NOT_EXIST": "ACQ.TRADE_NOT_EXIST",
    "RESOURCE_NOT_EXISTS": "ACQ.TRADE_NOT_EXIST",
    "ORDERPAID": "ACQ.TRADE_STATUS_ERROR",
    "NOT_ENOUGH": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
}


class AlipayDouble:
    """The provider: its merchant, its key, its trades, and what shall go wrong."""

    brand = "alipay"

    def __init__(
        self,
        *,
        url: str,
        app_id: str,
        seller_id: str,
        merchant_key: RSAPrivateKey,
        key: RSAPrivateKey,
        path: Path,
        pauses_s: tuple[float, ...] = RETRY_PAUSES_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.url = url
        self.app_id = app_id
        self.seller_id = seller_id
        self.merchant_key = merchant_key.public_key()
        self.key = key
        self.now = now
        self.book = Book(path, now=now)
        self.faults = Faults()
        self.bills: dict[str, bytes] = {}
        self.notifier = Notifier(
            self.faults, taken=lambda _status, body: body == b"success", pauses_s=pauses_s
        )

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make the provider that the configuration's app is a customer of, and its keys."""
        key_file = Path(config.alipay_key_file)
        key = keep_key(key_file.with_name("alipay_own.pem"))
        merchant_key = keep_key(key_file)
        Path(config.alipay_public_key_file).write_bytes(public_pem(key))
        return cls(
            url=config.alipay_url.removesuffix("/gateway.do"),
            app_id=config.alipay_app_id,
            seller_id=config.alipay_seller_id,
            merchant_key=merchant_key,
            key=key,
            path=config.data_dir / "providers" / "alipay_trades.json",
        )

    def sign(self, signed: bytes, *, forged: bool = False) -> str:
        """Sign as Alipay; forged, as somebody else."""
        key = new_key() if forged else self.key
        return base64.b64encode(key.sign(signed, PKCS1v15(), SHA256())).decode()

    def check(self, fields: Mapping[str, str]) -> None:
        """Let a rightly signed request pass; anything else raises NotAccepted."""
        if fields.get("app_id") != self.app_id or fields.get("sign_type") != "RSA2":
            raise NotAccepted(200, "isv.invalid-app-id", "无效的 app_id")
        signed = _joined(fields, "sign")
        try:
            signature = base64.b64decode(fields.get("sign", ""), validate=True)
            self.merchant_key.verify(signature, signed, PKCS1v15(), SHA256())
            at = datetime.fromisoformat(fields["timestamp"])
        except (ValueError, KeyError, InvalidSignature):
            raise NotAccepted(200, "isv.invalid-signature", "验签出错") from None
        if abs((self.now() - at.replace(tzinfo=BEIJING)).total_seconds()) > CLOCK_WINDOW_S:
            raise NotAccepted(200, "isv.invalid-timestamp", "非法的时间戳")

    def paid(self, trade: Trade) -> None:
        """Tell the merchant that a trade was paid."""
        self.notify(trade, {"gmt_payment": _local(trade.paid_at)})

    def refunded(self, trade: Trade, refund: Refund) -> None:
        """Tell the merchant that something was given back."""
        back = {
            "gmt_payment": _local(trade.paid_at),
            "gmt_refund": _local(refund.at),
            "out_biz_no": refund.refund_no,
            "refund_fee": _yuan(trade.refunded),
        }
        self.notify(trade, back)

    def notify(self, trade: Trade, more: Mapping[str, str]) -> None:
        """Send a notice; `notify_id` is the same each time."""
        whole = trade.refunded == trade.amount
        fields = {
            "notify_id": token_hex(17),
            "notify_type": "trade_status_sync",
            "notify_time": f"{self.now().astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "charset": "utf-8",
            "version": "1.0",
            "app_id": self.app_id,
            "auth_app_id": self.app_id,
            "seller_id": self.seller_id,
            "buyer_id": "2088101117955611",
            "out_trade_no": trade.trade_no,
            "trade_no": trade.transaction_id,
            "trade_status": "TRADE_CLOSED" if whole else "TRADE_SUCCESS",
            "total_amount": _yuan(trade.amount),
            "receipt_amount": _yuan(trade.amount),
            "subject": trade.description,
            "gmt_create": _local(trade.created_at),
            **more,
        }

        def letter(forged: bool) -> tuple[Mapping[str, str], bytes]:
            signature = self.sign(_joined(fields, "sign", "sign_type"), forged=forged)
            body = urlencode({**fields, "sign_type": "RSA2", "sign": signature}).encode()
            return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body

        self.notifier.send(trade.notify_url, letter)

    def place(self, fields: Mapping[str, str], content: Mapping[str, Any]) -> Trade:
        """Take an order."""
        expires = datetime.fromisoformat(content["time_expire"])
        return self.book.order(
            trade_no=content["out_trade_no"],
            amount=_fen(content["total_amount"]),
            description=content["subject"],
            notify_url=fields.get("notify_url", ""),
            return_url=fields.get("return_url", ""),
            scene="native",
            expires_at=expires.replace(tzinfo=BEIJING).isoformat(),
        )

    def application(self) -> Application:
        """The routes of the provider."""
        own = {"double": self}
        return Application(
            [
                ("/gateway.do", Gateway, own),
                ("/bill", BillDownload, own),
                *counter_routes(self),
            ],
            log_function=lambda _: None,
        )

    async def run(self, *, port: int, host: str = "127.0.0.1") -> None:
        """Listen until cancelled; OSError when the port is taken."""
        server = HTTPServer(self.application())
        server.listen(port, host)
        try:
            await asyncio.Event().wait()
        finally:
            server.stop()
            await self.notifier.close()
            await server.close_all_connections()


class Gateway(RequestHandler):
    """POST /gateway.do: every method; GET: the two by which a browser comes to pay."""

    def initialize(self, double: AlipayDouble) -> None:
        self.double = double

    async def get(self) -> None:
        fields = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        self.double.check(fields)
        trade = self.double.place(fields, json.loads(fields["biz_content"]))
        self.redirect(f"{self.double.url}/cashier/{trade.token}")

    async def post(self) -> None:
        fields = dict(parse_qsl(self.request.body.decode(), keep_blank_values=True))
        method = fields.get("method", "")
        try:
            self.double.check(fields)
            answer = METHODS[method](self.double, fields, json.loads(fields["biz_content"]))
            said: dict[str, Any] = {"code": "10000", "msg": "Success", **answer}
        except NotAccepted as refusal:
            sub_code = CODES.get(refusal.code, refusal.code)
            said = {"code": "40004", "msg": "Business Failed", "sub_code": sub_code}
            said["sub_msg"] = str(refusal)
        fault = self.double.faults.take(*ANSWER_FAULTS)
        if fault and fault.kind == "error":
            said = {"code": "20000", "msg": "Service Unavailable", "sub_code": "isp.unknow-error"}
        elif fault:
            await asyncio.sleep(fault.seconds)
        node = json.dumps(said, ensure_ascii=False)
        name = f"{method.replace('.', '_')}_response"
        signature = self.double.sign(node.encode())
        self.set_header("Content-Type", "application/json; charset=utf-8")
        await self.finish(f'{{"{name}":{node},"sign":"{signature}"}}')

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say plainly that it cannot be read."""
        self.set_status(400)
        self.finish("bad request")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Say nothing of what is not accepted."""


class BillDownload(RequestHandler):
    """GET /bill?token=: the bill, once."""

    def initialize(self, double: AlipayDouble) -> None:
        self.double = double

    async def get(self) -> None:
        content = self.double.bills.pop(self.get_query_argument("token"), None)
        if content is None:
            self.set_status(404)
        await self.finish(content or b"")


Asked = Mapping[str, Any]


def _precreate(double: AlipayDouble, fields: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    trade = double.place(fields, asked)
    cashier = f"{double.url}/cashier/{trade.token}"
    return {"out_trade_no": trade.trade_no, "qr_code": cashier}


def _query(double: AlipayDouble, _: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    trade = double.book.find(asked["out_trade_no"])
    whole = trade.amount == trade.refunded
    shown: dict[str, Any] = {
        "out_trade_no": trade.trade_no,
        "trade_no": trade.transaction_id,
        "trade_status": "TRADE_CLOSED" if whole else STATES[trade.state],
        "total_amount": _yuan(trade.amount),
    }
    return shown | ({"send_pay_date": _local(trade.paid_at)} if trade.paid_at else {})


def _close(double: AlipayDouble, _: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    trade = double.book.find(asked["out_trade_no"])
    double.book.close(trade)
    return {"out_trade_no": trade.trade_no}


def _refund(double: AlipayDouble, _: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    trade = double.book.find(asked["out_trade_no"])
    known = len(trade.refunds)
    refund = double.book.refund(
        refund_no=asked["out_request_no"],
        trade_no=trade.trade_no,
        amount=_fen(asked["refund_amount"]),
        total=trade.amount,
        notify_url=trade.notify_url,
        state="success",
    )
    fresh = len(trade.refunds) > known
    if fresh:
        double.refunded(trade, refund)
    return {
        "out_trade_no": trade.trade_no,
        "refund_fee": _yuan(trade.refunded),
        "fund_change": "Y" if fresh else "N",
    }


def _refund_query(double: AlipayDouble, _: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    trade = double.book.find(asked["out_trade_no"])
    number = asked["out_request_no"]
    refund = next((one for one in trade.refunds if one.refund_no == number), None)
    if refund is None:
        return {}
    return {
        "out_request_no": number,
        "refund_amount": _yuan(refund.amount),
        "refund_status": "REFUND_SUCCESS",
    }


def _bill_url(double: AlipayDouble, _: Mapping[str, str], asked: Asked) -> dict[str, Any]:
    day = date.fromisoformat(asked["bill_date"])
    trades = as_billed(double.book, double.faults, day=day)
    more = 100 if double.faults.take("bill_sum") else 0
    content = write_bill(trades, day=day, seller_id=double.seller_id, sum_more=more)
    if content is None:
        raise NotAccepted(200, "isp.bill_not_exist", "账单不存在")
    token = token_urlsafe(16)
    double.bills[token] = cut(content, double.faults)
    return {"bill_download_url": f"{double.url}/bill?token={token}"}


METHODS: dict[str, Callable[[AlipayDouble, Mapping[str, str], Asked], dict[str, Any]]] = {
    "alipay.trade.precreate": _precreate,
    "alipay.trade.query": _query,
    "alipay.trade.close": _close,
    "alipay.trade.refund": _refund,
    "alipay.trade.fastpay.refund.query": _refund_query,
    "alipay.data.dataservice.bill.downloadurl.query": _bill_url,
}


def _joined(fields: Mapping[str, str], *without: str) -> bytes:
    names = sorted(name for name in fields if name not in without and fields[name])
    return "&".join(f"{name}={fields[name]}" for name in names).encode()


def _yuan(amount: int) -> str:
    return f"{amount / 100:.2f}"


def _fen(text: str) -> int:
    return round(float(text) * 100)


def _local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
