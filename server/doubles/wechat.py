"""The WeChat Pay double: takes orders, lets people pay them, refunds, tells, and writes bills."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from tornado.httpserver import HTTPServer
from tornado.web import Application

from server.config import Config
from server.doubles.bills import as_billed, cut
from server.doubles.counter import counter_routes
from server.doubles.keys import certificate_of, keep_key, new_key, public_pem
from server.doubles.parkings import Assume, ParkingBook, nobody, some
from server.doubles.trades import RETRY_PAUSES_S, Book, Faults, Notifier, Refund, Trade
from server.doubles.wechat_api import api_routes
from server.doubles.wechat_bill import write_bill
from server.doubles.wechat_login import login_routes
from server.doubles.wechat_parking import parking_routes
from server.doubles.wechat_seal import RequestCheck, seal, signed_headers

TRADE_TYPES = {"jsapi": "JSAPI", "native": "NATIVE", "h5": "MWEB"}
SUMMARIES = {
    "transaction": "支付成功",
    "TRANSACTION.FAIL": "支付失败",
    "TRANSACTION.PAY_BACK": "还款成功",
    "refund": "退款通知",
    "vehicle": "停车入场状态通知",
}
STATES = {"unpaid": "NOTPAY", "closed": "CLOSED"}


@dataclass(frozen=True)
class Signer:
    """One of the platform's keys, the name it goes by, and its certificate."""

    key: RSAPrivateKey
    serial: str
    certificate: bytes


def new_signer(key: RSAPrivateKey, public_key_id: str = "") -> Signer:
    """Make a signer; with an id it signs as a public key, otherwise by its certificate."""
    made = certificate_of(key)
    serial = public_key_id or f"{made.serial_number:040X}"
    return Signer(key, serial, made.public_bytes(Encoding.PEM))


class WeChatDouble:
    """The provider: its merchant, its keys, its trades, and what shall go wrong."""

    brand = "wechat"

    def __init__(
        self,
        *,
        url: str,
        app_id: str,
        app_secret: str = "",
        web_app_id: str = "",
        web_app_secret: str = "",
        web_domain: str = "",
        merchant_id: str,
        merchant_serial: str,
        merchant_key: RSAPrivateKey,
        api_v3_key: bytes,
        signer: Signer,
        path: Path,
        pauses_s: tuple[float, ...] = RETRY_PAUSES_S,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        assume: Assume = nobody,
    ) -> None:
        self.url = url
        self.app_id = app_id
        self.app_secret = app_secret
        self.web_app_id = web_app_id
        self.web_app_secret = web_app_secret
        self.web_domain = web_domain
        self.used_codes: set[str] = set()
        self.web_codes: dict[str, str] = {}
        self.openids: dict[str, str] = {}
        self.merchant_id = merchant_id
        self.api_v3_key = api_v3_key
        self.now = now
        self.book = Book(path, now=now)
        parkings = path.with_name("wechat_parkings.json")
        self.parkings = ParkingBook(parkings, now=now, assume=assume)
        self.faults = Faults()
        self.signers = [signer]
        self.bills: dict[str, bytes] = {}
        self.requests = RequestCheck(
            merchant_id=merchant_id,
            serial=merchant_serial,
            key=merchant_key.public_key(),
            now=now,
        )
        self.notifier = Notifier(
            self.faults, taken=lambda status, _body: 200 <= status < 300, pauses_s=pauses_s
        )

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make the provider that the configuration's merchant is a customer of, and its keys."""
        key_file = Path(config.wechat_key_file)
        platform = keep_key(key_file.with_name("wechat_platform.pem"))
        if config.wechat_public_key_file:
            Path(config.wechat_public_key_file).write_bytes(public_pem(platform))
        return cls(
            url=config.wechat_url,
            app_id=config.wechat_app_id,
            app_secret=config.wechat_app_secret,
            web_app_id=config.wechat_web_app_id,
            web_app_secret=config.wechat_web_app_secret,
            web_domain=urlsplit(config.public_url).netloc,
            merchant_id=config.wechat_merchant_id,
            merchant_serial=config.wechat_serial,
            merchant_key=keep_key(key_file),
            api_v3_key=config.wechat_api_v3_key.encode(),
            signer=new_signer(platform, config.wechat_public_key_id),
            path=config.data_dir / "providers" / "wechat_trades.json",
            assume=some,
        )

    @property
    def signer(self) -> Signer:
        """The key that signs now: the newest."""
        return self.signers[-1]

    def rotate(self, public_key_id: str = "") -> None:
        """Sign with a new key from now on; the old one is still good."""
        self.signers.append(new_signer(new_key(), public_key_id))

    def paid(self, trade: Trade) -> None:
        """Tell the merchant that a trade was paid."""
        self.notify(trade.notify_url, "TRANSACTION.SUCCESS", lambda: self.show_trade(trade))

    def refunded(self, trade: Trade, refund: Refund) -> None:
        """Tell the merchant what became of a refund."""
        event = f"REFUND.{refund.state.upper()}"
        self.notify(refund.notify_url, event, lambda: self.show_refund_notice(trade, refund))

    def notify(self, url: str, event: str, content: Callable[[], Mapping[str, Any]]) -> None:
        """Send a notice, sealed once and signed anew each time it is sent."""
        body = self.notice(event, content())

        def letter(forged: bool) -> tuple[Mapping[str, str], bytes]:
            signer = new_signer(new_key(), self.signer.serial) if forged else self.signer
            headers = signed_headers(body, key=signer.key, serial=signer.serial, now=self.now())
            return headers, body

        self.notifier.send(url, letter)

    def notice(self, event: str, content: Mapping[str, Any]) -> bytes:
        """Write a notice with its content sealed."""
        kind = event.partition(".")[0].lower()
        plain = json.dumps(content, ensure_ascii=False).encode()
        resource = seal(plain, key=self.api_v3_key, associated=kind)
        notice = {
            "id": token_hex(16),
            "create_time": self.now().isoformat(timespec="seconds"),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": SUMMARIES.get(event) or SUMMARIES[kind],
            "resource": {**resource, "original_type": kind},
        }
        return json.dumps(notice, ensure_ascii=False).encode()

    def show_trade(self, trade: Trade) -> dict[str, Any]:
        """Show a trade as the API does."""
        state = "SUCCESS" if trade.state == "paid" else STATES[trade.state]
        shown: dict[str, Any] = {
            "appid": trade.app_id or self.app_id,
            "mchid": self.merchant_id,
            "out_trade_no": trade.trade_no,
            "trade_state": "REFUND" if trade.refunds else state,
            "trade_state_desc": "",
            "amount": {"total": trade.amount, "currency": "CNY"},
        }
        if trade.state == "paid":
            shown |= {
                "transaction_id": trade.transaction_id,
                "trade_type": TRADE_TYPES.get(trade.scene, "NATIVE"),
                "success_time": trade.paid_at,
                "payer": {"openid": trade.payer},
            }
            shown["amount"] |= {"payer_total": trade.amount, "payer_currency": "CNY"}
        return shown

    def show_refund(self, trade: Trade, refund: Refund) -> dict[str, Any]:
        """Show a refund as the API does."""
        return {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.refund_no,
            "transaction_id": trade.transaction_id,
            "out_trade_no": trade.trade_no,
            "channel": "ORIGINAL",
            "create_time": refund.at,
            "status": refund.state.upper(),
            "amount": {"total": trade.amount, "refund": refund.amount, "currency": "CNY"},
        }

    def show_refund_notice(self, trade: Trade, refund: Refund) -> dict[str, Any]:
        """Show a refund as a notice does, which names things otherwise than the API."""
        shown = self.show_refund(trade, refund)
        shown["refund_status"] = shown.pop("status")
        return {"mchid": self.merchant_id, **shown}

    def bill(self, day: date) -> bytes | None:
        """Write a day's bill; none where nothing happened."""
        content = write_bill(
            as_billed(self.book, self.faults, day=day),
            day=day,
            app_id=self.app_id,
            merchant_id=self.merchant_id,
            sum_more=100 if self.faults.take("bill_sum") else 0,
        )
        return content and cut(content, self.faults)

    def application(self) -> Application:
        """The routes of the provider."""
        routes = [*api_routes(self), *parking_routes(self), *login_routes(self)]
        routes += counter_routes(self)
        return Application(routes, log_function=lambda _: None)

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
