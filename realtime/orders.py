"""What one node asks of all nodes: end connections or subscriptions, or look again at rights."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import msgspec

from realtime import codes
from realtime.broker import Broker
from realtime.codes import DisconnectCode
from realtime.rights import recheck
from realtime.roster import Roster

log = logging.getLogger(__name__)


class Order(msgspec.Struct, omit_defaults=True):
    """An order to whichever nodes have the user's sessions, or the session with this client id."""

    do: Literal["disconnect", "unsubscribe", "recheck"]
    user: str | None = None
    client: str | None = None
    channel: str = ""
    code: int = 0
    reason: str = ""


_read = msgspec.json.Decoder(Order).decode


class Orders:
    """Sends orders, and carries them out on this node."""

    def __init__(
        self,
        broker: Broker,
        roster: Roster,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._broker = broker
        self._roster = roster
        self._spawn = spawn

    async def send(self, order: Order) -> None:
        """Tell all nodes, this one too; raises BrokerUnavailable."""
        await self._broker.send_control(msgspec.json.encode(order))

    def hear(self, message: bytes) -> None:
        """Carry out an order on this node."""
        try:
            order = _read(message)
        except msgspec.MsgspecError:
            # A newer node may know more orders than this one.
            log.warning("Order was not understood", extra={"order": message[:200]})
            return
        for session in self._roster.find(user=order.user, client=order.client):
            if order.do == "disconnect":
                session.disconnect(DisconnectCode(order.code, order.reason))
            elif order.do == "unsubscribe":
                session.unsubscribe(order.channel, codes.UNSUBSCRIBED_BY_SERVER)
            else:
                self._spawn(recheck(session))

    def recheck_all(self) -> None:
        """Look again at everybody's rights: an order of another node may have been lost."""
        for session in self._roster.all():
            if session.actor is not None:
                self._spawn(recheck(session))
