"""The SMS double: answers SendSms and QuerySendDetails as Aliyun does, and shows messages at /inbox."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from server.config import Config
from server.doubles.acs3 import SignatureCheck, Unsigned
from server.doubles.sms_receipts import USUAL_S, Receipts
from server.doubles.sms_rules import Desk, Inbox, NotAccepted

LOGIN_TEXT = "您的登录验证码为 ${code}，5 分钟内有效，请勿告知他人。"
REMINDER_TEXT = (
    "您的车辆 ${plate} 有 ${count} 笔停车费未缴，共 ${amount}，点击缴费：{url}/d/${link}"
)
PAGE = Path(__file__).with_name("inbox.html")
# What a demo's operator may choose from for debts that are older.
MORE_TEXTS = {
    "SMS_OVERDUE": "您的车辆 ${plate} 在${operator}有 ${count} 笔停车费已逾期，共 ${amount}，"
    "请尽快缴清：{url}/d/${link}",
    "SMS_RESTRICTED": "您的车辆 ${plate} 欠${operator}停车费 ${amount}，停车将受限，"
    "请立即缴清：{url}/d/${link}",
}
FAULT_KINDS = ("error", "delay", "drop", "fail", "late")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one coming message.

    `error` answers with `code`; `delay` answers only after `seconds`; `drop` answers OK and
    never delivers, as a phone without a network; `fail` answers OK and reports `code` after
    `seconds`; `late` delivers, and reports it after `seconds`.
    """

    kind: str
    code: str
    seconds: float


class SmsDouble:
    """The provider: who may send, what is accepted, what was delivered, what shall go wrong."""

    def __init__(
        self,
        *,
        key_id: str,
        key_secret: str,
        sign_name: str,
        templates: Mapping[str, str],
        data_dir: Path,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.signatures = SignatureCheck(key_id=key_id, key_secret=key_secret, now=now)
        self.desk = Desk(sign_name=sign_name, templates=templates, now=now)
        self.inbox = Inbox(data_dir / "sms" / "messages.json")
        self.receipts = Receipts(data_dir / "sms" / "receipts.json", now=now)
        self.faults: deque[Fault] = deque()

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make the provider that the configuration's sender is a customer of."""
        return cls(
            key_id=config.sms_key_id,
            key_secret=config.sms_key_secret,
            sign_name=config.sms_sign_name,
            templates={
                config.sms_login_template: LOGIN_TEXT,
                config.sms_reminder_template: REMINDER_TEXT.replace("{url}", config.public_url),
                **{
                    code: text.replace("{url}", config.public_url)
                    for code, text in MORE_TEXTS.items()
                },
            },
            data_dir=config.data_dir,
        )

    def application(self) -> Application:
        """The routes of the provider."""
        double = {"double": self}
        return Application(
            [
                ("/", Actions, double),
                ("/inbox", InboxPage),
                (r"/inbox\.json", InboxList, double),
                ("/faults", Faults, double),
                ("/receipts", Decisions, double),
                ("/templates", Templates, double),
                ("/healthz", Health),
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
            await server.close_all_connections()


class DoubleHandler(RequestHandler):
    """What all of the double's handlers share."""

    def initialize(self, double: SmsDouble) -> None:
        self.double = double


class Actions(DoubleHandler):
    """POST /: the actions SendSms and QuerySendDetails of dysmsapi 2017-05-25."""

    async def post(self) -> None:
        try:
            self.double.signatures.check(self.request)
        except Unsigned as refusal:
            self.answer(refusal.status, refusal.code, refusal.message)
            return
        named = (self.request.headers["x-acs-action"], self.request.headers["x-acs-version"])
        if named == ("QuerySendDetails", "2017-05-25"):
            self.show_details()
            return
        if named != ("SendSms", "2017-05-25"):
            self.answer(404, "InvalidAction.NotFound", "Specified api is not found.")
            return
        await self.send(self.double.faults.popleft() if self.double.faults else None)

    async def send(self, fault: Fault | None) -> None:
        """Take the message, unless a fault comes first."""
        if fault and fault.kind == "error":
            self.answer(_status_of(fault.code), fault.code, "fault on demand")
            return
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        try:
            message = self.double.desk.accept(self.fields())
        except NotAccepted as refusal:
            self.answer(200, refusal.code, str(refusal))
            return
        kind = fault.kind if fault else ""
        if kind not in ("drop", "fail"):
            self.double.inbox.put(message)
        slow = fault.seconds if fault and kind in ("fail", "late") else USUAL_S
        code = fault.code if fault and kind == "fail" else "DELIVERED"
        self.double.receipts.note(message, after_s=None if kind == "drop" else slow, code=code)
        self.answer(200, "OK", "OK", BizId=message.id)

    def show_details(self) -> None:
        """Tell what became of a message."""
        found = self.double.receipts.details(self.fields())
        details = {"SmsSendDetailDTO": found}
        self.answer(200, "OK", "OK", SmsSendDetailDTOs=details, TotalCount=str(len(found)))

    def fields(self) -> dict[str, str]:
        """Give the fields of the action."""
        return {name: self.get_query_argument(name) for name in self.request.query_arguments}

    def answer(self, status: int, code: str, message: str, **more: Any) -> None:
        """Answer in Aliyun's form."""
        self.set_status(status)
        self.finish({"Code": code, "Message": message, "RequestId": str(uuid4()).upper(), **more})


class InboxPage(RequestHandler):
    """GET /inbox: the page that shows all messages and keeps itself fresh."""

    async def get(self) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        await self.finish(PAGE.read_bytes())


class InboxList(DoubleHandler):
    """GET /inbox.json?phone=: the messages, newest first."""

    async def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        await self.finish({"messages": self.double.inbox.shown(self.get_argument("phone", ""))})


class Faults(DoubleHandler):
    """POST /faults: what shall go wrong with the next messages; DELETE: nothing any more."""

    async def post(self) -> None:
        try:
            faults = read_faults(json.loads(self.request.body))
        except (ValueError, TypeError, KeyError) as error:
            self.set_status(422)
            await self.finish({"error": str(error)})
            return
        self.double.faults.extend(faults)
        await self.finish({"waiting": len(self.double.faults)})

    async def delete(self) -> None:
        self.double.faults.clear()
        self.set_status(204)


class Decisions(DoubleHandler):
    """POST /receipts {"id", "code"}: what became of a message, on demand; DELIVERED or why not."""

    async def post(self) -> None:
        body = json.loads(self.request.body)
        known = self.double.receipts.decide(str(body["id"]), code=str(body["code"]))
        self.set_status(204 if known else 404)


class Templates(DoubleHandler):
    """POST /templates {"code", "text"}: a template that the provider approves."""

    async def post(self) -> None:
        body = json.loads(self.request.body)
        self.double.desk.approve(str(body["code"]), str(body["text"]))
        self.set_status(204)


class Health(RequestHandler):
    """GET /healthz: the double is there."""

    async def get(self) -> None:
        await self.finish({"status": "ok"})


def read_faults(body: Mapping[str, Any]) -> list[Fault]:
    """Read {"kind", "code"?, "seconds"?, "count"?}; ValueError when it makes no sense."""
    kind, count = body["kind"], int(body.get("count", 1))
    if kind not in FAULT_KINDS or not 1 <= count <= 1000:
        raise ValueError(f"kind is one of {', '.join(FAULT_KINDS)}, count 1 to 1000")
    code = str(body.get("code", "isp.SYSTEM_ERROR"))
    return [Fault(kind=kind, code=code, seconds=float(body.get("seconds", 10)))] * count


def _status_of(code: str) -> int:
    # Aliyun answers business refusals with 200, and its gateway's own with 400 or 503.
    if code.startswith(("isv.", "isp.")):
        return 200
    return 503 if code.startswith("ServiceUnavailable") else 400
