"""One simulated device: its counters, clock, battery, radio and journal."""

from random import Random

from devices.simulator.journal import Journal
from devices.simulator.model import DemoDevice, Format
from devices.simulator.readings import Number, Observation, SimulatedReading

# A cell lasts 100,000 readings, about five years of a busy berth.
BATTERY_A_READING = 0.001
LOW_BATTERY = 15
MICROSECONDS = 1_000_000


class SimulatedDevice:
    """A device that has just booted for the `boot`-th time, with a clock that is `skew_s` wrong."""

    def __init__(self, device: DemoDevice, *, boot: int, skew_s: float, random: Random) -> None:
        self.device = device
        self.skew_s = skew_s
        self.journal = Journal()
        self.occupied = False
        self._boot = boot
        self._seq: int | None = None
        self._random = random
        self._battery = random.uniform(LOW_BATTERY, 100)
        self._rssi = random.uniform(-112, -68)
        self._warned = False

    def record(self, observation: Observation, now: float) -> SimulatedReading:
        """Number an observation and write it to the journal."""
        if observation.kind in ("arrived", "left"):
            self.occupied = observation.kind == "arrived"
        at = observation.at + self.skew_s
        boot, seq = self._next_number(observation, at)
        self._battery = max(1.0, self._battery - BATTERY_A_READING)
        reading = SimulatedReading(
            device=self.device,
            observation=observation,
            boot=boot,
            seq=seq,
            at=at,
            occupied=self.occupied,
            battery=round(self._battery),
            rssi=round(self._rssi + self._random.gauss(0, 2.5)),
        )
        self.journal.write(reading, now)
        return reading

    def alarm_due(self) -> str | None:
        """Give the alarm that has just risen, once."""
        if self._warned or self.device.kind == "camera" or self._battery >= LOW_BATTERY:
            return None
        self._warned = True
        return "battery_low"

    def drain(self) -> None:
        """Let the cell run low, all at once."""
        self._battery = self._random.uniform(2, LOW_BATTERY - 1)

    def clock(self, now: float) -> float:
        """Give what the device believes the time is."""
        return now + self.skew_s

    def _next_number(self, observation: Observation, at: float) -> Number:
        """Number as the maker does; see the tables of docs/devices.md."""
        last = self._seq
        if self.device.format is Format.CANONICAL:
            self._seq = 0 if last is None else last + 1
            return self._boot, self._seq
        if self.device.format is Format.GEOMAG:
            self._seq = 0 if last is None else last % 255 + 1
            return 0, self._seq
        self._seq = _clock_number(observation.kind, at, -1 if last is None else last)
        return 0, self._seq


def _clock_number(kind: str, at: float, last: int) -> int:
    """Number by the clock, above `last`; heartbeats own the last microsecond of their second."""
    second, microsecond = divmod(max(int(at * MICROSECONDS), last + 1), MICROSECONDS)
    if kind == "heartbeat":
        return second * MICROSECONDS + MICROSECONDS - 1
    # 0 µs would read as "this camera gives no microseconds", and the last one is a heartbeat's.
    if microsecond == MICROSECONDS - 1:
        second, microsecond = second + 1, 0
    return second * MICROSECONDS + max(1, microsecond)
