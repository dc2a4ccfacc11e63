"""Asks the servers of a Redis, each what it has the keys of, and follows keys that have moved."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from realtime.broker import BrokerUnavailable
from realtime.redis_link import Argument, Command, RedisLink, ReplyError, connect_to_master
from realtime.redis_place import Address, RedisPlace
from realtime.redis_topology import Topology

# A slot moves once; a third time means that the nodes do not agree yet.
MOVES = 3


class Script:
    """A Lua script, known to servers by its hash."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.hash = sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Ask:
    """A script to run on keys of one slot; its first argument is which server it runs on."""

    script: Script
    keys: tuple[str, ...]
    arguments: tuple[Argument, ...]

    @property
    def key(self) -> str:
        """What decides the server."""
        return self.keys[0]

    def command(self, link: RedisLink, *, known: bool = True) -> Command:
        """Give the command, with the script's text for a server that does not know it."""
        how = ("EVALSHA", self.script.hash) if known else ("EVAL", self.script.text)
        return (*how, len(self.keys), *self.keys, link.server, *self.arguments)


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain command that goes where its key is."""

    key: str
    words: tuple[Argument, ...]

    def command(self, link: RedisLink, *, known: bool = True) -> Command:
        """Give the command."""
        return self.words


class RedisCommands:
    """The links to all servers, made when they are first needed and again when lost."""

    def __init__(self, place: RedisPlace, topology: Topology, timeout_s: float) -> None:
        self._place = place
        self._topology = topology
        self._timeout_s = timeout_s
        self._links: dict[Address, RedisLink] = {}
        self._connecting: dict[Address, asyncio.Task[RedisLink]] = {}

    async def run(self, asks: Sequence[Ask | Plain]) -> list[Any]:
        """Give the answer to each, in one round trip a server; raises BrokerUnavailable.

        After a failure some may have been done.
        """
        answers = await self.try_each(asks)
        for answer in answers:
            if isinstance(answer, BrokerUnavailable):
                raise answer
        return answers

    async def try_each(self, asks: Sequence[Ask | Plain]) -> list[Any]:
        """Give the answer to each, or the BrokerUnavailable that befell it.

        Nothing is sent twice that a server has taken, or may have.
        """
        answers: list[Any] = [None] * len(asks)
        waiting: Sequence[int] = range(len(asks))
        known = True
        for _ in range(MOVES):
            waiting = await self._try(asks, waiting, answers, known=known)
            if not waiting:
                return answers
            known = not any(_kind(answers[i]) == "NOSCRIPT" for i in waiting)
        for i in waiting:
            answers[i] = BrokerUnavailable(str(answers[i]))
        return answers

    async def close(self) -> None:
        """Drop all links."""
        for task in list(self._connecting.values()):
            task.cancel()
            with suppress(asyncio.CancelledError, BrokerUnavailable):
                await task
        for link in self._links.values():
            link.drop()
        self._links.clear()

    async def _try(
        self, asks: Sequence[Ask | Plain], which: Sequence[int], answers: list[Any], *, known: bool
    ) -> list[int]:
        """Ask, and note the answers; gives what was refused and can be asked again."""
        by_link: dict[RedisLink, list[int]] = {}
        for i in which:
            try:
                by_link.setdefault(await self._link(asks[i].key), []).append(i)
            except BrokerUnavailable as failure:
                answers[i] = failure
        asked = [
            (some, link, link.ask([asks[i].command(link, known=known) for i in some]))
            for link, some in by_link.items()
        ]
        again: list[int] = []
        for some, link, future in asked:
            try:
                replies = await future
            except BrokerUnavailable as failure:
                self._topology.forget()
                replies = [failure] * len(some)
            for i, reply in zip(some, replies, strict=True):
                answers[i] = reply
                if isinstance(reply, ReplyError):
                    answers[i] = self._refused(link, reply)
                    if answers[i] is reply:
                        again.append(i)
        return again

    def _refused(self, link: RedisLink, refusal: ReplyError) -> Exception:
        """Give the refusal if the command can be sent again, or else a BrokerUnavailable."""
        kind = _kind(refusal)
        if kind == "NOSCRIPT":
            return refusal
        self._topology.forget()
        if kind == "READONLY":
            # It was a master when we came.
            link.drop()
        return refusal if kind == "MOVED" else BrokerUnavailable(str(refusal))

    async def _link(self, key: str) -> RedisLink:
        address = await self._topology.locate(key)
        link = self._links.get(address)
        if link is not None and link.alive:
            return link
        connecting = self._connecting.get(address)
        if connecting is None:
            connecting = asyncio.create_task(
                connect_to_master(self._place, address, self._timeout_s)
            )
            self._connecting[address] = connecting
            connecting.add_done_callback(lambda task: self._connected(address, task))
        try:
            return await asyncio.shield(connecting)
        except BrokerUnavailable:
            self._topology.forget()
            raise

    def _connected(self, address: Address, task: asyncio.Task[RedisLink]) -> None:
        del self._connecting[address]
        if not task.cancelled() and task.exception() is None:
            self._links[address] = task.result()


def _kind(refusal: Any) -> str:
    return str(refusal).partition(" ")[0]
