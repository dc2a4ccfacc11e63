"""Takes payments through WeChat Pay, API v3: JSAPI, native QR, H5, refunds, bills, notices."""

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Self
from urllib.parse import quote, urlsplit

import structlog
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from server.config import Config
from server.kernel.errors import Refused, Unavailable
from server.providers.masking import masked
from server.providers.payment import (
    BadBill,
    BillFile,
    Exchange,
    Forged,
    Note,
    NoticeReply,
    Order,
    RefundOrder,
    RefundStanding,
    RefundTold,
    Scene,
    Told,
    Trade,
    TradeState,
    note_nothing,
)
from server.providers.wechat_bill import BEIJING, read_bill
from server.providers.wechat_keys import KeyRing, Merchant, certificates, private_key, public_key
from server.providers.wechat_parking_words import (
    ENTRY_CHANGED,
    debit_told,
    entry_noticed,
    is_debit,
)

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 3.0
# 10 s: WeChat's own advice for orders; somebody waits, and whoever waits longer has gone.
ANSWER_TIMEOUT_S = 10.0
BILL_TIMEOUT_S = 60.0
# 60 s: an unknown serial makes us fetch the certificates; forged ones must not make us do so often.
FETCH_AGAIN_S = 60
SCENES = {
    Scene.JSAPI: "jsapi",
    Scene.JSAPI_WEB: "jsapi",
    Scene.NATIVE: "native",
    Scene.H5: "h5",
}
INSIDE = frozenset({Scene.JSAPI, Scene.JSAPI_WEB})
TRADE_STATES = {
    "SUCCESS": TradeState.PAID,
    # A trade that was given back was paid before; how much of it is the refund's own story.
    "REFUND": TradeState.PAID,
    "NOTPAY": TradeState.UNPAID,
    "USERPAYING": TradeState.UNPAID,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
    "PAYERROR": TradeState.CLOSED,
}
REFUND_STATES = {
    "SUCCESS": RefundStanding.SUCCEEDED,
    "PROCESSING": RefundStanding.PROCESSING,
    "ABNORMAL": RefundStanding.ABNORMAL,
    "CLOSED": RefundStanding.CLOSED,
}


class WeChatPay:
    """A PaymentProvider on WeChat Pay, or on anything that speaks its protocol."""

    name = "wechat"

    def __init__(
        self,
        *,
        url: str,
        merchant: Merchant,
        keys: Mapping[str, Any],
        public_key_id: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.note: Note = note_nothing
        self.fee_bp: int | None = None
        self._url = url.rstrip("/")
        self.merchant = merchant
        self._ring = KeyRing(keys, now=now)
        self._public_key_id = public_key_id
        self._now = now
        self._answer_timeout_s = answer_timeout_s
        self._fetched_at: datetime | None = None

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make the provider that the configuration names; ValueError when a key is none."""
        keys = {}
        if config.wechat_public_key_id:
            pem = Path(config.wechat_public_key_file).read_bytes()
            keys[config.wechat_public_key_id] = public_key(pem)
        merchant = Merchant(
            app_id=config.wechat_app_id,
            merchant_id=config.wechat_merchant_id,
            serial=config.wechat_serial,
            key=private_key(Path(config.wechat_key_file).read_bytes()),
            api_v3_key=config.wechat_api_v3_key.encode(),
            web_app_id=config.wechat_web_app_id,
        )
        public_key_id = config.wechat_public_key_id
        made = cls(url=config.wechat_url, merchant=merchant, keys=keys, public_key_id=public_key_id)
        made.fee_bp = config.wechat_fee_bp
        return made

    async def prepay(self, order: Order) -> dict[str, str]:
        """Tell WeChat of an order; see PaymentProvider."""
        merchant = self.merchant
        # An openid is good for its own app alone.
        app_id = merchant.web_app_id if order.scene is Scene.JSAPI_WEB else merchant.app_id
        scene = SCENES.get(order.scene) if app_id else None
        if scene is None:
            raise Refused("scene_not_supported", "该支付方式不支持此场景", scene=order.scene.value)
        body: dict[str, Any] = {
            "appid": app_id,
            "mchid": merchant.merchant_id,
            "description": order.description,
            "out_trade_no": order.trade_no,
            "time_expire": order.expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "notify_url": order.notify_url,
            "amount": {"total": order.amount, "currency": "CNY"},
        }
        if order.scene in INSIDE:
            body["payer"] = {"openid": order.payer}
        if order.scene is Scene.H5:
            body["scene_info"] = {"payer_client_ip": order.client_ip, "h5_info": {"type": "Wap"}}
        answer = await self.call("POST", f"/v3/pay/transactions/{scene}", body, order.trade_no)
        if order.scene in INSIDE:
            return self._jsapi(str(answer["prepay_id"]), app_id)
        return {name: str(answer[name]) for name in ("code_url", "h5_url") if name in answer}

    def _jsapi(self, prepay_id: str, app_id: str) -> dict[str, str]:
        timestamp, nonce = str(int(self._now().timestamp())), token_hex(16)
        package = f"prepay_id={prepay_id}"
        return {
            "appId": app_id,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.merchant.sign(app_id, timestamp, nonce, package),
        }

    async def query(self, trade_no: str) -> Trade:
        """Ask what became of a trade; see PaymentProvider."""
        path = f"/v3/pay/transactions/out-trade-no/{quote(trade_no)}"
        try:
            answer = await self.call(
                "GET", f"{path}?mchid={self.merchant.merchant_id}", None, trade_no
            )
        except Refused as refusal:
            if refusal.code == "wechat_order_not_exist":
                return Trade(trade_no=trade_no, state=TradeState.UNKNOWN)
            raise
        return self._trade(answer)

    async def close(self, trade_no: str) -> None:
        """Close a trade; see PaymentProvider."""
        path = f"/v3/pay/transactions/out-trade-no/{quote(trade_no)}/close"
        await self.call("POST", path, {"mchid": self.merchant.merchant_id}, trade_no)

    async def refund(self, order: RefundOrder) -> RefundTold:
        """Ask for a refund; see PaymentProvider."""
        body = {
            "out_trade_no": order.trade_no,
            "out_refund_no": order.refund_no,
            "reason": order.reason[:80],
            "notify_url": order.notify_url,
            "amount": {"refund": order.amount, "total": order.total, "currency": "CNY"},
        }
        path = "/v3/refund/domestic/refunds"
        return _refund(await self.call("POST", path, body, order.refund_no))

    async def query_refund(self, *, refund_no: str, trade_no: str) -> RefundTold:
        """Ask what became of a refund; see PaymentProvider."""
        path = f"/v3/refund/domestic/refunds/{quote(refund_no)}"
        try:
            return _refund(await self.call("GET", path, None, refund_no))
        except Refused as refusal:
            if refusal.code == "wechat_resource_not_exists":
                return RefundTold(refund_no=refund_no, state=RefundStanding.UNKNOWN)
            raise

    async def bill(self, day: date) -> BillFile:
        """Fetch a day's bill, packed; see PaymentProvider."""
        path = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
        try:
            answer = await self.call("GET", path, None, day.isoformat())
        except Refused as refusal:
            if refusal.code == "wechat_no_statement_exist":
                return BillFile(day=day, digest="")
            raise
        if answer["hash_type"] != "SHA1":
            raise BadBill(f"hashed by {answer['hash_type']}")
        parts = urlsplit(str(answer["download_url"]))
        # The file itself is not signed: that is what the hash is for.
        response = await self._fetch(
            "GET", f"{parts.path}?{parts.query}", "", timeout_s=BILL_TIMEOUT_S
        )
        if response.code != 200:
            raise Unavailable("wechat_unavailable", "微信支付账单暂时无法下载")
        try:
            content = gzip.decompress(response.body)
        except (OSError, EOFError) as error:
            raise BadBill("the file cannot be unpacked") from error
        return read_bill(content, day=day, digest=str(answer["hash_value"]))

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> Told:
        """Read a notice of a payment, a refund or a parking entry; see PaymentProvider."""
        await self._know(headers.get("Wechatpay-Serial", ""))
        self._ring.verify(headers, body)
        try:
            notice = json.loads(body)
            event = str(notice["event_type"])
            said = json.loads(self.merchant.open(notice["resource"]))
            if event.startswith("REFUND."):
                self._require_ours(said)
                return _refund(said, state=str(said["refund_status"]))
            if event == ENTRY_CHANGED:
                return entry_noticed(said, self.merchant)
            if is_debit(event, said):
                return debit_told(said, self.merchant)
            if event != "TRANSACTION.SUCCESS":
                raise Forged("event")
            return self._trade(said)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Forged("content") from error

    def reply(self, *, taken: bool) -> NoticeReply:
        """Answer with a status alone, which is all that WeChat looks at; see PaymentProvider."""
        if taken:
            return NoticeReply(status=204, body="", content_type="application/json")
        body = json.dumps({"code": "FAIL", "message": "失败"}, ensure_ascii=False)
        return NoticeReply(status=500, body=body, content_type="application/json")

    def _trade(self, said: Mapping[str, Any]) -> Trade:
        self._require_ours(said)
        if not self.merchant.knows_app(said.get("appid")):
            raise Forged("appid")
        state = TRADE_STATES.get(str(said["trade_state"]), TradeState.UNKNOWN)
        if state is not TradeState.PAID:
            return Trade(trade_no=str(said["out_trade_no"]), state=state)
        amount = said["amount"]
        if amount.get("currency", "CNY") != "CNY" or type(amount["total"]) is not int:
            raise Forged("currency")
        return Trade(
            trade_no=str(said["out_trade_no"]),
            state=state,
            transaction_id=str(said["transaction_id"]),
            amount=amount["total"],
            paid_at=datetime.fromisoformat(said["success_time"]).astimezone(UTC),
        )

    def _require_ours(self, said: Mapping[str, Any]) -> None:
        if said.get("mchid") != self.merchant.merchant_id:
            raise Forged("mchid")

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None, subject: str
    ) -> dict[str, Any]:
        """Ask WeChat; the answer's signature is checked before a word of it is believed."""
        text = "" if body is None else json.dumps(body, ensure_ascii=False)
        response = await self._fetch(method, path, text, timeout_s=self._answer_timeout_s)
        said = masked(text)
        exchange = Exchange(
            provider=self.name,
            operation=f"{method} {path.partition('?')[0]}",
            subject=subject,
            status=response.code,
            said=said,
            answered=masked(response.body.decode(errors="replace")),
        )
        await self.note(exchange)
        if response.code >= 500 or response.code == 429:
            raise Unavailable("wechat_unavailable", "微信支付暂时不可用，请稍后再试")
        if response.code >= 400:
            raise _refusal(response)
        try:
            await self._know(response.headers.get("Wechatpay-Serial", ""))
            self._ring.verify(response.headers, response.body)
            return dict(json.loads(response.body)) if response.body else {}
        except (Forged, ValueError) as error:
            log.error("WeChat's answer cannot be trusted", cause=str(error), subject=subject)
            raise Unavailable("wechat_unavailable", "微信支付应答无法验证") from error

    async def _know(self, serial: str) -> None:
        """Fetch the platform's certificates where one is named that we do not know yet."""
        now = self._now()
        if serial in self._ring or serial.startswith("PUB_KEY_ID_"):
            return
        if self._fetched_at and (now - self._fetched_at).total_seconds() < FETCH_AGAIN_S:
            return
        self._fetched_at = now
        response = await self._fetch(
            "GET", "/v3/certificates", "", timeout_s=self._answer_timeout_s
        )
        if response.code == 200:
            self._ring.add(certificates(self.merchant, response.body, now=now))

    async def _fetch(self, method: str, path: str, body: str, *, timeout_s: float) -> HTTPResponse:
        authorization = self.merchant.authorization(method, path, body, at=self._now())
        headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "User-Agent": "SmartCloud",
        }
        if body:
            headers["Content-Type"] = "application/json"
        if self._public_key_id:
            headers["Wechatpay-Serial"] = self._public_key_id
        request = HTTPRequest(
            self._url + path,
            method=method,
            headers=headers,
            body=body if method == "POST" else None,
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=timeout_s,
            follow_redirects=False,
            decompress_response=False,
        )
        try:
            return await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            log.warning("WeChat did not answer", error=type(error).__name__)
            raise Unavailable("wechat_unavailable", "微信支付暂时不可用，请稍后再试") from None


def _refund(said: Mapping[str, Any], *, state: str = "") -> RefundTold:
    amount = said.get("amount") or {}
    return RefundTold(
        refund_no=str(said["out_refund_no"]),
        state=REFUND_STATES.get(state or str(said["status"]), RefundStanding.UNKNOWN),
        amount=amount.get("refund"),
        trade_no=said.get("out_trade_no"),
    )


def _refusal(response: HTTPResponse) -> Refused:
    try:
        said = json.loads(response.body)
        code, message = str(said["code"]).lower(), str(said["message"])
    except (ValueError, KeyError, TypeError):
        code, message = f"http_{response.code}", "微信支付拒绝了请求"
    return Refused(f"wechat_{code}", message)
