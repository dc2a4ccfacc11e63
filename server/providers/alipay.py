"""Takes payments through Alipay: QR, page and wap payment, refunds, bills, notices. RSA2."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from server.config import Config
from server.kernel.errors import Refused, Unavailable
from server.providers.alipay_bill import read_bill
from server.providers.alipay_keys import read_answer, sign, verify_notice
from server.providers.masking import masked
from server.providers.payment import (
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
    Trade,
    TradeState,
    note_nothing,
    read_yuan,
    write_yuan,
)
from server.providers.wechat_keys import private_key, public_key

log = structlog.get_logger(__name__)

BEIJING = ZoneInfo("Asia/Shanghai")
CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 10.0
BILL_TIMEOUT_S = 60.0
# 26 h: Alipay tells for 25; what comes later is a recording.
NOTICE_LASTS = timedelta(hours=26)
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
PAGES = {
    Scene.PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    Scene.WAP: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
# Of a code that nobody has scanned yet, Alipay knows no trade: there is nothing to close.
NO_TRADE = "alipay_acq.trade_not_exist"


class Alipay:
    """A PaymentProvider on Alipay, or on anything that speaks its protocol."""

    name = "alipay"

    def __init__(
        self,
        *,
        url: str,
        app_id: str,
        seller_id: str,
        key: RSAPrivateKey,
        alipay_key: RSAPublicKey,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.note: Note = note_nothing
        self.fee_bp: int | None = None
        self._url = url
        self._app_id = app_id
        self._seller_id = seller_id
        self._key = key
        self._alipay_key = alipay_key
        self._now = now
        self._answer_timeout_s = answer_timeout_s

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make the provider that the configuration names; ValueError when a key is none."""
        made = cls(
            url=config.alipay_url,
            app_id=config.alipay_app_id,
            seller_id=config.alipay_seller_id,
            key=private_key(Path(config.alipay_key_file).read_bytes()),
            alipay_key=public_key(Path(config.alipay_public_key_file).read_bytes()),
        )
        made.fee_bp = config.alipay_fee_bp
        return made

    async def prepay(self, order: Order) -> dict[str, str]:
        """Tell Alipay of an order, or make the address where it is told; see PaymentProvider."""
        content = {
            "out_trade_no": order.trade_no,
            "total_amount": write_yuan(order.amount),
            "subject": order.description,
            "seller_id": self._seller_id,
            "time_expire": f"{order.expires_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        }
        urls = {"notify_url": order.notify_url, "return_url": order.return_url}
        if order.scene in PAGES:
            method, product = PAGES[order.scene]
            fields = self._fields(method, {**content, "product_code": product}, urls)
            return {"url": f"{self._url}?{urlencode(fields)}"}
        if order.scene is not Scene.NATIVE:
            raise Refused("scene_not_supported", "该支付方式不支持此场景", scene=order.scene.value)
        answer = await self._call("alipay.trade.precreate", content, order.trade_no, urls)
        return {"code_url": str(answer["qr_code"])}

    async def query(self, trade_no: str) -> Trade:
        """Ask what became of a trade; see PaymentProvider."""
        content = {"out_trade_no": trade_no}
        try:
            answer = await self._call("alipay.trade.query", content, trade_no)
        except Refused as refusal:
            if refusal.code == NO_TRADE:
                return Trade(trade_no=trade_no, state=TradeState.UNKNOWN)
            raise
        status = str(answer["trade_status"])
        paid_at = answer.get("send_pay_date")
        # A trade that was given back whole is closed too, but it was paid.
        if status in PAID or (status == "TRADE_CLOSED" and paid_at):
            return Trade(
                trade_no=str(answer["out_trade_no"]),
                state=TradeState.PAID,
                transaction_id=str(answer["trade_no"]),
                amount=read_yuan(str(answer["total_amount"])),
                paid_at=_instant(str(paid_at)),
            )
        closed = status == "TRADE_CLOSED"
        return Trade(trade_no=trade_no, state=TradeState.CLOSED if closed else TradeState.UNPAID)

    async def close(self, trade_no: str) -> None:
        """Close a trade; see PaymentProvider."""
        try:
            await self._call("alipay.trade.close", {"out_trade_no": trade_no}, trade_no)
        except Refused as refusal:
            if refusal.code != NO_TRADE:
                raise

    async def refund(self, order: RefundOrder) -> RefundTold:
        """Ask for a refund, which Alipay answers at once; see PaymentProvider."""
        content = {
            "out_trade_no": order.trade_no,
            "out_request_no": order.refund_no,
            "refund_amount": write_yuan(order.amount),
            "refund_reason": order.reason,
        }
        answer = await self._call("alipay.trade.refund", content, order.refund_no)
        done = answer.get("fund_change") == "Y"
        # No change of funds: it was asked before, and what became of it is to be asked for.
        state = RefundStanding.SUCCEEDED if done else RefundStanding.PROCESSING
        return RefundTold(refund_no=order.refund_no, state=state, trade_no=order.trade_no)

    async def query_refund(self, *, refund_no: str, trade_no: str) -> RefundTold:
        """Ask what became of a refund; see PaymentProvider."""
        content = {"out_trade_no": trade_no, "out_request_no": refund_no}
        try:
            answer = await self._call("alipay.trade.fastpay.refund.query", content, refund_no)
        except Refused as refusal:
            if refusal.code == NO_TRADE:
                return RefundTold(refund_no=refund_no, state=RefundStanding.UNKNOWN)
            raise
        if answer.get("refund_status") != "REFUND_SUCCESS":
            return RefundTold(refund_no=refund_no, state=RefundStanding.UNKNOWN)
        return RefundTold(
            refund_no=refund_no,
            state=RefundStanding.SUCCEEDED,
            amount=read_yuan(str(answer["refund_amount"])),
            trade_no=trade_no,
        )

    async def bill(self, day: date) -> BillFile:
        """Fetch a day's bill; see PaymentProvider."""
        method = "alipay.data.dataservice.bill.downloadurl.query"
        content = {"bill_type": "trade", "bill_date": day.isoformat()}
        try:
            answer = await self._call(method, content, day.isoformat())
        except Refused as refusal:
            if refusal.code == "alipay_isp.bill_not_exist":
                return BillFile(day=day, digest="")
            raise
        # Good for 30 seconds, by its own word.
        request = HTTPRequest(str(answer["bill_download_url"]), request_timeout=BILL_TIMEOUT_S)
        response = await self._fetch(request)
        if response.code != 200:
            raise Unavailable("alipay_unavailable", "支付宝账单暂时无法下载")
        return read_bill(response.body, day=day)

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> Trade | RefundTold:
        """Read a notice of a payment or a refund; see PaymentProvider."""
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        except ValueError as error:
            raise Forged("content") from error
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise Forged("a field twice")
        verify_notice(self._alipay_key, fields)
        if fields.get("app_id") != self._app_id:
            raise Forged("app_id")
        if fields.get("seller_id") != self._seller_id:
            raise Forged("seller_id")
        try:
            if abs(self._now() - _instant(fields["notify_time"])) > NOTICE_LASTS:
                raise Forged("stale")
            return _said(fields)
        except (KeyError, ValueError) as error:
            raise Forged("content") from error

    def reply(self, *, taken: bool) -> NoticeReply:
        """Answer with the one word that Alipay looks at; see PaymentProvider."""
        body = "success" if taken else "fail"
        return NoticeReply(status=200, body=body, content_type="text/plain; charset=utf-8")

    def _fields(
        self, method: str, content: Mapping[str, Any], urls: Mapping[str, str]
    ) -> dict[str, str]:
        """Make all parameters of a request, the signature included."""
        fields = {
            "app_id": self._app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{self._now().astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **{name: url for name, url in urls.items() if url},
        }
        return {**fields, "sign": sign(self._key, fields)}

    async def _call(
        self,
        method: str,
        content: Mapping[str, Any],
        subject: str,
        urls: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Ask Alipay; the answer's signature is checked before a word of it is believed."""
        fields = self._fields(method, content, urls or {})
        request = HTTPRequest(
            self._url,
            method="POST",
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"},
            body=urlencode(fields),
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=self._answer_timeout_s,
            follow_redirects=False,
        )
        response = await self._fetch(request)
        text = response.body.decode(errors="replace")
        exchange = Exchange(
            provider=self.name,
            operation=method,
            subject=subject,
            status=response.code,
            said=masked(fields["biz_content"]),
            answered=masked(text),
        )
        await self.note(exchange)
        try:
            answer = read_answer(self._alipay_key, text, f"{method.replace('.', '_')}_response")
        except Forged as error:
            log.error("Alipay's answer cannot be trusted", cause=error.reason, subject=subject)
            raise Unavailable("alipay_unavailable", "支付宝应答无法验证") from error
        code, sub_code = str(answer.get("code")), str(answer.get("sub_code", ""))
        if code == "10000":
            return answer
        if code == "20000" or sub_code.lower() in ("aop.acq.system_error", "acq.system_error"):
            raise Unavailable("alipay_unavailable", "支付宝暂时不可用，请稍后再试")
        raise Refused(
            f"alipay_{sub_code.lower() or code}", str(answer.get("sub_msg", "支付宝拒绝"))
        )

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse:
        try:
            return await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            log.warning("Alipay did not answer", error=type(error).__name__)
            raise Unavailable("alipay_unavailable", "支付宝暂时不可用，请稍后再试") from None


def _said(fields: Mapping[str, str]) -> Trade | RefundTold:
    if fields.get("gmt_refund"):
        # `refund_fee` sums all refunds of the trade, so it says nothing about this one.
        return RefundTold(
            refund_no=fields["out_biz_no"],
            state=RefundStanding.SUCCEEDED,
            trade_no=fields["out_trade_no"],
        )
    if fields["trade_status"] not in PAID:
        return Trade(trade_no=fields["out_trade_no"], state=TradeState.UNPAID)
    return Trade(
        trade_no=fields["out_trade_no"],
        state=TradeState.PAID,
        transaction_id=fields["trade_no"],
        amount=read_yuan(fields["total_amount"]),
        paid_at=_instant(fields["gmt_payment"]),
    )


def _instant(text: str) -> datetime:
    local = datetime.fromisoformat(text[:19])
    return local.replace(tzinfo=BEIJING).astimezone(UTC)
