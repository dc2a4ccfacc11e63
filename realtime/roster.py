"""Who is connected to this node: sessions by client and by user, and the sockets below them."""

import asyncio
from contextlib import suppress

from realtime.metrics import CONNECTIONS
from realtime.session import Session
from realtime.transport import Transport


class Roster:
    """The sessions of one hub; a socket stays on it until the connection is gone."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._of_user: dict[str, dict[str, Session]] = {}
        self._transports: dict[Transport, None] = {}
        self._all_gone = asyncio.Event()

    def add(self, session: Session) -> None:
        """A socket has opened."""
        self._sessions[session.client] = session
        self._transports[session.transport] = None

    def name(self, session: Session) -> None:
        """A session has signed in."""
        assert session.actor is not None
        CONNECTIONS.inc()
        self._of_user.setdefault(session.actor.user, {})[session.client] = session

    def remove(self, session: Session) -> None:
        """A session has ended."""
        self._sessions.pop(session.client, None)
        if session.actor is not None:
            CONNECTIONS.dec()
            of_user = self._of_user[session.actor.user]
            del of_user[session.client]
            if not of_user:
                del self._of_user[session.actor.user]

    def gone(self, transport: Transport) -> None:
        """A socket has closed."""
        self._transports.pop(transport, None)
        if not self._transports:
            self._all_gone.set()

    def transports(self) -> list[Transport]:
        """Give each socket that is not gone yet."""
        return list(self._transports)

    def all(self) -> list[Session]:
        """Give each session, signed in or not."""
        return list(self._sessions.values())

    @property
    def clients(self) -> int:
        """How many have signed in."""
        return sum(len(sessions) for sessions in self._of_user.values())

    @property
    def users(self) -> int:
        """How many different users have signed in."""
        return len(self._of_user)

    def find(self, *, user: str | None, client: str | None) -> list[Session]:
        """Give a user's sessions, or one by its client id; with both it has to be the user's."""
        if client is not None:
            session = self._sessions.get(client)
            if session is None or session.actor is None:
                return []
            return [session] if user is None or session.actor.user == user else []
        return [] if user is None else list(self._of_user.get(user, {}).values())

    async def wait_until_empty(self, timeout_s: float) -> None:
        """Wait for closing sockets to be gone, then drop those that are still there."""
        await self._wait(timeout_s)
        for transport in self.transports():
            transport.abort()
        await self._wait(timeout_s)

    async def _wait(self, timeout_s: float) -> None:
        if self._transports:
            self._all_gone.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._all_gone.wait()
