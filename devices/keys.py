"""The keys of devices as a gateway holds them: a bounded number, dropped when they are changed."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from server.kernel.errors import Unavailable

log = logging.getLogger(__name__)

# 100,000 keys: the devices of a large city, 15 MB.
HELD_AT_MOST = 100_000
# A rotated key is out of use within 2 s and the length of one query.
LOOK_EVERY_S = 2.0
# 60 s: how much later than its instant a change may be seen: a slow commit, or a clock behind ours.
LOOK_BACK = timedelta(seconds=60)


class KeyStore(Protocol):
    """Where keys are kept; both raise `Unavailable` while it is away."""

    async def keys(self, device_ids: Collection[str]) -> Mapping[str, bytes]:
        """Give the keys in force of those devices that have one."""

    async def changed(self, since: datetime) -> Collection[str]:
        """List the devices whose keys have changed since then."""


def utc_now() -> datetime:
    """Say what the time is."""
    return datetime.now(UTC)


class Keys:
    """Keys by device; a device without one is remembered as well, so that nobody asks in a loop."""

    def __init__(
        self,
        store: KeyStore,
        *,
        held_at_most: int = HELD_AT_MOST,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._held: dict[str, bytes | None] = {}
        self._held_at_most = held_at_most
        self._clock = clock
        self._looked_at = clock()

    def held(self, device_id: str) -> tuple[bool, bytes | None]:
        """Say whether a device's key is known here, and give it; none is a device without one."""
        key = self._held.get(device_id)
        return key is not None or device_id in self._held, key

    async def fetch(self, device_ids: Collection[str]) -> Mapping[str, bytes | None]:
        """Ask the store for keys, and hold them."""
        found = await self._store.keys(device_ids)
        fetched = {device_id: found.get(device_id) for device_id in device_ids}
        self._held |= fetched
        while len(self._held) > self._held_at_most:
            del self._held[next(iter(self._held))]  # the one that was fetched first
        return fetched

    async def look(self) -> None:
        """Drop the keys that were changed lately.

        One that was being fetched while it was changed is dropped by the next look, as each looks a
        minute back.
        """
        now = self._clock()
        changed = await self._store.changed(self._looked_at - LOOK_BACK)
        self._looked_at = now
        for device_id in changed:
            self._held.pop(device_id, None)

    async def keep_looking(self) -> None:
        """Look every 2 s; while the store is away nothing is committed, and the next look makes up for it."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Unavailable:
                log.warning("Keys could not be looked at, the store is away")
