"""Clients of services that others run: each says what it needs and what it answers.

外部服务商客户端：短信。
"""

from collections.abc import Mapping
from typing import Protocol


class SmsSender(Protocol):
    """Sends text messages."""

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Send one message made of a template; the provider's id of it.

        Raises TooMany (the phone has had enough; `fields["retry_after_s"]`), Invalid (the provider
        does not accept the phone) or Unavailable (not sent, or nobody knows: ask for a new one).
        """
