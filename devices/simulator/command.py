"""`smartcloud simulate`: lets the demo city park over real MQTT until stopped."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from devices.simulator.city import demo_city
from devices.simulator.day import CityDay
from devices.simulator.faults import Faults
from devices.simulator.fleet import Fleet
from devices.simulator.memory import load
from devices.simulator.summary import show
from devices.simulator.traffic import Pace
from devices.simulator.transport import MqttTransport

# 7 changes a second in the whole city: enough to see it live, few enough to follow one.
CHANGES_A_BERTH = 1 / 300
MEMORY_FILE = "simulator.json"


class SimulatorConfig(Protocol):
    """What the simulator needs of the configuration."""

    @property
    def simulator_mqtt_url(self) -> str: ...
    @property
    def data_dir(self) -> Path: ...


def main(argv: Sequence[str], config: SimulatorConfig) -> None:
    """Run the simulator with command-line options until SIGINT, SIGTERM or --duration."""
    options = _options().parse_args(argv)
    asyncio.run(simulate(options, config))


async def simulate(options: argparse.Namespace, config: SimulatorConfig) -> None:
    """Run the city with its summary; returns when stopped, with every device's state saved."""
    city = demo_city(options.seed)
    if options.berths is not None:
        city = city.first(options.berths)
    path = config.data_dir / MEMORY_FILE
    memory = load(path, seed=options.seed)
    transport = MqttTransport(config.simulator_mqtt_url)
    fleet = Fleet(
        city.devices,
        transport,
        seed=options.seed,
        boot=memory.boot + 1,
        faults=_faults(options),
    )
    rate = options.rate or CHANGES_A_BERTH * len(city.berths)
    pace = Pace(rate, options.speed)
    async with fleet:
        day = CityDay(city, fleet, seed=options.seed, pace=pace, memory=memory, path=path)
        await _until_stopped(day, plain=options.plain, duration_s=options.duration)


async def _until_stopped(day: CityDay, *, plain: bool, duration_s: float | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    running = [asyncio.create_task(day.run()), asyncio.create_task(show(day, plain=plain))]
    stop = asyncio.create_task(stopped.wait())
    try:
        # A failure of the city or of its picture ends the run as well, and is raised below.
        await asyncio.wait(
            [*running, stop], timeout=duration_s, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for task in (*running, stop):
            task.cancel()
        for task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1")
    return share


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smartcloud simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="which city, and which day of it")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed", type=_positive, help="how many times faster than reality cars come and go"
    )
    pace.add_argument(
        "--rate", type=_positive, help="berth changes a second (default: one in 300 berths)"
    )
    for name, meaning in (
        ("loss", "messages that never arrive"),
        ("duplicates", "messages sent twice"),
        ("reorder", "messages overtaken by later ones"),
        ("late", "messages 20 to 120 s late"),
        ("bad", "messages with garbage beside them"),
        ("clock-skew", "devices whose clock is 3 min to 2 h wrong"),
        ("silent", "devices that fall silent within 5 min"),
    ):
        parser.add_argument(f"--{name}", type=_share, default=0.0, metavar="SHARE", help=meaning)
    parser.add_argument(
        "--duration", type=_positive, metavar="SECONDS", help="stop after this time"
    )
    parser.add_argument("--berths", type=int, metavar="N", help="only the first N berths")
    parser.add_argument("--plain", action="store_true", help="a line every 5 s, also on a terminal")
    return parser


def _faults(options: argparse.Namespace) -> Faults:
    return Faults(
        loss=options.loss,
        duplicates=options.duplicates,
        reorder=options.reorder,
        late=options.late,
        bad=options.bad,
        clock_skew=options.clock_skew,
        silent=options.silent,
    )
