"""What those have in common who begin to pay by a provider: decide here first, then ask it."""

from collections.abc import Awaitable, Callable
from typing import Any

from handlers.base import Handler
from handlers.money_shows import show_intent
from handlers.shows import Shown
from server.domain.payment import Intent, Method


class PayingHandler(Handler):
    """A handler whose action begins an intent."""

    async def begin(
        self, wish: Callable[..., Awaitable[Intent]], *, payer: str, provider: str, **wished: Any
    ) -> Shown:
        """Let a use case begin an intent, start it at the provider, and show how to pay it."""
        self.app.desk.require(provider)
        intent = await self.run(
            wish, request_key=self.request_key, provider=Method(provider), **wished
        )
        ip = self.request.remote_ip or ""
        return show_intent(await self.app.desk.start(intent, payer=payer, client_ip=ip))
