"""What the simulated devices keep over a restart: boot counter, journals, and the cars at their berths."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from devices.simulator.model import DemoCity
from devices.simulator.readings import Observation, SimulatedReading
from devices.simulator.traffic import Parked


@dataclass(frozen=True, slots=True)
class Page:
    """A journalled reading with its device by id."""

    observation: Observation
    boot: int
    seq: int
    at: float
    occupied: bool
    battery: int
    rssi: int


@dataclass(frozen=True, slots=True)
class Memory:
    """One saved state; `boot` is that of the run that saved it, 0 before the first."""

    seed: int
    boot: int = 0
    saved_at: float = 0.0
    parked: tuple[Parked, ...] = ()
    pages: tuple[Page, ...] = ()


def load(path: Path, *, seed: int) -> Memory:
    """Read the state; a missing file is a first run, and another seed is another city that only boots on."""
    try:
        memory = msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        return Memory(seed)
    return memory if memory.seed == seed else Memory(seed, memory.boot)


def save(path: Path, memory: Memory) -> None:
    """Write the state so that a cut in the middle leaves the earlier one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(memory))
    os.replace(draft, path)


def pages_of(readings: Iterable[SimulatedReading]) -> tuple[Page, ...]:
    """Turn journalled readings into what is saved."""
    return tuple(
        Page(r.observation, r.boot, r.seq, r.at, r.occupied, r.battery, r.rssi) for r in readings
    )


def readings_of(pages: Iterable[Page], city: DemoCity) -> list[SimulatedReading]:
    """Turn saved pages back into readings of the city's devices; pages of other devices are dropped."""
    by_id = {device.id: device for device in city.devices}
    return [
        SimulatedReading(
            by_id[page.observation.device_id],
            page.observation,
            page.boot,
            page.seq,
            page.at,
            page.occupied,
            page.battery,
            page.rssi,
        )
        for page in pages
        if page.observation.device_id in by_id
    ]
