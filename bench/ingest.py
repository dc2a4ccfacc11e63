"""Durable state changes a second of the ingest, as a ratio to bare PyMongo on the same mongod.

usage: python -m bench.ingest [--seconds 5] [--runs 3] [--processes 2] [--profile]
Each reading passes the product's own path: payload → codec → lane → one unit of work with device,
occupancy, stay, price and outbox → majority commit → acknowledgements handed back. Only the MQTT
socket is left out here; `python -m bench.gateway_profile` measures that. Several processes share
the devices as they do behind a broker's shared subscription: Python keeps one core busy each.
"""

import argparse
import asyncio
import cProfile
import os
import pstats
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.street import BERTHS, Street, fill
from devices.batches import Parcel
from devices.gateway import LANES
from devices.lanes import Lane
from devices.mqtt import Arrival
from devices.patience import Patience
from devices.topics import parse_up
from server.main import REMEMBERED, taker
from server.process import calm_collector
from server.standalone import Servers
from server.store.mongo import Store, connect

TOOLS = Path(os.environ.get("BENCH_TOOLS", "../shared/bench"))
# 2,000 messages in hand: what a broker has queued for a gateway that is kept busy.
IN_HAND = 2_000
# 12,000 a second: more than the floor itself has ever made.
FASTEST = 12_000
# 2 s: the processes do not begin at quite the same moment.
WARM_UP_S = 2


class Broker:
    """Hands out readings without a socket and takes the acknowledgements.

    They are written before the clock runs: that is the devices' work.
    """

    def __init__(self, street: Street, count: int) -> None:
        self.acked = 0
        self._readings = iter([street.reading() for _ in range(count)])
        self._lanes: list[Lane] = []

    def start(self, lanes: list[Lane]) -> None:
        """Give the lanes their first messages."""
        self._lanes = lanes
        for _ in range(IN_HAND):
            self._hand_out()

    def publish(self, topic: str, payload: bytes) -> None:
        """Take an acknowledgement for a device."""

    def ack(self, arrival: Arrival) -> None:
        """Take the acknowledgement of a message, and hand out the next one."""
        self.acked += 1
        self._hand_out()

    def _hand_out(self) -> None:
        device_id, payload = next(self._readings)
        topic = f"devices/{device_id}/up/reading"
        arrival = Arrival(topic, payload, datetime.now(UTC), 0, 0, 1)
        address = parse_up(topic)
        assert address is not None
        lane = self._lanes[hash(device_id) % len(self._lanes)]
        lane.put(Parcel(arrival, device_id, address[1]))


async def product(url: str, options: argparse.Namespace) -> tuple[float, float]:
    """Run the ingest; gives state changes a second, and client CPU microseconds each."""
    client = connect(url)
    await client.drop_database("bench_ingest")
    await fill(Store(client["bench_ingest"]))
    if options.profile:
        options.part = 0
        figures = [await take_part(url, options)]
    else:
        parts = range(options.processes)
        figures = await asyncio.gather(*(_process(url, options, part) for part in parts))
    await client.drop_database("bench_ingest")
    await client.close()
    changes = sum(done for done, _ in figures)
    return changes / options.seconds, sum(spent for _, spent in figures) / changes * 1e6


async def _process(url: str, options: argparse.Namespace, part: int) -> tuple[int, float]:
    arguments = [f"--{name}={getattr(options, name)}" for name in ("seconds", "processes")]
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.ingest", f"--url={url}", f"--part={part}", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await asked.communicate()
    done, spent = printed.split()
    return int(done), float(spent)


async def take_part(url: str, options: argparse.Namespace) -> tuple[int, float]:
    """Be one ingest process with its share of the devices; gives the changes and its CPU seconds."""
    seconds, profile = options.seconds, options.profile
    client = connect(url)
    store = Store(client["bench_ingest"], remembered=REMEMBERED)

    async def bury(_letters: object) -> None:
        raise AssertionError("no message of this bench is bad")

    street = Street(range(options.part, BERTHS, options.processes))
    broker = Broker(street, IN_HAND + int(FASTEST * (seconds + 2)) // options.processes)
    patience = Patience(take=taker(store), bury=bury)
    lanes = [Lane(patience=patience, post=broker) for _ in range(LANES)]
    broker.start(lanes)
    running = [asyncio.create_task(lane.run()) for lane in lanes]
    await asyncio.sleep(WARM_UP_S)
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    before, cpu = broker.acked, time.process_time()
    await asyncio.sleep(seconds)
    done, spent = broker.acked - before, time.process_time() - cpu
    profiler.disable()
    patience.stop()
    for lane in lanes:
        lane.stop()
    await asyncio.gather(*running)
    await client.close()
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
    return done, spent


async def floor(url: str) -> float:
    """Run the floor; gives its best state changes a second."""
    script = TOOLS / "ingest_floor.py"
    asked = await asyncio.create_subprocess_exec(
        sys.executable, str(script), url, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asked.communicate()
    print(printed.decode().strip())
    return max(float(found) for found in re.findall(r": (\d+) state changes/s", printed.decode()))


async def main() -> None:
    """Print the floor, the product, and the ratio of their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    calm_collector()
    if options.url:
        print(*await take_part(options.url, options))
        return
    with tempfile.TemporaryDirectory() as folder:
        async with Servers(Path(folder), only=("mongo",)) as servers:
            if options.profile:
                options.processes = 1
                print(await product(servers.mongo_url, options))
                return
            if not (TOOLS / "ingest_floor.py").exists():
                print(f"no floor at {TOOLS}: set BENCH_TOOLS; only absolute figures follow")
            floors, products = [], []
            for _ in range(options.runs):
                if (TOOLS / "ingest_floor.py").exists():
                    floors.append(await floor(servers.mongo_url))
                rate, each = await product(servers.mongo_url, options)
                products.append(rate)
                print(f"ingest: {rate:.0f} state changes/s, {each:.0f} us of client CPU each")
            if floors:
                ratio = statistics.median(products) / statistics.median(floors)
                print(f"ingest / best of the floor, medians of {options.runs}: {ratio:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
