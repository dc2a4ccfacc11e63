"""The publishing half of the Redis broker: what is asked for meanwhile leaves in the next round trip.

Publications of one channel that leave together are one append and one message.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from realtime.broker import NOWHERE, BrokerUnavailable, Outgoing, Position
from realtime.redis_commands import Ask, Plain, RedisCommands
from realtime.redis_link import Argument
from realtime.redis_names import RedisNames
from realtime.redis_scripts import APPEND, APPEND_ONCE, EPOCH_TTL_MS

log = logging.getLogger(__name__)

Waiting = tuple[Sequence[Outgoing], asyncio.Future[list[Position]]]
Answer = Position | BrokerUnavailable


class RedisPublishing:
    """Publishes through `commands`; `sharded` tells whether pub/sub is, once servers were asked."""

    def __init__(
        self, commands: RedisCommands, names: RedisNames, sharded: Callable[[], bool]
    ) -> None:
        self._commands = commands
        self._names = names
        self._sharded = sharded
        self._waiting: list[Waiting] = []
        self._sending: asyncio.Task[None] | None = None

    def publish(self, outgoing: Sequence[Outgoing]) -> asyncio.Future[list[Position]]:
        """Publish as `Broker.publish` does."""
        done: asyncio.Future[list[Position]] = asyncio.get_running_loop().create_future()
        self._waiting.append((outgoing, done))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting())
        return done

    async def close(self) -> None:
        """Publish no more; what waits fails."""
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending

    def message(self, name: str, message: bytes) -> Plain:
        """Give the command that sends a message to a Redis channel."""
        return Plain(name, (self._verb, name, message))

    async def _send_waiting(self) -> None:
        batch: list[Waiting] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._send_batch(batch)
        except asyncio.CancelledError:
            _fail([*batch, *self._waiting], BrokerUnavailable("the broker is closed"))
            raise
        finally:
            self._sending = None

    async def _send_batch(self, batch: Sequence[Waiting]) -> None:
        try:
            found = iter(await self._send([one for many, _ in batch for one in many]))
        except Exception as failure:
            log.exception("Publishing failed")
            _fail(batch, BrokerUnavailable(repr(failure)))
            return
        for many, done in batch:
            _settle(done, [next(found) for _ in many])

    async def _send(self, outgoing: Sequence[Outgoing]) -> list[Answer]:
        order = _runs(outgoing)
        runs = [[outgoing[i] for i in run] for run in order]
        answers = await self._commands.try_each([self._ask(run) for run in runs])
        found: list[Answer] = [NOWHERE] * len(outgoing)
        for places, run, answer in zip(order, runs, answers, strict=True):
            for i, one in zip(places, _answers(answer, run), strict=True):
                found[i] = one
        return found

    def _ask(self, run: Sequence[Outgoing]) -> Ask | Plain:
        """Give what publishes several to one channel."""
        one, sent_at = run[0], f"{time.time():.6f}"
        name, keys = self._names.channel(one.channel), self._names.stream(one.channel)
        head: list[Argument] = [token_hex(4), EPOCH_TTL_MS]
        head += [one.history_size, one.history_ttl_s * 1000, self._verb, name, sent_at]
        if any(each.key for each in run):
            notes, arguments = list(keys), head
            for each in run:
                if each.key:
                    notes.append(self._names.once(one.channel, each.key))
                arguments += [len(notes) if each.key else 0, each.body]
            return Ask(APPEND_ONCE, tuple(notes), tuple(arguments))
        if one.history_size:
            return Ask(APPEND, keys, (*head, *(each.body for each in run)))
        lengths = ",".join(str(len(each.body)) for each in run)
        text = f"p::0:{sent_at}:{lengths}\n".encode()
        return self.message(name, text + b"".join(each.body for each in run))

    @property
    def _verb(self) -> str:
        return "SPUBLISH" if self._sharded() else "PUBLISH"


def _runs(outgoing: Sequence[Outgoing]) -> list[list[int]]:
    """Group, by their indices, what may be one append: of one channel, in order, and kept alike."""
    runs: list[list[int]] = []
    latest: dict[str, list[int]] = {}
    for i, one in enumerate(outgoing):
        run = latest.get(one.channel)
        if run is None or outgoing[run[0]].history_size != one.history_size:
            run = latest[one.channel] = []
            runs.append(run)
        run.append(i)
    return runs


def _answers(answer: Any, run: Sequence[Outgoing]) -> list[Answer]:
    """Read the position of each publication of a run from what its script or command answered."""
    if isinstance(answer, BrokerUnavailable):
        return [answer] * len(run)
    if any(each.key for each in run):
        return [_position(noted) for noted in answer]
    if not run[0].history_size:
        return [NOWHERE] * len(run)
    epoch, last = answer[0].decode(), answer[1]
    return [Position(epoch, last - back) for back in reversed(range(len(run)))]


def _position(noted: bytes) -> Position:
    epoch, _, offset = noted.partition(b":")
    return Position(epoch.decode(), int(offset))


def _fail(batch: Sequence[Waiting], failure: BrokerUnavailable) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(failure)


def _settle(done: asyncio.Future[list[Position]], found: Sequence[Answer]) -> None:
    if done.done():
        return
    for one in found:
        if isinstance(one, BrokerUnavailable):
            done.set_exception(one)
            return
    done.set_result([one for one in found if isinstance(one, Position)])
