"""`serve` with a bug planted in it, to see that the chaos run finds it; or with hasty limits.

python -m tests.simulation.planted [--plant NAME] [--ping SECONDS] serve
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

from realtime import hub, joining, live, redis_listener, snapshots
from realtime.broker import Position
from realtime.limits import Limits
from server.cli import main


def plant(owner: type, name: str, bug: Callable[..., Any]) -> None:
    """Put a bug in a method's place; it must take what the method takes, or it would only crash."""
    taken = list(signature(getattr(owner, name)).parameters)
    assert list(signature(bug).parameters) == taken, f"{owner.__name__}.{name} takes {taken}"
    setattr(owner, name, bug)


def snapshot_before_position() -> None:
    """Read a snapshot's data first, and the position that it claims to have a moment later."""

    async def read(self: Any, channel: str) -> Any:
        data = await self._run(snapshots.system("snapshots"), snapshots._reader(channel))
        # 150 ms: what is committed now is published meanwhile, as on a slow day.
        await asyncio.sleep(0.15)
        [position] = await self._broker.positions([channel])
        return {
            "channel": channel,
            "epoch": position.epoch,
            "offset": position.offset,
            "data": data,
        }

    plant(snapshots.Snapshots, "_read", read)


def epoch_not_checked() -> None:
    """Take a stream that lost its contents for the one from before."""

    def same_epoch(self: Any, channel: Any) -> bool:
        # Who is beyond its end is taken to be at its end.
        self._request.epoch = channel.position.epoch
        self._request.offset = min(self._request.offset, channel.position.offset)
        return True

    plant(joining.Joining, "_same_epoch", same_epoch)
    deliver = live.LiveChannel.deliver

    def deliver_any(self: Any, epoch: str, first: int, bodies: Any, sent_at: float) -> None:
        if self.position.epoch and epoch != self.position.epoch:
            self.position = Position(epoch, first - 1)
        deliver(self, epoch, first, bodies, sent_at)

    plant(live.LiveChannel, "deliver", deliver_any)


def join_after_await() -> None:
    """Read what was missed, wait for something else, and only then begin to hear the channel."""
    prepare = joining.Joining.prepare
    result = joining.Joining.result

    async def slow_prepare(self: Any) -> None:
        await prepare(self)
        self.early = result(self)
        await asyncio.sleep(0.05)

    plant(joining.Joining, "prepare", slow_prepare)
    plant(joining.Joining, "result", lambda self: self.early)


def partial_replay() -> None:
    """Give a returning client the newest of what it missed, as if that were all."""

    def missed(self: Any, page: Any, offset: int) -> list[bytes]:
        kept = [(one.offset, one.body) for one in page.kept][-1:]
        return [live.publication(body, at) for at, body in kept]

    plant(live.LiveChannel, "missed", missed)


def no_resubscribe() -> None:
    """Forget, when Redis comes back, which channels this node hears; and never look."""

    def lost(self: Any, address: Any, link: Any, _: object) -> None:
        if self._links.get(address) is link:
            del self._links[address]

    async def never(self: Any) -> None:
        return None

    plant(redis_listener.RedisListener, "_lost", lost)
    plant(hub.LiveChannels, "check_positions", never)


def gap_not_healed() -> None:
    """Send on whatever comes, also where offsets are missing before it; and lose every fiftieth."""
    heard = live.LiveChannel.deliver
    count = 0

    def deliver(self: Any, epoch: str, first: int, bodies: Any, sent_at: float) -> None:
        nonlocal count
        count += 1
        if count % 50 == 0:
            return
        if self.position.epoch == epoch and first > self.position.offset + 1:
            self.position = Position(epoch, first - 1)
        heard(self, epoch, first, bodies, sent_at)

    plant(live.LiveChannel, "deliver", deliver)


PLANTS: dict[str, Callable[[], None]] = {
    plant.__name__.replace("_", "-"): plant
    for plant in (
        snapshot_before_position,
        epoch_not_checked,
        join_after_await,
        partial_replay,
        no_resubscribe,
        gap_not_healed,
    )
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plant", choices=PLANTS)
    parser.add_argument("--ping", type=float)
    options, rest = parser.parse_known_args()
    if options.plant:
        PLANTS[options.plant]()
    if options.ping:
        hub.Limits = partial(  # type: ignore[misc,assignment]
            Limits, ping_s=options.ping, pong_s=0.8 * options.ping, position_check_s=3.0
        )
    sys.exit(main(rest))
