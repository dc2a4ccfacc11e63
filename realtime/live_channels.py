"""The channels that this node hears: opened by the first subscriber, dropped a while after the last."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from realtime import codes
from realtime.broker import Broker, BrokerUnavailable
from realtime.fanout import Pump
from realtime.live import LiveChannel
from realtime.metrics import CHANNELS
from realtime.namespaces import Namespace


class LiveChannels:
    """Finds, opens, checks and drops the live channels of one hub."""

    def __init__(
        self,
        broker: Broker,
        pump: Pump,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._broker = broker
        self._pump = pump
        self._spawn = spawn
        self._channels: dict[str, LiveChannel] = {}

    def find(self, name: str) -> LiveChannel | None:
        """Give a channel if this node hears it."""
        return self._channels.get(name)

    def subscribers(self) -> dict[str, int]:
        """Tell how many hear each channel that anybody here hears."""
        return {name: len(one) for name, one in self._channels.items() if len(one)}

    async def open(self, name: str, namespace: Namespace) -> LiveChannel:
        """Hear a channel on this node and hold it; raises BrokerUnavailable."""
        channel = self._channels.get(name)
        if channel is None:
            channel = LiveChannel(name, namespace, self._broker, self._pump, self.lose, self._spawn)
            self._channels[name] = channel
            CHANNELS.inc()
            channel.opening = asyncio.ensure_future(channel.open())
        channel.holds += 1
        channel.idle_since = None
        try:
            if channel.opening is not None:
                await asyncio.shield(channel.opening)
                channel.opening = None
        except BaseException as failure:
            channel.holds -= 1
            if isinstance(failure, BrokerUnavailable):
                self._drop(channel)
            raise
        return channel

    def lose(self, channel: LiveChannel) -> None:
        """A channel's publications were lost: its subscribers have to begin anew."""
        if channel.lost:
            return
        channel.lost = True
        self._drop(channel)
        for peer in channel.peers():
            peer.unsubscribe(channel.name, codes.UNSUBSCRIBED_INSUFFICIENT)

    async def check_positions(self) -> None:
        """Compare each channel with its stream, and heal what is behind; raises BrokerUnavailable."""
        channels = [one for one in self._channels.values() if one.position.epoch]
        positions = await self._broker.positions([one.name for one in channels])
        for channel, position in zip(channels, positions, strict=True):
            if channel.lost:
                continue
            if position.epoch != channel.position.epoch:
                self.lose(channel)
            elif position.offset > channel.position.offset:
                await channel.heal()

    def drop_idle(self, linger_s: float) -> None:
        """Stop hearing channels that nobody has wanted for `linger_s`."""
        now = asyncio.get_running_loop().time()
        for channel in list(self._channels.values()):
            if len(channel) or channel.holds:
                channel.idle_since = None
            elif channel.idle_since is None:
                channel.idle_since = now
            elif now - channel.idle_since >= linger_s:
                self._drop(channel)

    def _drop(self, channel: LiveChannel) -> None:
        if self._channels.get(channel.name) is channel:
            del self._channels[channel.name]
            CHANNELS.dec()
            self._spawn(self._stop_hearing(channel.name))

    async def _stop_hearing(self, name: str) -> None:
        # By now somebody may have come back. If the store is away, so is what we heard from it.
        if name not in self._channels:
            with suppress(BrokerUnavailable):
                await self._broker.unsubscribe(name)
