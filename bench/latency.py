"""Device → websocket latency of the whole platform on this machine, at a steady rate of changes.

usage: python -m bench.latency [--rate 500] [--seconds 10] [--runs 3]
A fleet in a process of its own publishes readings over MQTT; one websocket hears every place. A
change counts from the device's clock at publishing to the socket's message being decoded here.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from devices.simulator.city import demo_city
from devices.simulator.fleet import Fleet
from devices.simulator.model import Format
from devices.simulator.transport import MqttTransport
from server.domain.stay import Policy
from server.kernel.access import system
from server.kernel.nouns import replace
from server.kernel.work import Work
from server.store.mongo import Store
from server.store.mongo import connect as connect_store
from tests.city import City, running_city

# 5 s: by then each of the city's sensors has booted and said something once.
WARM_UP_S = 5
MOVING = ("pending_occupied", "pending_free")


async def rush(mqtt_url: str, rate: float, seconds: float) -> None:
    """Be the fleet: warm up, then say when the measured part begins and ends.

    Only sensors whose clock has milliseconds: a frame that counts seconds would be late by half one.
    """
    devices = [one for one in demo_city().devices if one.format is Format.CANONICAL]
    async with Fleet(devices, MqttTransport(mqtt_url)) as fleet:
        await fleet.rush(rate, WARM_UP_S)
        print(f"begin {time.time() * 1000:.0f}", flush=True)
        done = await fleet.rush(rate, seconds)
        print(f"end {time.time() * 1000:.0f} {len(done.readings)}", flush=True)
        await asyncio.sleep(2)


async def listen(city: City, heard: list[tuple[float, float]]) -> None:
    """Hear every place; note (device's instant, latency) of each change, in milliseconds."""
    token = (await city.post("/api/motorist/realtime-tokens", {}))["token"]
    address = f"ws{city.url.removeprefix('http')}/connection/websocket"
    async with connect(address, max_size=None, proxy=None) as socket:
        await _subscribe(socket, token)
        async for message in socket:
            now = time.time() * 1000
            for line in str(message).split("\n"):
                reply = msgspec.json.decode(line)
                if not reply:
                    await socket.send("{}")
                    continue
                pub = reply.get("push", {}).get("pub")
                rows = pub["data"]["berths"] if pub else ()
                heard.extend((row[3], now - row[3]) for row in rows if row[1] in MOVING)


async def _subscribe(socket: ClientConnection, token: str) -> None:
    commands = [{"id": 1, "connect": {"token": token}}]
    for number, place in enumerate(demo_city().places, 2):
        kind = place.id.split("-")[0]
        commands.append({"id": number, "subscribe": {"channel": f"{kind}:{place.id}"}})
    await socket.send("\n".join(msgspec.json.encode(one).decode() for one in commands))


async def _settle_soon(city: City) -> None:
    """Let berths settle within 2 s: each sensor of the fleet flips every 5 s, and is to be believed."""
    client = connect_store(city.mongo_url)
    store = Store(client["smartcloud"])

    async def put(work: Work) -> None:
        rows = work.table(Policy)
        [policy] = await rows.find({})
        rows.save(replace(policy, arrive_debounce_s=2, leave_debounce_s=2))

    await store.run(system("bench"), put)
    await client.close()


async def measure(rate: float, seconds: float) -> tuple[float, float, int]:
    """Run it once; gives p50, p99 and the number of changes that were heard."""
    heard: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with running_city(Path(folder) / "city") as city:
            await _settle_soon(city)
            listening = asyncio.create_task(listen(city, heard))
            fleet = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.latency", "--fleet", city.mqtt_url),
                *("--rate", str(rate), "--seconds", str(seconds)),
                stdout=asyncio.subprocess.PIPE,
            )
            said, _ = await fleet.communicate()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    lines = [line.split() for line in said.decode().splitlines()]
    begin, end = float(lines[0][1]), float(lines[1][1])
    waits = sorted(wait for at, wait in heard if begin <= at <= end)
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100], len(waits)


async def main() -> None:
    """Print each run and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--fleet", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fleet:
        await rush(options.fleet, options.rate, options.seconds)
        return
    runs = []
    for _ in range(options.runs):
        p50, p99, count = await measure(options.rate, options.seconds)
        runs.append((p50, p99))
        print(f"{count} changes at {options.rate:.0f}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    p50, p99 = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"device → websocket, medians of {options.runs}: p50 {p50:.0f} ms, p99 {p99:.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())
