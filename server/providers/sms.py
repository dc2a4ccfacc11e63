"""Sends text messages through Aliyun SMS (dysmsapi 2017-05-25), and asks what became of them."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from server.config import Config
from server.kernel.errors import DomainError, Invalid, TooMany, Unavailable
from server.providers import SmsReport
from server.providers.acs3 import AccessKey, Call, sign

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 3.0
# Somebody waits for this answer with the phone in the hand; Aliyun's p99 is below one second.
ANSWER_TIMEOUT_S = 5.0
# Only refusals that surely sent nothing are tried again, so nobody gets two messages.
RETRY_PAUSES_S = (0.3, 1.0)
RATE_LIMITED = ("isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL")
FAILED, DELIVERED = 2, 3
# Days and times are Beijing's there, wherever the city is.
BEIJING = ZoneInfo("Asia/Shanghai")
BAD_PHONE = ("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT")


class AliyunSms:
    """A SmsSender on Aliyun, or on anything that speaks its protocol."""

    def __init__(
        self,
        *,
        url: str,
        key: AccessKey,
        sign_name: str,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._sign_name = sign_name
        self._answer_timeout_s = answer_timeout_s

    @classmethod
    def from_config(cls, config: Config) -> "AliyunSms":
        """Make the sender that the configuration asks for."""
        return cls(
            url=config.sms_url,
            key=AccessKey(key_id=config.sms_key_id, secret=config.sms_key_secret),
            sign_name=config.sms_sign_name,
        )

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Send one message; see SmsSender."""
        query = {
            "PhoneNumbers": phone,
            "SignName": self._sign_name,
            "TemplateCode": template,
            "TemplateParam": json.dumps(dict(params), ensure_ascii=False),
        }
        for pause_s in (*RETRY_PAUSES_S, None):
            answer = await self._call("SendSms", query)
            code = str(answer.get("Code", ""))
            if code == "OK":
                return str(answer["BizId"])
            if pause_s is None or not code.startswith("Throttling"):
                break
            await asyncio.sleep(pause_s)
        raise _refusal(code, template=template, request_id=answer.get("RequestId"))

    async def report(self, *, phone: str, message_id: str, sent_at: datetime) -> SmsReport:
        """Ask QuerySendDetails what became of one message; see SmsSender."""
        query = {
            "PhoneNumber": phone,
            "BizId": message_id,
            "SendDate": sent_at.astimezone(BEIJING).strftime("%Y%m%d"),
            "PageSize": "1",
            "CurrentPage": "1",
        }
        answer = await self._call("QuerySendDetails", query)
        if answer.get("Code") != "OK":
            log.warning("SMS provider tells no receipt", code=answer.get("Code"))
            raise Unavailable("sms_unavailable", "短信服务暂时不可用，请稍后再试")
        return _read_report(answer)

    async def _call(self, action: str, query: Mapping[str, str]) -> dict[str, Any]:
        call = Call(
            host=urlsplit(self._url).netloc,
            action=action,
            version="2017-05-25",
            query=query,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        request = HTTPRequest(
            f"{self._url}/?{call.query_string()}",
            method=call.method,
            headers=sign(call, key=self._key, at=datetime.now(UTC), nonce=token_hex(16)),
            body=call.body,
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=self._answer_timeout_s,
            follow_redirects=False,
        )
        try:
            response = await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError) as error:
            # The error's text may hold the URL, and the URL holds phone and code.
            log.warning("SMS provider did not answer", error=type(error).__name__)
            # It may have been sent all the same: whoever must not send twice looks at the field.
            raise Unavailable(
                "sms_unavailable", "短信服务暂时不可用，请稍后再试", unanswered=True
            ) from None
        return _read_answer(response.code, response.body)


def _read_report(answer: Mapping[str, Any]) -> SmsReport:
    """Read the one detail: SendStatus 1 waits for a receipt, 2 failed, 3 was delivered."""
    try:
        [detail] = answer["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
        status = detail["SendStatus"]
        received = str(detail.get("ReceiveDate") or "")
        at = datetime.fromisoformat(received).replace(tzinfo=BEIJING) if received else None
    except (KeyError, TypeError, ValueError):
        # Not written down there yet: it is known a little after it was taken.
        return SmsReport(None)
    if status not in (FAILED, DELIVERED):
        return SmsReport(None)
    told = at.astimezone(UTC) if at else None
    if status == DELIVERED:
        return SmsReport(True, at=told)
    return SmsReport(False, failure=str(detail.get("ErrCode") or "UNKNOWN")[:64], at=told)


def _read_answer(status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and "Code" in answer:
        return answer
    # A gateway's error page instead of an answer.
    return {"Code": f"HTTP {status}"}


def _refusal(code: str, *, template: str, request_id: Any) -> DomainError:
    if code in RATE_LIMITED:
        # The provider counts by minute, hour and day and does not say which limit was met.
        return TooMany("too_many_messages", "短信发送过于频繁，请稍后再试", retry_after_s=60)
    if code in BAD_PHONE:
        return Invalid("phone_not_accepted", "该手机号无法接收短信", phone=["无法接收短信"])
    # Keys, signature, template or balance: nobody at the phone can mend that, the operator must.
    log.error("SMS not sent", code=code, template=template, request_id=request_id)
    return Unavailable("sms_unavailable", "短信服务暂时不可用，请稍后再试")
