"""What a simulated device sees, and the same with the number and the health that the device adds."""

from dataclasses import dataclass

from devices.simulator.model import DemoDevice

Number = tuple[int, int]
"""(boot, seq) as the acknowledgement will name it."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a device saw: `kind` is arrived, left, heartbeat, boot or alarm; `at` is true epoch seconds."""

    device_id: str
    kind: str
    at: float
    berth_code: str | None = None
    plate: str | None = None
    plate_color: str | None = None
    confidence: int | None = None
    previous_state_s: int | None = None
    alarm: str | None = None


@dataclass(frozen=True, slots=True)
class SimulatedReading:
    """A numbered observation as it stands in the device's journal; `at` is by the device's own clock."""

    device: DemoDevice
    observation: Observation
    boot: int
    seq: int
    at: float
    occupied: bool
    battery: int
    rssi: int

    @property
    def number(self) -> Number:
        return self.boot, self.seq
