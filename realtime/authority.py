"""What the bearer of a connection token may hear now, as its login and account stand.

A token lasts for minutes, and an SDK shows it again at each reconnect. So every connect, and every
order to look again, asks the store: all that ask at about the same time by one read.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from realtime import codes
from realtime.channels import meta_of
from realtime.codes import Refused
from realtime.namespaces import Actor
from server.domain.identity import LoginEnded, RightsChanged
from server.domain.identity.queries import standing
from server.kernel import access
from server.kernel.access import system
from server.kernel.errors import Unavailable
from server.kernel.events import Fact

Run = Callable[..., Coroutine[Any, Any, Any]]

CONCERNS: Mapping[type[Fact], Callable[[Any], str]] = {
    LoginEnded: lambda fact: fact.account_id,
    RightsChanged: lambda fact: fact.account_id,
}
"""Facts that change what somebody may hear, and whose account it is."""


class Authority:
    """Vouches for actors, in batches."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._asked: dict[str, asyncio.Future[access.Actor | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def vouch(self, actor: Actor) -> Actor | None:
        """Give the actor as its login stands; one without a login is nobody in particular."""
        login_id = str(actor.meta.get("login_id", ""))
        if not login_id:
            return None if actor.user else actor
        try:
            found = await self._find(login_id)
        except Unavailable as away:
            raise Refused(codes.INTERNAL) from away
        if found is None or found.id != actor.user:
            return None
        return replace(actor, meta=meta_of(found))

    async def _find(self, login_id: str) -> access.Actor | None:
        # A read that is under way may have seen what was before: only the next one will do.
        asked = self._asked.get(login_id)
        if asked is None:
            asked = self._asked[login_id] = asyncio.get_running_loop().create_future()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(asked)

    async def _read(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            try:
                found = await self._run(
                    system("rights"), lambda work, ids=asked: standing(work, login_ids=ids)
                )
            except Exception as failure:
                for waiting in asked.values():
                    waiting.set_exception(failure)
                continue
            for login_id, waiting in asked.items():
                waiting.set_result(found.get(login_id))
        self._reading = None
