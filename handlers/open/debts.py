"""What is owed behind a link, and how whoever holds it pays: nobody has to log in."""

from typing import Any

from handlers import arrears_answers as answers
from handlers import arrears_schema as schema
from handlers import money_schema
from handlers.arrears_shows import show_debt
from handlers.base import Permit, action
from handlers.money_shows import show_intent
from handlers.paying import PayingHandler
from handlers.shows import Shown
from server.domain.identity import count_attempt
from server.domain.recovery import intent_behind_link, pay_behind_link
from server.domain.recovery.queries import behind_link
from server.kernel.access import Audience

# 60 looks a minute an address: a page that waits for its payment asks every other second.
LOOKS, LOOKS_WINDOW_S = 60, 60


class DebtHandler(PayingHandler):
    """A handler of what is behind a link."""

    async def count_look(self) -> str:
        """Count a look by address, and refuse when there were too many; gives the links' key."""
        address = f"link:ip:{self.request.remote_ip}"
        await self.run(count_attempt, key=address, limit=LOOKS, window_s=LOOKS_WINDOW_S)
        return self.app.config.token_key


class Debt(DebtHandler):
    """`/debts/{token}`."""

    path = "/api/open/debts/{token}"
    audience = Audience.OPEN

    @action("链接中的欠费", permit=Permit.ANYONE, answer=answers.Debt)
    async def get(self, token: str) -> Shown:
        """Show what is behind a link, the plate masked."""
        key = await self.count_look()
        found = await self.run(behind_link, token=token, key=key)
        return show_debt(found, self.app.desk.names)


class DebtIntents(DebtHandler):
    """`/debts/{token}/intents`."""

    path = "/api/open/debts/{token}/intents"
    audience = Audience.OPEN

    @action(
        "通过链接支付",
        permit=Permit.ANYONE,
        body=schema.DebtIntentBody,
        answer=money_schema.Intent,
        status=201,
        once=True,
    )
    async def post(self, token: str, payer: str, provider: str, **wish: Any) -> Shown:
        """Begin to pay one, several or all bills behind a link."""
        key = await self.count_look()
        wish |= {"token": token, "key": key}
        return await self.begin(pay_behind_link, payer=payer, provider=provider, **wish)


class DebtIntent(DebtHandler):
    """`/debts/{token}/intents/{intent_id}`."""

    path = "/api/open/debts/{token}/intents/{intent_id}"
    audience = Audience.OPEN

    @action("链接支付单状态", permit=Permit.ANYONE, answer=money_schema.Intent)
    async def get(self, token: str, intent_id: str) -> Shown:
        """Show what became of an intent that pays what is behind a link."""
        wish = {"token": token, "key": await self.count_look(), "intent_id": intent_id}
        return show_intent(await self.run(intent_behind_link, **wish))
