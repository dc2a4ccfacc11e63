"""A fleet for tests: a few real devices of the demo city over a transport that only remembers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from devices.codecs import decode
from devices.simulator.city import demo_city
from devices.simulator.faults import Faults
from devices.simulator.fleet import Fleet
from devices.simulator.model import DemoDevice, Format
from devices.topics import ack_topic, parse_up
from server.domain.equipment import Reading

CITY = demo_city(1)
NOON = 1795406400.25


def one_device(format: Format) -> DemoDevice:
    return next(device for device in CITY.devices if device.format is format)


@dataclass
class FakeTransport:
    """Keeps what was sent; `readings` decodes it with the platform's own codecs."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)
    stopped: bool = False

    async def start(
        self, on_message: Callable[[str, bytes], None], on_connected: Callable[[], None]
    ) -> None:
        self.on_message, self.on_connected = on_message, on_connected

    async def send(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, payload))

    async def stop(self) -> None:
        self.stopped = True

    def readings(self) -> list[Reading]:
        """Decode everything sent so far, and forget it."""
        readings = []
        for topic, payload in self.sent:
            up = parse_up(topic)
            assert up is not None
            device_id, kind = up
            readings += decode(kind, device_id, payload, datetime.fromtimestamp(NOON, UTC))
        self.sent.clear()
        return readings


class HandClock:
    """Epoch seconds that move when the test says so."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def small_fleet(
    transport: FakeTransport, clock: HandClock, *, faults: Faults | None = None, boot: int = 7
) -> Fleet:
    """Give one device of each format."""
    devices = [one_device(format) for format in Format]
    return Fleet(devices, transport, seed=1, boot=boot, faults=faults, clock=clock)


def ack_of(*readings: Reading) -> tuple[str, bytes]:
    """Write the acknowledgement of readings of one device."""
    numbers = ",".join(f"[{reading.boot},{reading.seq}]" for reading in readings)
    return ack_topic(readings[0].device_id), f'{{"acks":[{numbers}]}}'.encode()
