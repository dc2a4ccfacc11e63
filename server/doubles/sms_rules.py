"""What the SMS provider accepts: templates, phones, how often; and where messages end up."""

import json
import os
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import randbelow
from typing import Any

PHONE = re.compile(r"1[3-9]\d{9}")
VARIABLE = re.compile(r"\$\{(\w+)\}")
# Aliyun's limits to one phone under one signature: for verification codes, and for each template
# of notices.
CODE_LIMITS = (
    (timedelta(minutes=1), 1),
    (timedelta(hours=1), 5),
    (timedelta(days=1), 10),
)
NOTICE_LIMITS = ((timedelta(days=1), 50),)
KEPT_MESSAGES = 500


@dataclass(frozen=True)
class Message:
    """A text message as the phone shows it; `at` is an RFC 3339 instant."""

    id: str
    phone: str
    sign_name: str
    template: str
    params: dict[str, str]
    text: str
    at: str


class NotAccepted(Exception):
    """The provider does not take the message; its code is the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Inbox:
    """All phones' messages, newest first, kept in a file over restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        held = json.loads(path.read_text()) if path.exists() else []
        self._messages: deque[Message] = deque(
            (Message(**message) for message in held), maxlen=KEPT_MESSAGES
        )

    def put(self, message: Message) -> None:
        """Deliver a message."""
        self._messages.appendleft(message)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        # Login codes: nobody else on the machine may read them.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.shown(), file, ensure_ascii=False)
        fresh.replace(self._path)

    def shown(self, phone: str = "") -> list[dict[str, Any]]:
        """The messages, newest first; of one phone when one is given."""
        return [asdict(message) for message in self._messages if phone in ("", message.phone)]


class Desk:
    """Takes messages in: checks them as Aliyun does and makes their text."""

    def __init__(
        self, *, sign_name: str, templates: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._sign_name = sign_name
        self._templates = dict(templates)
        self._now = now
        self._sent: dict[tuple[str, str], list[datetime]] = {}

    def approve(self, code: str, text: str) -> None:
        """Take a template in, or another text of it."""
        self._templates[code] = text

    def accept(self, fields: Mapping[str, str]) -> Message:
        """Make the message that the fields of SendSms ask for; raises NotAccepted."""
        phone = fields.get("PhoneNumbers", "")
        if not PHONE.fullmatch(phone):
            raise NotAccepted("isv.MOBILE_NUMBER_ILLEGAL", "invalid mobile number")
        if fields.get("SignName") != self._sign_name:
            raise NotAccepted("isv.SMS_SIGNATURE_ILLEGAL", "signature does not exist")
        template = fields.get("TemplateCode", "")
        if template not in self._templates:
            raise NotAccepted("isv.SMS_TEMPLATE_ILLEGAL", "template does not exist")
        params = _read_params(fields.get("TemplateParam", "{}"))
        text = _fill(self._templates[template], params)
        now = self._now()
        self._count(phone, template, now)
        return Message(
            # Aliyun's BizId: eighteen digits, a caret, and the receipt's number.
            id=f"{randbelow(10**18):018d}^0",
            phone=phone,
            sign_name=self._sign_name,
            template=template,
            params=params,
            text=f"【{self._sign_name}】{text}",
            at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )

    def _count(self, phone: str, template: str, now: datetime) -> None:
        is_code = "code" in VARIABLE.findall(self._templates[template])
        limits, key = (CODE_LIMITS, "") if is_code else (NOTICE_LIMITS, template)
        longest = limits[-1][0]
        sent = [at for at in self._sent.get((phone, key), ()) if now - at < longest]
        for span, most in limits:
            if sum(now - at < span for at in sent) >= most:
                raise NotAccepted("isv.BUSINESS_LIMIT_CONTROL", f"over {most} in {span}")
        self._sent[phone, key] = [*sent, now]


def _read_params(text: str) -> dict[str, str]:
    try:
        params = json.loads(text)
    except ValueError:
        params = None
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise NotAccepted("isv.INVALID_JSON_PARAM", "TemplateParam is no JSON object of strings")
    return params


def _fill(template: str, params: Mapping[str, str]) -> str:
    if missing := set(VARIABLE.findall(template)) - params.keys():
        raise NotAccepted("isv.TEMPLATE_MISSING_PARAMETERS", f"missing {sorted(missing)}")
    return VARIABLE.sub(lambda found: params[found[1]], template)
