"""Use cases of partners' keys."""

from collections.abc import Sequence

from server.domain.system.model import DataApp, hash_key
from server.kernel.access import Actor, Audience
from server.kernel.errors import Unauthenticated
from server.kernel.work import Work


async def register_data_apps(work: Work, *, apps: Sequence[DataApp]) -> None:
    """Put in partners that are not there yet."""
    rows = work.table(DataApp)
    have = await rows.load(app.id for app in apps)
    for app in apps:
        if app.id not in have:
            rows.add(app)


async def actor_of_key(work: Work, *, key: str) -> Actor:
    """Say which partner a key belongs to."""
    app = await work.table(DataApp).one({"key_hash": hash_key(key)})
    if app is None or app.disabled:
        raise Unauthenticated("wrong_api_key", "API 密钥无效")
    return Actor(app.id, Audience.OPEN, permissions=frozenset(app.permissions))
