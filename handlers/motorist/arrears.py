"""What a motorist owes beyond the grace, and what is still in it."""

from handlers import arrears_answers as answers
from handlers.arrears_shows import show_own_arrears
from handlers.base import Handler, Permit, action
from handlers.shows import Shown
from server.domain.recovery.queries import own_arrears
from server.kernel.access import Audience


class OwnArrears(Handler):
    """`/arrears`."""

    path = "/api/motorist/arrears"
    audience = Audience.MOTORIST

    @action("我的欠费", permit=Permit.LOGGED_IN, answer=answers.OwnArrears)
    async def get(self) -> Shown:
        """Show what one owes, by all own plates."""
        return show_own_arrears(await self.run(own_arrears))
