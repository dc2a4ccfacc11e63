"""Durable state changes a second of the ingest, as a ratio to bare PyMongo on the same mongod.

usage: python -m bench.ingest [--seconds 5] [--runs 3] [--profile]
Each reading passes the product's own path: payload → codec → lane → one unit of work with device,
occupancy, stay, price and outbox → majority commit → acknowledgements handed back. Only the MQTT
socket is left out here; `python -m bench.gateway_profile` measures that.
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

from bench.street import Street, fill
from devices.batches import Parcel
from devices.gateway import LANES
from devices.lanes import Lane
from devices.mqtt import Arrival
from devices.patience import Patience
from devices.topics import parse_up
from server.main import calm_collector, taker
from server.standalone import Servers
from server.store.mongo import Store, connect

TOOLS = Path(os.environ.get("BENCH_TOOLS", "../shared/bench"))
# 2,000 messages in hand: what a broker has queued for a gateway that is kept busy.
IN_HAND = 2_000


class Broker:
    """Hands out readings without a socket and takes the acknowledgements."""

    def __init__(self, street: Street) -> None:
        self.acked = 0
        self._street = street
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
        device_id, payload = self._street.reading()
        topic = f"devices/{device_id}/up/reading"
        arrival = Arrival(topic, payload, datetime.now(UTC), 0, 0, 1)
        address = parse_up(topic)
        assert address is not None
        lane = self._lanes[hash(device_id) % len(self._lanes)]
        lane.put(Parcel(arrival, device_id, address[1]))


async def product(url: str, seconds: float, *, profile: bool) -> tuple[float, float]:
    """Run the ingest; gives state changes a second, and client CPU microseconds each."""
    client = connect(url)
    await client.drop_database("bench_ingest")
    store = Store(client["bench_ingest"])
    await fill(store)

    async def bury(_letters: object) -> None:
        raise AssertionError("no message of this bench is bad")

    broker = Broker(Street())
    patience = Patience(take=taker(store), bury=bury)
    lanes = [Lane(patience=patience, post=broker) for _ in range(LANES)]
    broker.start(lanes)
    running = [asyncio.create_task(lane.run()) for lane in lanes]
    await asyncio.sleep(1)
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    before, cpu, began = broker.acked, time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    done, took = broker.acked - before, time.perf_counter() - began
    spent = time.process_time() - cpu
    profiler.disable()
    patience.stop()
    for lane in lanes:
        lane.stop()
    await asyncio.gather(*running)
    await client.drop_database("bench_ingest")
    await client.close()
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
    return done / took, spent / done * 1e6


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
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    calm_collector()
    with tempfile.TemporaryDirectory() as folder:
        async with Servers(Path(folder), only=("mongo",)) as servers:
            if options.profile:
                print(await product(servers.mongo_url, options.seconds, profile=True))
                return
            if not (TOOLS / "ingest_floor.py").exists():
                print(f"no floor at {TOOLS}: set BENCH_TOOLS; only absolute figures follow")
            floors, products = [], []
            for _ in range(options.runs):
                if (TOOLS / "ingest_floor.py").exists():
                    floors.append(await floor(servers.mongo_url))
                rate, each = await product(servers.mongo_url, options.seconds, profile=False)
                products.append(rate)
                print(f"ingest: {rate:.0f} state changes/s, {each:.0f} us of client CPU each")
            if floors:
                ratio = statistics.median(products) / statistics.median(floors)
                print(f"ingest / best of the floor, medians of {options.runs}: {ratio:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
