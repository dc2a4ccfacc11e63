"""Tokens that are good no longer: single ones by their id, and a user's that were issued too early.

They are kept in the broker, where a node that was away finds them again, and each node has a copy
to ask. An order closes live sockets at once; the copy is read anew every few seconds as the net
under a lost order.
"""

from collections.abc import Iterable, Mapping

import msgspec

from realtime.broker import Broker
from realtime.namespaces import Actor

# Beside the channels, where no channel can be called so.
PLACE = "\0revoked"
# A day: tokens that live longer are for the product to check at its own door.
KEPT_S = 24 * 3600


class Revoked(msgspec.Struct, omit_defaults=True, frozen=True):
    """One token, or a user's tokens issued before an instant (in seconds since 1970)."""

    token_id: str = ""
    user: str = ""
    before: int = 0


_read = msgspec.json.Decoder(Revoked).decode


class Revocations:
    """What one node knows of revoked tokens."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._tokens: set[str] = set()
        self._before: dict[str, int] = {}

    async def keep(self, revoked: Revoked) -> None:
        """Remember it for all nodes; raises BrokerUnavailable."""
        name = f"token:{revoked.token_id}" if revoked.token_id else f"user:{revoked.user}"
        await self._broker.keep_presence(PLACE, {name: msgspec.json.encode(revoked)}, KEPT_S)
        self.note([revoked])

    async def read(self) -> None:
        """Learn what other nodes remember; raises BrokerUnavailable."""
        entries: Mapping[str, bytes] = await self._broker.presence(PLACE)
        self._tokens.clear()
        self._before.clear()
        self.note(_read(entry) for entry in entries.values())

    def note(self, revoked: Iterable[Revoked]) -> None:
        """Know these from now on."""
        for one in revoked:
            if one.token_id:
                self._tokens.add(one.token_id)
            else:
                self._before[one.user] = max(one.before, self._before.get(one.user, 0))

    def cover(self, user: str, token_id: str, issued_at: int) -> bool:
        """Tell whether a token is good no longer; one that says no time was issued at 0."""
        return token_id in self._tokens or issued_at < self._before.get(user, 0)

    def cover_actor(self, actor: Actor) -> bool:
        """Tell whether the token that an actor came with is good no longer."""
        return self.cover(actor.user, actor.token_id, actor.issued_at)
