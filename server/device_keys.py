"""The keys of devices out of the store, as the gateway asks for them."""

from collections.abc import Collection, Mapping
from datetime import datetime

from server.domain.equipment.queries import credentials_changed, signing_keys
from server.kernel.access import system
from server.store.mongo import Store


class StoredKeys:
    """Asks the store; raises `Unavailable` while it is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keys(self, device_ids: Collection[str]) -> Mapping[str, bytes]:
        """Give the keys in force of those devices that have one."""
        return await self._store.run(
            system("ingest"), lambda work: signing_keys(work, device_ids=device_ids)
        )

    async def changed(self, since: datetime) -> Collection[str]:
        """List the devices whose keys have changed since then."""
        return await self._store.run(
            system("ingest"), lambda work: credentials_changed(work, since=since)
        )
