"""What a message costs the gateway: CPU from the socket to both acknowledgements, with an idle store.

usage: python -m bench.gateway_profile [messages] [--profile]
The use case is a fake that commits in 10 ms, and the devices are another process: what is printed
is the gateway's own CPU.
"""

import asyncio
import contextlib
import cProfile
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from devices.batches import ReadingId
from devices.dead_letters import DeadLetter
from devices.gateway import Gateway
from server.domain.equipment import Reading, Verdict
from server.standalone.kinds import MQTT
from server.standalone.place import Place
from server.standalone.ports import free_port
from server.standalone.running import RunningServer

DEVICES = 2_000
COMMIT_S = 0.01


def publish(port: int, count: int) -> None:
    """Be all devices: publish canonical readings as fast as the broker takes them."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="devices")
    client.max_inflight_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for number in range(count):
        body = (
            f'{{"boot":1,"seq":{number // DEVICES},"at":{1795396376000 + number},'
            f'"kind":"{"left" if number // DEVICES % 2 else "arrived"}","battery":88,"rssi":-71}}'
        )
        last = client.publish(f"devices/sensor-{number % DEVICES}/up/reading", body, qos=1)
    last.wait_for_publish()
    client.disconnect()


class Store:
    """Says yes to everything after `COMMIT_S`, and remembers the sizes of its batches."""

    def __init__(self, count: int) -> None:
        self.sizes: list[int] = []
        self.all_taken = asyncio.Event()
        self._missing = count

    async def take(
        self, readings: Sequence[Reading], *, force: frozenset[ReadingId]
    ) -> list[Verdict]:
        """Commit."""
        await asyncio.sleep(COMMIT_S)
        self.sizes.append(len(readings))
        self._missing -= len(readings)
        if self._missing <= 0:
            self.all_taken.set()
        return [Verdict.APPLIED] * len(readings)

    async def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Refuse: no message of this bench is bad."""
        raise AssertionError(letters[0])


@contextlib.asynccontextmanager
async def broker() -> AsyncIterator[RunningServer]:
    """Run the embedded broker on a free port."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        place = Place(folder=data / "mqtt", log=data / "log", port=free_port(), appendonly=False)
        server = RunningServer(
            kind=MQTT, program=MQTT.find(), place=place, record=data / "mqtt.json"
        )
        await server.start()
        yield server
        await server.stop()


async def measure(count: int) -> None:
    """Run one gateway over `count` messages and print what they cost."""
    store = Store(count)
    async with broker() as server:
        gateway = Gateway(
            mqtt_url=server.url,
            client_id="bench",
            take=store.take,
            bury=store.bury,
            shared=False,
        )
        running = asyncio.create_task(gateway.run())
        while not gateway.connected:  # noqa: ASYNC110 a bench may look now and then
            await asyncio.sleep(0.01)
        devices = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.gateway_profile"),
            *("--publish", str(server.place.port), str(count)),
        )
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        await store.all_taken.wait()
        took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        gateway.stop()
        await running
        await devices.wait()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{count} messages: {cpu / count * 1e6:.0f} us of CPU each, {count / took:.0f} a second,"
        f" {len(store.sizes)} flushes, largest {max(store.sizes)}"
    )


def main() -> None:
    """Read the command line and run."""
    if sys.argv[1:2] == ["--publish"]:
        publish(int(sys.argv[2]), int(sys.argv[3]))
        return
    count = int(sys.argv[1]) if sys.argv[1:] and sys.argv[1].isdigit() else 20_000
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    with profile or contextlib.nullcontext():
        asyncio.run(measure(count))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)


if __name__ == "__main__":
    main()
