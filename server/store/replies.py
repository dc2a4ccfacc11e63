"""What was answered to a request that must not be done twice, by the key its sender gave it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.kernel.access import system
from server.kernel.errors import Refused
from server.kernel.nouns import replace
from server.kernel.table import expires, table
from server.kernel.work import Work
from server.store.mongo import Store

# 48 h: a handheld that lay in a drawer over a day off still gets its answer, and no second payment.
KEPT_S = 2 * 86_400
# 60 s: no request takes as long; whoever held the key then has died, and it may be done again.
ABANDONED = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The one answer to a key; `asked` is the hash of what was asked under it.

    `acted` says that what was asked is committed, though nobody may have written the answer down.
    """

    id: str
    v: int = 0
    asked: str
    claimed_at: datetime
    acted: bool = False
    done: bool = False
    status: int = 0
    body: str = ""


REPLIES = table(Reply, "replies", expires("claimed_at", ttl_s=KEPT_S), audited=False)


async def claim(store: Store, *, key: str, asked: str) -> Reply | None:
    """Take a key to answer under it; gives the answer if there is one already.

    Refuses with `idempotency_key_reused` where something else was asked under the key, with
    `request_in_progress` while somebody else works on it, and with `request_acted` where it was done
    and whoever did it died before he could say so.
    """

    async def take(work: Work) -> Reply | None:
        rows = work.table(Reply)
        known = await rows.maybe(key)
        if known is None:
            rows.add(Reply(id=key, asked=asked, claimed_at=work.now))
            return None
        if known.asked != asked:
            raise Refused("idempotency_key_reused", "同一幂等键不能用于不同的请求")
        if known.done:
            return known
        if work.now - known.claimed_at < ABANDONED:
            raise Refused("request_in_progress", "请求正在处理，请稍候", retry_after_s=1)
        if known.acted:
            raise Refused("request_acted", "该请求已处理完成，请刷新查看结果")
        rows.save(replace(known, claimed_at=work.now))
        return None

    return await store.run(system("replies"), take)


async def note_acted(work: Work, *, key: str) -> None:
    """Say within a unit of work that what was asked under a key is done by it, if it does anything."""
    if work.changes() or work.facts:
        rows = work.table(Reply)
        rows.save(replace(await rows.get(key), acted=True))


async def keep(store: Store, *, key: str, status: int, body: str) -> None:
    """Keep what was answered under a key that was claimed."""

    async def write(work: Work) -> None:
        rows = work.table(Reply)
        rows.save(replace(await rows.get(key), done=True, status=status, body=body))

    await store.run(system("replies"), write)


async def give_up(store: Store, *, key: str) -> None:
    """Let a key go: nothing was decided under it, so whoever asks again is to be heard anew."""

    async def free(work: Work) -> None:
        rows = work.table(Reply)
        held = await rows.get(key)
        rows.save(replace(held, claimed_at=held.claimed_at - ABANDONED))

    await store.run(system("replies"), free)
