"""However a sensor's readings are shuffled, doubled and shared out, the stays and their prices are the same."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec
import pytest

from devices.batches import Parcel, ReadingId
from devices.dead_letters import DeadLetter
from devices.lanes import Lane
from devices.mqtt import Arrival
from devices.patience import Patience
from devices.topics import up_topic
from server.domain.equipment import Reading, Verdict, accept_readings, install
from server.domain.estate import Berth, BerthKind, Place
from server.domain.stay import observe, open_berths
from server.domain.stay.jobs import settle_forgotten_berths
from server.kernel.access import system
from server.kernel.period import to_ms
from server.kernel.work import Work
from server.store.mongo import Store
from tests.world import LNG_LAT, NOON, World

HISTORIES, READINGS = 40, 24
# Around the debounce of 5 and 10 s, and long enough to cost something.
PAUSES_S = (1, 3, 4.9, 5, 6, 9, 10, 11, 60, 1_300, 4_000)
# A reading comes at most so many places and so much time late; the sooner debounce is 5 s.
PLACES, DELAY_S = 6, 3.0
# 30 s: no reading is lost here, so none is ever to be taken before those that it waits for.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of a sensor's history."""

    at_s: float
    kind: str
    plate: int | None = None


def history(random: random.Random) -> list[Seen]:
    """Draw what a sensor sees; now and then it misses a leave itself, or sees one twice."""
    at_s, occupied, told = 0.0, False, [Seen(0.0, "boot")]
    while len(told) < READINGS:
        at_s += random.choice(PAUSES_S)
        what = random.choices(("change", "heartbeat", "again"), (12, 4, 1))[0]
        occupied ^= what == "change"
        kind = "heartbeat" if what == "heartbeat" else "arrived" if occupied else "left"
        plate = random.randrange(2) if kind == "arrived" and random.random() < 0.5 else None
        told.append(Seen(at_s, kind, plate))
    return told


class Street:
    """Twice the same histories, on berths `a…`, told in order, and on berths `b…`, as it comes."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.histories = [history(self.random) for _ in range(HISTORIES)]

    async def build(self) -> None:
        """Lay out the berths and put a sensor on each."""
        place = await self.world.run(lambda work: work.table(Place).get("s1"))
        ids = [f"{side}{number}" for side in "ab" for number in range(HISTORIES)]
        berths = [
            Berth(
                id=id,
                code=f"code-{id}",
                kind=BerthKind.ROADSIDE,
                place_id=place.id,
                division_code=place.division_code,
                ordinal=number,
                polygon=(LNG_LAT,) * 4,
            )
            for number, id in enumerate(ids)
        ]
        await self.world.run(open_berths, berths=berths, places=[place])
        devices = [self.world.device(f"d{one.id}", {one.code: one.id}) for one in berths]
        await self.world.run(install, devices=devices)

    def readings(self, side: str) -> list[list[Reading]]:
        """Give the readings of one side, history by history."""
        return [
            [self._reading(side, number, seen) for seen in history]
            for number, history in enumerate(self.histories)
        ]

    async def outcome(self, side: str) -> list[object]:
        """Say what came of the histories of one side; cars are known by the last two digits."""
        found = []
        for number in range(HISTORIES):
            berth = await self.world.occupancy(f"{side}{number}")
            stays = [
                (
                    stay.state,
                    stay.plate and stay.plate.number[-2:],
                    stay.arrived_at,
                    stay.left_at,
                    stay.amount,
                )
                for stay in await self.world.stays(f"{side}{number}")
            ]
            found.append((number, berth.state, berth.since, stays))
        return found

    def _reading(self, side: str, number: int, seen: Seen) -> Reading:
        plate = None if seen.plate is None else f"粤{side.upper()}{number:03}{seen.plate}7"
        return self.world.reading(f"d{side}{number}", seen.kind, at_s=seen.at_s, plate=plate)


class Desk:
    """Where a lane's acknowledgements go."""

    def __init__(self) -> None:
        self.waiting = 0

    def publish(self, topic: str, payload: bytes) -> None:
        """Take what a device is told."""

    def ack(self, arrival: Arrival) -> None:
        """Take what the broker is told."""
        self.waiting -= 1


class Ingest:
    """An ingest process but for its broker: a store of its own and one lane."""

    def __init__(self, world: World, *, window_s: float = PATIENCE_S) -> None:
        self.desk = Desk()
        self.letters: list[DeadLetter] = []
        self._store = Store(world.store.database, clock=lambda: world.now)
        patience = Patience(take=self._take, bury=self._bury)
        self.lane = Lane(patience=patience, post=self.desk, reorder_window_s=window_s)
        self._running = asyncio.create_task(self.lane.run())

    def put(self, reading: Reading) -> None:
        """Hear a message."""
        self.desk.waiting += 1
        topic = up_topic(reading.device_id, "reading")
        arrival = Arrival(topic, payload_of(reading), reading.received_at, 1, 1, 1)
        self.lane.put(Parcel(arrival, reading.device_id, "reading"))

    async def done(self) -> None:
        """Wait until all that was heard is acknowledged, then stop."""
        async with asyncio.timeout(PATIENCE_S):
            while self.desk.waiting:
                await asyncio.sleep(0.01)
        self.lane.stop()
        await self._running
        assert self.letters == []

    async def _take(
        self, readings: Sequence[Reading], *, force: frozenset[ReadingId]
    ) -> list[Verdict]:
        async def use_case(work: Work) -> list[Verdict]:
            accepted = await accept_readings(work, readings=readings, force=force)
            await observe(work, accepted=accepted)
            return [one.verdict for one in accepted]

        return await self._store.run(system("ingest"), use_case)

    async def _bury(self, letters: Sequence[DeadLetter]) -> None:
        self.letters += letters


def payload_of(reading: Reading) -> bytes:
    """Write a reading as a device does."""
    body = {"boot": reading.boot, "seq": reading.seq, "at": to_ms(reading.at)}
    said = {"kind": reading.kind.value, "plate": reading.plate}
    return msgspec.json.encode(body | {k: v for k, v in said.items() if v is not None})


async def in_order(street: Street) -> None:
    """Tell the histories of side `a` reading by reading, each at once."""
    for step in zip(*street.readings("a"), strict=True):
        await street.world.take(*step)


async def as_it_comes(street: Street, *, back_at: datetime | None) -> None:
    """Tell the histories of side `b` to two processes, out of order, some twice.

    `back_at` is when sensors that had no network for hours send their journals.
    """
    processes = [Ingest(street.world), Ingest(street.world)]
    for batch in shuffled(street, back_at=back_at):
        for reading in batch:
            street.random.choice(processes).put(reading)
        # Some batches meet a lane at work, some an idle one.
        await asyncio.sleep(street.random.choice((0, 0.005, 0.02)))
    for process in processes:
        await process.done()


def shuffled(street: Street, *, back_at: datetime | None) -> Iterator[list[Reading]]:
    """Put the readings in an order in which they may come, in small batches."""
    chance = street.random
    coming: list[tuple[float, Reading]] = []
    for readings in street.readings("b"):
        for place, reading in enumerate(readings):
            for _ in range(2 if chance.random() < 0.2 else 1):
                late = chance.uniform(0, PLACES)
                delay = timedelta(milliseconds=round(late / PLACES * DELAY_S * 1000))
                received_at = reading.at + delay if back_at is None else back_at + delay
                coming.append((place + late, replace(reading, received_at=received_at)))
    coming.sort(key=lambda one: one[0])
    for _, batch in groupby(coming, key=lambda one: int(one[0] * 2)):
        yield [reading for _, reading in batch]


def shown(street: Street, different: Sequence[tuple[Any, Any]]) -> str:
    """Write down the shortest difference so that a person can follow it."""
    number = min((pair[0][0] for pair in different), key=lambda one: len(street.histories[one]))
    [pair] = [pair for pair in different if pair[0][0] == number]
    history = "\n".join(
        f"{one.at_s:9.1f} {one.kind} {one.plate}" for one in street.histories[number]
    )
    lines = [f"{len(different)} differ; history {number}:", history]
    for told, (_, state, since, stays) in zip(("in order", "as it came"), pair, strict=True):
        lines.append(f"{told}: {state} since {(since - NOON).total_seconds()}")
        for stay, plate, arrived_at, left_at, amount in stays:
            span = [one and (one - NOON).total_seconds() for one in (arrived_at, left_at)]
            lines.append(f"  {stay} {plate} {span} {amount}")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("journal", [False, True], ids=["live", "journal"])
async def test_the_order_of_delivery_changes_nothing(
    world: World, seed: int, journal: bool
) -> None:
    street = Street(world, seed)
    await street.build()
    ends_at = NOON + timedelta(seconds=max(one[-1].at_s for one in street.histories))
    await in_order(street)
    await as_it_comes(street, back_at=ends_at + timedelta(hours=1) if journal else None)
    world.now = ends_at + timedelta(hours=2)
    await world.job(settle_forgotten_berths)

    expected, found = await street.outcome("a"), await street.outcome("b")

    assert sum(len(one[-1]) for one in expected) > 4 * HISTORIES
    different = [pair for pair in zip(expected, found, strict=True) if pair[0] != pair[1]]
    assert different == [], shown(street, different)
