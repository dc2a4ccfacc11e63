"""The addresses of the WeChat Pay double: each checks who asks, and signs what it answers."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

from server.doubles.trades import ANSWER_FAULTS, REFUND_FAULTS, NotAccepted, Trade
from server.doubles.wechat_seal import seal, signed_headers

if TYPE_CHECKING:
    from server.doubles.wechat import WeChatDouble


class SignedHandler(RequestHandler):
    """Checks each request's signature before it is read, and signs each answer."""

    def initialize(self, double: "WeChatDouble") -> None:
        self.double = double

    def prepare(self) -> None:
        """Refuse what is not the merchant's."""
        self.double.requests.check(self.request)

    def asked(self) -> dict[str, Any]:
        """Read the body."""
        return dict(json.loads(self.request.body))

    async def say(self, content: Mapping[str, Any] | None, status: int = 200) -> None:
        """Answer, unless a fault comes first."""
        fault = self.double.faults.take(*ANSWER_FAULTS)
        if fault and fault.kind == "error":
            self.set_status(500)
            await self.finish({"code": "SYSTEM_ERROR", "message": "系统异常，请稍后重试"})
            return
        if fault:  # it was done, and nobody hears of it
            await asyncio.sleep(fault.seconds)
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        signer = self.double.signer
        headers = signed_headers(body, key=signer.key, serial=signer.serial, now=self.double.now())
        for name, value in headers.items():
            self.set_header(name, value)
        self.set_status(204 if content is None else status)
        await self.finish(body or None)

    def _order(self, trade_no: str) -> Trade:
        """Find an order; a debit of parking is none, and has addresses of its own."""
        trade = self.double.book.find(trade_no)
        if trade.scene == "parking":
            raise NotAccepted(404, "ORDER_NOT_EXIST", "订单不存在")
        return trade

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer what is not accepted with its code."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, NotAccepted):
            self.set_status(error.status)
            self.finish({"code": error.code, "message": str(error)})
            return
        self.set_status(400)
        self.finish({"code": "PARAM_ERROR", "message": "参数错误"})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Say nothing of what is not accepted."""


class PlaceOrder(SignedHandler):
    """POST /v3/pay/transactions/{scene}: an order."""

    async def post(self, scene: str) -> None:
        asked, double = self.asked(), self.double
        app_id, payer = asked["appid"], asked["payer"]["openid"] if scene == "jsapi" else ""
        apps = {double.app_id, double.web_app_id} - {""}
        if app_id not in apps or asked["mchid"] != double.merchant_id:
            raise NotAccepted(400, "APPID_MCHID_NOT_MATCH", "appid 与 mchid 不匹配")
        if double.openids.get(payer, app_id) != app_id:
            raise NotAccepted(400, "PARAM_ERROR", "appid 和 openid 不匹配")
        total = asked["amount"]["total"]
        if type(total) is not int or total < 1:
            raise NotAccepted(400, "PARAM_ERROR", "金额须为正整数，单位为分")
        trade = double.book.order(
            trade_no=asked["out_trade_no"],
            amount=total,
            description=asked["description"],
            notify_url=asked["notify_url"],
            return_url="",
            scene=scene,
            expires_at=asked["time_expire"],
            payer=payer,
            app_id=app_id,
        )
        cashier = f"{double.url}/cashier/{trade.token}"
        answers = {
            "jsapi": {"prepay_id": f"wx{trade.token}"},
            "native": {"code_url": cashier},
            "h5": {"h5_url": cashier},
        }
        await self.say(answers[scene])


class QueryOrder(SignedHandler):
    """GET /v3/pay/transactions/out-trade-no/{no}: what became of a trade."""

    async def get(self, trade_no: str) -> None:
        if self.get_query_argument("mchid", "") != self.double.merchant_id:
            raise NotAccepted(400, "MCH_NOT_EXISTS", "商户号不存在")
        await self.say(self.double.show_trade(self._order(trade_no)))


class CloseOrder(SignedHandler):
    """POST /v3/pay/transactions/out-trade-no/{no}/close: nobody is to pay it any more."""

    async def post(self, trade_no: str) -> None:
        self.double.book.close(self._order(trade_no))
        await self.say(None)


class PlaceRefund(SignedHandler):
    """POST /v3/refund/domestic/refunds: money is to go back."""

    async def post(self) -> None:
        asked, double = self.asked(), self.double
        fault = double.faults.take(*REFUND_FAULTS)
        refund = double.book.refund(
            refund_no=asked["out_refund_no"],
            trade_no=asked["out_trade_no"],
            amount=asked["amount"]["refund"],
            total=asked["amount"]["total"],
            notify_url=asked.get("notify_url", ""),
            state=fault.kind if fault else "success",
        )
        trade = double.book.find(refund.trade_no)
        if refund.state != "processing":
            double.refunded(trade, refund)
        # Accepted is not given back: the true result comes by notice, or by asking.
        await self.say({**double.show_refund(trade, refund), "status": "PROCESSING"})


class QueryRefund(SignedHandler):
    """GET /v3/refund/domestic/refunds/{no}: what became of a refund."""

    async def get(self, refund_no: str) -> None:
        trade, refund = self.double.book.find_refund(refund_no)
        await self.say(self.double.show_refund(trade, refund))
        if refund.state == "processing":  # whoever asks again finds it done
            refund.state = "success"


class Certificates(SignedHandler):
    """GET /v3/certificates: the platform's certificates, sealed; all that are good now."""

    async def get(self) -> None:
        double = self.double
        found = [
            {
                "serial_no": signer.serial,
                "effective_time": double.now().isoformat(),
                "expire_time": double.now().isoformat(),
                "encrypt_certificate": seal(
                    signer.certificate, key=double.api_v3_key, associated="certificate"
                ),
            }
            for signer in double.signers
        ]
        await self.say({"data": found})


class TradeBill(SignedHandler):
    """GET /v3/bill/tradebill: where a day's bill is to be fetched."""

    async def get(self) -> None:
        double = self.double
        content = double.bill(date.fromisoformat(self.get_query_argument("bill_date")))
        if content is None:
            raise NotAccepted(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        token = token_urlsafe(16)
        double.bills[token] = gzip.compress(content)
        await self.say(
            {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(content).hexdigest(),  # noqa: S324 - as WeChat does
                "download_url": f"{double.url}/v3/billdownload/file?token={token}",
            }
        )


class BillDownload(SignedHandler):
    """GET /v3/billdownload/file: the bill itself, unsigned, once."""

    async def get(self) -> None:
        content = self.double.bills.pop(self.get_query_argument("token"), None)
        if content is None:
            raise NotAccepted(404, "RESOURCE_NOT_EXISTS", "下载地址已失效")
        await self.finish(content)


class Rotate(RequestHandler):
    """POST /rotate: sign with a new key from now on."""

    def initialize(self, double: "WeChatDouble") -> None:
        self.double = double

    async def post(self) -> None:
        self.double.rotate()
        await self.finish({"serial": self.double.signer.serial})


def api_routes(double: "WeChatDouble") -> list[Any]:
    """List the addresses of the API."""
    own = {"double": double}
    return [
        (r"/v3/pay/transactions/(jsapi|native|h5)", PlaceOrder, own),
        (r"/v3/pay/transactions/out-trade-no/([\w|*@-]+)", QueryOrder, own),
        (r"/v3/pay/transactions/out-trade-no/([\w|*@-]+)/close", CloseOrder, own),
        (r"/v3/refund/domestic/refunds", PlaceRefund, own),
        (r"/v3/refund/domestic/refunds/([\w|*@-]+)", QueryRefund, own),
        (r"/v3/certificates", Certificates, own),
        (r"/v3/bill/tradebill", TradeBill, own),
        (r"/v3/billdownload/file", BillDownload, own),
        (r"/rotate", Rotate, own),
    ]
