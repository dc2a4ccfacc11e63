"""Which nodes there are, and what each of them holds, asked of all of them at once."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from secrets import token_hex

import msgspec

from realtime.broker import Broker
from realtime.live_channels import LiveChannels
from realtime.protocol import VERSION
from realtime.roster import Roster

# Beside the channels, where no channel can be called so.
PLACE = "\0nodes"


class NodeState(msgspec.Struct, omit_defaults=True):
    """What one node holds."""

    uid: str
    name: str
    version: str
    num_clients: int
    num_users: int
    num_channels: int
    uptime: int
    # Subscribers of each channel, when channels were asked for.
    channels: dict[str, int] = {}


class Fleet:
    """This node among the others."""

    def __init__(
        self, node: str, broker: Broker, roster: Roster, live: LiveChannels, wait_s: float
    ) -> None:
        self._node = node
        self._broker = broker
        self._roster = roster
        self._live = live
        self._wait_s = wait_s
        self._began = time.monotonic()
        self._answers: dict[str, dict[str, NodeState]] = {}
        self._came = asyncio.Event()

    async def sign_on(self, ttl_s: int) -> None:
        """Say that this node is there, for `ttl_s` from now; raises BrokerUnavailable."""
        await self._broker.keep_presence(PLACE, {self._node: b"{}"}, ttl_s)

    async def sign_off(self) -> None:
        """Say that this node is there no longer; raises BrokerUnavailable."""
        await self._broker.drop_presence(PLACE, self._node)

    def state(self, pattern: str | None = None) -> NodeState:
        """Give what this node holds; with a pattern, its channels that match it (`*` for all)."""
        subscribers = self._live.subscribers()
        channels: Mapping[str, int] = {}
        if pattern is not None:
            channels = {
                name: count for name, count in subscribers.items() if fnmatchcase(name, pattern)
            }
        return NodeState(
            uid=self._node,
            name=self._node,
            version=VERSION,
            num_clients=self._roster.clients,
            num_users=self._roster.users,
            num_channels=len(subscribers),
            uptime=int(time.monotonic() - self._began),
            channels=dict(channels),
        )

    def begin(self) -> str:
        """Begin to collect answers; gives the survey's name."""
        name = token_hex(8)
        self._answers[name] = {}
        return name

    def take(self, survey: str, state: NodeState) -> None:
        """A node has answered; other nodes' surveys are none of ours."""
        answers = self._answers.get(survey)
        if answers is not None:
            answers[state.uid] = state
            self._came.set()

    async def answers(self, survey: str) -> list[NodeState]:
        """Give what all nodes answered, or those that did in time; raises BrokerUnavailable."""
        try:
            nodes = set(await self._broker.presence(PLACE)) | {self._node}
            answers = self._answers[survey]
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait_s):
                    while not nodes <= answers.keys():
                        self._came.clear()
                        await self._came.wait()
            return list(answers.values())
        finally:
            del self._answers[survey]
