"""The SMS client against the SMS double: what is signed is taken, everything else is refused."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from server.doubles.sms import SmsDouble
from server.doubles.sms_rules import NotAccepted
from server.kernel.errors import Invalid, TooMany, Unavailable
from server.providers import SmsReport, SmsSender, sms
from server.providers.acs3 import AccessKey, Call, sign
from server.providers.sms import AliyunSms

KEY = AccessKey(key_id="key-of-the-test", secret="secret-of-the-test")
PHONE = "13800000001"
TEMPLATE = "SMS_LOGIN_CODE"
FIELDS = {
    "PhoneNumbers": PHONE,
    "SignName": "智慧停车",
    "TemplateCode": TEMPLATE,
    "TemplateParam": '{"code":"1"}',
}


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = self.began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


class Provider:
    """A running SMS double and how to talk to it."""

    def __init__(self, double: SmsDouble, clock: Clock, url: str) -> None:
        self.double = double
        self.clock = clock
        self.url = url

    def sender(self, **changed: Any) -> SmsSender:
        return AliyunSms(**({"url": self.url, "key": KEY, "sign_name": "智慧停车"} | changed))

    async def send(self, phone: str = PHONE, code: str = "123456") -> str:
        return await self.sender().send(phone=phone, template=TEMPLATE, params={"code": code})

    async def ask(self, path: str, **options: Any) -> Any:
        answer = await AsyncHTTPClient().fetch(self.url + path, raise_error=False, **options)
        return json.loads(answer.body) if answer.body else None

    async def fail(self, **fault: Any) -> None:
        await self.ask("/faults", method="POST", body=json.dumps(fault))


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    clock = Clock()
    double = make_double(tmp_path, clock)
    server = HTTPServer(double.application())
    socket, port = bind_unused_port()
    server.add_socket(socket)
    yield Provider(double, clock, f"http://127.0.0.1:{port}")
    server.stop()
    await server.close_all_connections()


def make_double(data_dir: Path, clock: Clock) -> SmsDouble:
    return SmsDouble(
        key_id=KEY.key_id,
        key_secret=KEY.secret,
        sign_name="智慧停车",
        templates={TEMPLATE: "您的验证码为 ${code}。"},
        data_dir=data_dir,
        now=clock,
    )


async def test_a_message_sent_is_in_the_inbox_and_survives_a_restart(
    provider: Provider, tmp_path: Path
) -> None:
    message_id = await provider.send(code="246810")

    shown = (await provider.ask(f"/inbox.json?phone={PHONE}"))["messages"]
    assert [(m["id"], m["text"]) for m in shown] == [
        (message_id, "【智慧停车】您的验证码为 246810。")
    ]
    assert make_double(tmp_path, provider.clock).inbox.shown(PHONE) == shown
    assert (tmp_path / "sms" / "messages.json").stat().st_mode & 0o077 == 0


async def test_the_inbox_page_is_chinese_and_reads_the_list(provider: Provider) -> None:
    page = await AsyncHTTPClient().fetch(provider.url + "/inbox")

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'lang="zh-CN"' in page.body.decode()
    assert "inbox.json" in page.body.decode()


@pytest.mark.parametrize(
    "key",
    [
        AccessKey(key_id=KEY.key_id, secret="another secret"),
        AccessKey(key_id="another-key", secret=KEY.secret),
    ],
    ids=["wrong secret", "unknown key"],
)
async def test_a_foreign_access_key_sends_nothing(provider: Provider, key: AccessKey) -> None:
    with pytest.raises(Unavailable):
        await provider.sender(key=key).send(phone=PHONE, template=TEMPLATE, params={"code": "1"})

    assert provider.double.inbox.shown() == []


def signed(provider: Provider, *, at: datetime, **changed: str) -> dict[str, Any]:
    """One rightly signed request of SendSms, with parts changed after it was signed."""
    call = Call(
        host=provider.url.removeprefix("http://"),
        action="SendSms",
        version="2017-05-25",
        query=FIELDS,
        headers={"content-type": "text/plain"},
    )
    headers = sign(call, key=KEY, at=at, nonce="once")
    path = "/?" + call.query_string().replace(PHONE, changed.pop("phone", PHONE))
    body = changed.pop("body", "")
    return {"path": path, "method": "POST", "body": body, "headers": headers | changed}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"phone": "13900000009"}, "SignatureDoesNotMatch"),
        ({"body": "more"}, "SignatureDoesNotMatch"),
        ({"content-type": "text/html"}, "SignatureDoesNotMatch"),
        ({"x-acs-action": "QuerySendDetails"}, "SignatureDoesNotMatch"),
        ({"x-acs-extra": "unsigned"}, "IncompleteSignature"),
        ({"Authorization": ""}, "IncompleteSignature"),
    ],
)
async def test_anything_changed_after_signing_is_noticed(
    provider: Provider, changed: dict[str, str], code: str
) -> None:
    answer = await provider.ask(**signed(provider, at=provider.clock.now, **changed))

    assert answer["Code"] == code
    assert provider.double.inbox.shown() == []


async def test_a_request_is_taken_once(provider: Provider) -> None:
    request = signed(provider, at=provider.clock.now)

    first, second = await provider.ask(**request), await provider.ask(**request)

    assert (first["Code"], second["Code"]) == ("OK", "SignatureNonceUsed")


@pytest.mark.parametrize("off_s", [-901, 901])
async def test_a_request_outside_the_clock_window_is_refused(
    provider: Provider, off_s: int
) -> None:
    at = provider.clock.now.replace(microsecond=0) + timedelta(seconds=off_s)

    # Whole seconds go out, so the clock is set on one.
    provider.clock.now = provider.clock.now.replace(microsecond=0)
    answer = await provider.ask(**signed(provider, at=at))

    assert answer["Code"] == "InvalidTimeStamp.Expired"


async def test_a_phone_gets_one_message_a_minute_five_an_hour_ten_a_day(provider: Provider) -> None:
    def accepted(times: int, *, apart: timedelta) -> int:
        count = 0
        for _ in range(times):
            provider.clock.now += apart
            # Straight at the desk: the client signs by the real clock.
            with suppress(NotAccepted):
                provider.double.desk.accept(FIELDS)
                count += 1
        return count

    assert accepted(3, apart=timedelta(seconds=10)) == 1
    assert accepted(10, apart=timedelta(minutes=1)) == 4
    provider.clock.now += timedelta(hours=1)
    assert accepted(20, apart=timedelta(minutes=15)) == 5
    provider.clock.now += timedelta(days=1)
    assert accepted(1, apart=timedelta()) == 1


async def test_notices_do_not_stand_in_the_way_of_a_code(provider: Provider) -> None:
    desk = provider.double.desk
    desk.approve("SMS_NOTICE", "您有一笔停车费待缴")
    notice = {**FIELDS, "TemplateCode": "SMS_NOTICE", "TemplateParam": "{}"}

    for _ in range(50):
        desk.accept(notice)

    desk.accept(FIELDS)
    with pytest.raises(NotAccepted, match="over 50"):
        desk.accept(notice)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PhoneNumbers": "12345"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"SignName": "别人"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"TemplateCode": "SMS_0"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": '{"code":123456}'}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "code"}, "isv.INVALID_JSON_PARAM"),
    ],
)
def test_a_wrong_field_is_refused_with_aliyuns_code(
    tmp_path: Path, changed: dict[str, str], code: str
) -> None:
    desk = make_double(tmp_path, Clock()).desk

    with pytest.raises(NotAccepted) as refusal:
        desk.accept(FIELDS | changed)

    assert refusal.value.code == code


async def test_too_many_to_one_phone_is_said_as_too_many_and_others_still_get_theirs(
    provider: Provider,
) -> None:
    await provider.send()

    with pytest.raises(TooMany) as refusal:
        await provider.send()

    assert refusal.value.fields["retry_after_s"] == 60
    assert await provider.send(phone="13800000002")


async def test_a_phone_that_is_none_is_refused(provider: Provider) -> None:
    with pytest.raises(Invalid):
        await provider.send(phone="12345")


async def test_throttling_is_tried_again_and_sends_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "RETRY_PAUSES_S", (0.0, 0.0))
    await provider.fail(kind="error", code="Throttling.User", count=2)

    assert await provider.send()

    assert len(provider.double.inbox.shown()) == 1


async def test_throttling_without_end_is_given_up(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "RETRY_PAUSES_S", (0.0, 0.0))
    await provider.fail(kind="error", code="Throttling.User", count=3)

    with pytest.raises(Unavailable):
        await provider.send()

    assert not provider.double.faults


async def test_a_late_answer_is_no_answer_and_is_not_tried_again(provider: Provider) -> None:
    await provider.fail(kind="delay", seconds=0.3, count=1)

    with pytest.raises(Unavailable):
        await provider.sender(answer_timeout_s=0.1).send(
            phone=PHONE, template=TEMPLATE, params={"code": "1"}
        )

    # The fault is used up: a second try would have gone through at once.
    assert not provider.double.faults
    assert provider.double.inbox.shown() == []


async def test_a_dropped_message_is_answered_and_never_arrives(provider: Provider) -> None:
    await provider.fail(kind="drop")

    assert await provider.send()

    assert provider.double.inbox.shown() == []


async def test_an_unreadable_fault_is_refused(provider: Provider) -> None:
    await provider.fail(kind="earthquake")

    assert not provider.double.faults


async def test_a_provider_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await AliyunSms(url="http://127.0.0.1:9", key=KEY, sign_name="智慧停车").send(
            phone=PHONE, template=TEMPLATE, params={"code": "1"}
        )


async def test_neither_code_nor_phone_is_ever_logged(
    provider: Provider, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await provider.fail(kind="error", code="isv.AMOUNT_NOT_ENOUGH")
    await provider.fail(kind="delay", seconds=0.2)

    for _ in range(2):
        with pytest.raises(Unavailable):
            await provider.sender(answer_timeout_s=0.1).send(
                phone=PHONE, template=TEMPLATE, params={"code": "864213"}
            )

    said = caplog.text + "".join(capsys.readouterr())
    assert "isv.AMOUNT_NOT_ENOUGH" in said
    assert "864213" not in said
    assert PHONE not in said


async def report(provider: Provider, message_id: str, **changed: Any) -> SmsReport:
    """Ask what became of a message."""
    said = {"phone": PHONE, "message_id": message_id, "sent_at": provider.clock.began}
    return await provider.sender().report(**(said | changed))


async def test_a_message_is_reported_delivered_a_little_later(provider: Provider) -> None:
    message_id = await provider.send()

    before = await report(provider, message_id)
    provider.clock.now += timedelta(seconds=4)
    after = await report(provider, message_id)

    assert before == SmsReport(None)
    assert after.delivered is True
    assert after.failure is None
    assert after.at is not None
    assert abs(after.at - provider.clock.now) < timedelta(seconds=3)


async def test_a_phone_that_cannot_be_reached_is_reported_with_the_provider_s_code(
    provider: Provider,
) -> None:
    await provider.fail(kind="fail", code="MOBILE_NOT_ON_SERVICE", seconds=30)
    message_id = await provider.send()
    provider.clock.now += timedelta(seconds=29)
    before = await report(provider, message_id)
    provider.clock.now += timedelta(seconds=1)

    after = await report(provider, message_id)

    assert before.delivered is None
    assert (after.delivered, after.failure) == (False, "MOBILE_NOT_ON_SERVICE")
    assert provider.double.inbox.shown() == []


async def test_a_receipt_can_be_late_never_come_and_come_on_demand(provider: Provider) -> None:
    await provider.fail(kind="late", seconds=600)
    await provider.fail(kind="drop")
    late, lost = await provider.send(), await provider.send(phone="13800000002")
    provider.clock.now += timedelta(seconds=599)
    early = await report(provider, late)
    provider.clock.now += timedelta(seconds=2)
    came = await report(provider, late)
    other = {"phone": "13800000002"}
    never = await report(provider, lost, **other)
    body = json.dumps({"id": lost, "code": "EXPIRED"})
    await provider.ask("/receipts", method="POST", body=body)
    demanded = await report(provider, lost, **other)

    assert (early.delivered, came.delivered, never.delivered) == (None, True, None)
    assert (demanded.delivered, demanded.failure) == (False, "EXPIRED")
    assert len(provider.double.inbox.shown()) == 1


async def test_a_receipt_is_of_one_phone_and_survives_a_restart(
    provider: Provider, tmp_path: Path
) -> None:
    message_id = await provider.send()
    provider.clock.now += timedelta(seconds=4)

    foreign = await report(provider, message_id, phone="13800000002")
    yesterday = await report(provider, message_id, sent_at=provider.clock.began - timedelta(days=1))
    provider.double.receipts = make_double(tmp_path, provider.clock).receipts
    again = await report(provider, message_id)

    assert foreign.delivered is yesterday.delivered is None
    assert again.delivered is True
    assert (tmp_path / "sms" / "receipts.json").stat().st_mode & 0o077 == 0


async def test_who_is_away_or_does_not_know_us_tells_no_receipt(provider: Provider) -> None:
    message_id = await provider.send()
    said = {"phone": PHONE, "message_id": message_id, "sent_at": provider.clock.now}
    stranger = provider.sender(key=AccessKey(key_id=KEY.key_id, secret="another secret"))
    nobody = provider.sender(url="http://127.0.0.1:9")

    for sender in (stranger, nobody):
        with pytest.raises(Unavailable):
            await sender.report(**said)


async def test_a_template_that_is_approved_later_can_be_sent_by(provider: Provider) -> None:
    body = json.dumps({"code": "SMS_NEW", "text": "欠 ${amount}"})
    await provider.ask("/templates", method="POST", body=body)

    sent = provider.sender().send(phone=PHONE, template="SMS_NEW", params={"amount": "¥5"})

    assert await sent
    assert provider.double.inbox.shown()[0]["text"] == "【智慧停车】欠 ¥5"
