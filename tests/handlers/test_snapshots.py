"""A snapshot's position is read before its data, and a storm of callers costs one read."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from realtime.broker import BrokerUnavailable, Outgoing, Position
from realtime.broker_memory import MemoryBroker
from realtime.snapshots import Snapshots
from server.kernel.access import system
from server.kernel.errors import NotFound, Unavailable
from tests.eventually import eventually
from tests.world import World

CHANNEL = "section:s1"
KEPT = Outgoing(CHANNEL, b"{}", history_size=10, history_ttl_s=60)


class Interrupted(MemoryBroker):
    """A broker on which something is published as soon as a position was read."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.reads = 0

    async def positions(self, channels: Sequence[str]) -> list[Position]:
        """Read them, and let a car come before anything else is read."""
        found = await super().positions(channels)
        self.reads += 1
        await self.world.see("d1", "arrived", at_s=self.reads)
        await self.publish([KEPT])
        return found


async def test_a_change_between_position_and_data_is_sent_again_and_not_lost(world: World) -> None:
    broker = Interrupted(world)
    await broker.publish([KEPT])

    snapshot = await Snapshots(world.store.run, broker).read(CHANNEL)

    [changed, *_] = snapshot["data"]["berths"]
    assert changed[1] == "pending_occupied", "the data has the change"
    assert snapshot["offset"] == 1, "and the position is from before it"
    [again] = (await broker.history(CHANNEL, since=snapshot["offset"])).kept
    assert again.offset == 2


async def test_many_callers_share_one_read(world: World) -> None:
    broker = Interrupted(world)
    snapshots = Snapshots(world.store.run, broker)

    read = await asyncio.gather(*(snapshots.read(CHANNEL) for _ in range(50)))

    assert broker.reads == 1
    assert all(one is read[0] for one in read)


async def test_a_caller_who_goes_away_does_not_spoil_it_for_the_others(world: World) -> None:
    snapshots = Snapshots(world.store.run, Interrupted(world))
    gone = asyncio.create_task(snapshots.read(CHANNEL))
    stays = asyncio.create_task(snapshots.read(CHANNEL))
    await asyncio.sleep(0)
    gone.cancel()

    assert (await stays)["channel"] == CHANNEL


@pytest.mark.parametrize("channel", ["live:city", "berth:b1", "section"])
async def test_a_channel_without_state_has_no_snapshot(world: World, channel: str) -> None:
    with pytest.raises(NotFound) as refused:
        await Snapshots(world.store.run, MemoryBroker()).read(channel)

    assert refused.value.code == "channel_has_no_snapshot"


async def test_staff_see_the_car_and_others_the_berth(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.see("d1", "heartbeat", at_s=60)
    snapshots = Snapshots(world.store.run, MemoryBroker())

    public: dict[str, Any] = await snapshots.read(CHANNEL)
    staff: dict[str, Any] = await snapshots.read(f"{CHANNEL}:staff")

    for seen, known in zip(public["data"]["berths"], staff["data"]["berths"], strict=True):
        assert known[:5] == seen
        assert len(known) == 6


async def test_a_storm_costs_one_read_for_as_long_as_one_is_shared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers come at all times around the end of each share: there is never a second read."""
    monkeypatch.setattr("realtime.snapshots.SHARED_S", 0.05)
    loop = asyncio.get_running_loop()
    read_at: list[float] = []

    async def read(_actor: Any, body: Any) -> Any:
        read_at.append(loop.time())
        return await world.store.run(system("test"), body)

    snapshots = Snapshots(read, MemoryBroker())
    calls = 0
    while len(read_at) < 4:
        await asyncio.gather(*(snapshots.read(CHANNEL) for _ in range(20)))
        calls += 20
        await asyncio.sleep(0)

    assert calls > 20 * len(read_at)
    assert all(after - before >= 0.05 for before, after in pairwise(read_at))


async def test_a_read_that_failed_is_tried_again_when_its_share_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.snapshots.SHARED_S", 0.0)
    failing = True

    async def read(_actor: Any, body: Any) -> Any:
        if failing:
            raise Unavailable("store_away", "不可用")
        return await world.store.run(system("test"), body)

    snapshots = Snapshots(read, MemoryBroker())
    refused = await asyncio.gather(
        *(snapshots.read(CHANNEL) for _ in range(5)), return_exceptions=True
    )
    assert [type(one) for one in refused] == [Unavailable] * 5

    failing = False
    await eventually(lambda: not snapshots._reading)

    assert (await snapshots.read(CHANNEL))["data"]["berths"]


async def test_without_positions_there_is_no_snapshot(world: World) -> None:
    class Away(MemoryBroker):
        async def positions(self, channels: Sequence[str]) -> list[Position]:
            raise BrokerUnavailable("redis is away")

    with pytest.raises(Unavailable) as refused:
        await Snapshots(world.store.run, Away()).read(CHANNEL)

    assert refused.value.code == "realtime_away"
