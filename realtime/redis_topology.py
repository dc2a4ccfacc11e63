"""Which server has a key: the one there is, the master that Sentinels name, or a Cluster's owner of its slot."""

import asyncio
import random
from binascii import crc_hqx
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

from realtime.broker import BrokerUnavailable
from realtime.redis_link import Command, ReplyError, connect
from realtime.redis_place import Address, Login, RedisPlace

SLOTS = 16384
# A Sentinel or a node that does not answer within this is passed over for the next.
ASKED_S = 1.0


class Topology(Protocol):
    """Finds servers; what it knows lasts until `forget`."""

    # Whether each server has only its own part of pub/sub.
    sharded: bool

    async def locate(self, key: str) -> Address:
        """Give the server that has a key, or carries a channel of that name."""
        ...

    def forget(self) -> None:
        """Find out anew next time: a server was lost, or said that it is the wrong one."""
        ...


def topology_of(place: RedisPlace) -> Topology:
    """Give the topology that a place has."""
    if place.kind == "sentinel":
        return Sentinels(place)
    return Cluster(place) if place.kind == "cluster" else Single(place)


def slot_of(key: str) -> int:
    """Give a key's slot: that of what stands in its first braces, if anything does."""
    name = key.encode()
    start = name.find(b"{") + 1
    end = name.find(b"}", start) if start else -1
    return crc_hqx(name[start:end] if end > start else name, 0) % SLOTS


class Single:
    """One server."""

    sharded = False

    def __init__(self, place: RedisPlace) -> None:
        self._address = place.addresses[0]

    async def locate(self, key: str) -> Address:
        return self._address

    def forget(self) -> None:
        """There is only one."""


class _Asked:
    """A topology that other servers have to be asked for; who asks meanwhile shares the answer."""

    def __init__(self) -> None:
        self._finding: asyncio.Task[Any] | None = None

    async def _shared(self, find: Coroutine[Any, Any, Any]) -> None:
        if self._finding is None:
            self._finding = asyncio.create_task(find)
            self._finding.add_done_callback(self._found)
        else:
            find.close()
        await asyncio.shield(self._finding)

    def _found(self, task: asyncio.Task[Any]) -> None:
        self._finding = None
        # Whoever asked may be gone when it fails.
        if not task.cancelled():
            task.exception()


class Sentinels(_Asked):
    """A master that may move; each Sentinel knows where it is."""

    sharded = False

    def __init__(self, place: RedisPlace) -> None:
        super().__init__()
        self._place = place
        self._master: Address | None = None

    async def locate(self, key: str) -> Address:
        if self._master is None:
            await self._shared(self._find())
        if self._master is None:
            raise BrokerUnavailable("the master has just moved")
        return self._master

    def forget(self) -> None:
        self._master = None

    async def _find(self) -> None:
        question = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._place.master)
        async for answer in _answers(
            self._place, self._place.sentinel_login, self._place.addresses, question
        ):
            if answer:
                self._master = (answer[0].decode(), int(answer[1]))
                return
        raise BrokerUnavailable(f"no Sentinel knows the master {self._place.master!r}")


class Cluster(_Asked):
    """Masters that own slots each; sharded pub/sub where all of them are of Redis 7 or later."""

    def __init__(self, place: RedisPlace) -> None:
        super().__init__()
        self.sharded = False
        self._place = place
        self._owners: list[Address | None] | None = None
        self._known: dict[Address, None] = dict.fromkeys(place.addresses)

    async def locate(self, key: str) -> Address:
        if self._owners is None:
            await self._shared(self._find())
        owner = self._owners[slot_of(key)] if self._owners is not None else None
        if owner is None:
            self.forget()
            raise BrokerUnavailable(f"no node of the cluster has the slot of {key!r}")
        return owner

    def forget(self) -> None:
        self._owners = None

    async def _find(self) -> None:
        login, known = self._place.login, self._known
        async for slots in _answers(self._place, login, known, ("CLUSTER", "SLOTS")):
            # A node that has just begun knows no slots yet.
            if not slots:
                continue
            owners: list[Address | None] = [None] * SLOTS
            for first, last, master, *_ in slots:
                address = (master[0].decode(), int(master[1]))
                self._known[address] = None
                owners[first : last + 1] = [address] * (last + 1 - first)
            await self._learn_sharding()
            self._owners = owners
            return
        raise BrokerUnavailable("no node of the cluster answers")

    async def _learn_sharding(self) -> None:
        """A command that a server does not know has no entry in its table."""
        if not self.sharded:
            question = ("COMMAND", "INFO", "SPUBLISH")
            async for answer in _answers(self._place, self._place.login, self._known, question):
                self.sharded = bool(answer and answer[0])
                return


async def _answers(
    place: RedisPlace, login: Login, addresses: Iterable[Address], question: Command
) -> Any:
    """Give the answers of servers to a question, one server after the other, in any order."""
    for address in random.sample(list(addresses), len(list(addresses))):
        try:
            link = await connect(place, address, login, ASKED_S)
        except BrokerUnavailable:
            continue
        try:
            [answer] = await link.ask([question])
        except BrokerUnavailable:
            continue
        finally:
            link.drop()
        if not isinstance(answer, ReplyError):
            yield answer
