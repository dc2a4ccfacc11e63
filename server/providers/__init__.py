"""Clients of services that others run: each says what it needs and what it answers.

外部服务商客户端：短信。
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SmsReport:
    """What became of a text message: `delivered` is None while nobody knows.

    `failure` is the provider's code where it did not arrive; `at` is when that was known.
    """

    delivered: bool | None
    failure: str | None = None
    at: datetime | None = None


class SmsSender(Protocol):
    """Sends text messages."""

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Send one message made of a template; the provider's id of it.

        Raises TooMany (the phone has had enough; `fields["retry_after_s"]`), Invalid (the provider
        does not accept the phone) or Unavailable (not sent, or nobody knows: ask for a new one).
        """

    async def report(self, *, phone: str, message_id: str, sent_at: datetime) -> SmsReport:
        """Ask what became of a message that was sent; raises Unavailable when nobody answers."""
