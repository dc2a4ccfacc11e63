"""Whether a session still may what it does: asked when it connects, and whenever rights may have changed.

What a token says was true when it was signed. A `Vouch` says what is true now.
"""

import asyncio
from collections.abc import Awaitable, Callable

from realtime import codes
from realtime.codes import Disconnected, Refused
from realtime.joining import allow
from realtime.namespaces import Actor
from realtime.session import Session

Vouch = Callable[[Actor], Awaitable[Actor | None]]
"""Gives the actor with the rights of this moment, None for one who has none any more.

Raises Refused with a temporary error when that cannot be found out now.
"""

# 1 s: a permission acts within 5 s of the store's return.
ASK_AGAIN_S = 1.0


async def trust(actor: Actor) -> Actor:
    """Believe what the token says, for a hub that knows no more than its tokens."""
    return actor


async def confirm(session: Session, actor: Actor) -> Actor:
    """Give the actor with the rights of this moment; raises Disconnected, and Refused as a Vouch."""
    known = await session.hub.vouch(actor)
    if known is None:
        raise Disconnected(codes.INVALID_TOKEN)
    return known


async def recheck(session: Session) -> None:
    """End the subscriptions that the session's actor has no right to any more, or the session."""
    while not session.closed and session.actor is not None:
        try:
            session.actor = await confirm(session, session.actor)
            break
        except Refused:
            await asyncio.sleep(ASK_AGAIN_S)
        except Disconnected as end:
            session.disconnect(end.disconnect)
    for name, subscription in list(session.subscriptions.items()):
        if session.actor is None or subscription.granted:
            continue
        if not await allow(session.actor, name, subscription.namespace):
            session.unsubscribe(name, codes.UNSUBSCRIBED_BY_SERVER)
