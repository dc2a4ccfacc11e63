"""What became of each message, as the SMS provider tells it when asked: waiting, failed, delivered."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from server.doubles.sms_rules import Message

BEIJING = ZoneInfo("Asia/Shanghai")
WAITING, FAILED, DELIVERED = 1, 2, 3
# 3 s: a network's receipt is there after a breath.
USUAL_S = 3.0
KEPT = 2_000


@dataclass(frozen=True)
class Receipt:
    """One message's receipt: known from `known_at` on, never where that is empty; failed with a code."""

    id: str
    phone: str
    template: str
    text: str
    sent_at: str
    known_at: str
    code: str = "DELIVERED"


class Receipts:
    """All messages' receipts, kept in a file over restarts."""

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        held = json.loads(path.read_text()) if path.exists() else []
        self._receipts = {one["id"]: Receipt(**one) for one in held}

    def note(self, message: Message, *, after_s: float | None, code: str) -> None:
        """Decide what will be told of a message, and when; None means never."""
        known = "" if after_s is None else _written(self._now() + timedelta(seconds=after_s))
        self._keep(
            Receipt(
                id=message.id,
                phone=message.phone,
                template=message.template,
                text=message.text,
                sent_at=_written(self._now()),
                known_at=known,
                code=code,
            )
        )

    def decide(self, id: str, *, code: str) -> bool:
        """Say on demand what became of a message; tells whether there is one."""
        held = self._receipts.get(id)
        if held is not None:
            self._keep(replace(held, known_at=_written(self._now()), code=code))
        return held is not None

    def details(self, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        """List what QuerySendDetails tells of a phone's message on a day."""
        found = [
            one
            for one in self._receipts.values()
            if one.phone == fields.get("PhoneNumber")
            and fields.get("BizId") in (None, one.id)
            and _beijing(one.sent_at).strftime("%Y%m%d") == fields.get("SendDate")
        ]
        return [self._detail(one) for one in found]

    def _detail(self, one: Receipt) -> dict[str, Any]:
        known = bool(one.known_at) and datetime.fromisoformat(one.known_at) <= self._now()
        told = {
            "PhoneNum": one.phone,
            "TemplateCode": one.template,
            "Content": one.text,
            "SendDate": _beijing(one.sent_at).strftime("%Y-%m-%d %H:%M:%S"),
            "OutId": "",
            "SendStatus": WAITING,
            "ErrCode": "",
        }
        if not known:
            return told
        received = _beijing(one.known_at).strftime("%Y-%m-%d %H:%M:%S")
        status = DELIVERED if one.code == "DELIVERED" else FAILED
        return told | {"SendStatus": status, "ErrCode": one.code, "ReceiveDate": received}

    def _keep(self, receipt: Receipt) -> None:
        self._receipts[receipt.id] = receipt
        while len(self._receipts) > KEPT:
            del self._receipts[next(iter(self._receipts))]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        # Phones and texts: nobody else on the machine may read them.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump([asdict(one) for one in self._receipts.values()], file, ensure_ascii=False)
        fresh.replace(self._path)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _beijing(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(BEIJING)
