"""What goes wrong between a device and the broker, by shares and from a seed."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from devices.simulator.chance import chance

REORDER_DELAY_S = (0.5, 3.0)
LATE_DELAY_S = (20.0, 120.0)
SKEW_S = (180.0, 7200.0)
DIES_AFTER_S = (60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares from 0 to 1: the first four and `bad` of messages, `clock_skew` and `silent` of devices."""

    loss: float = 0.0
    duplicates: float = 0.0
    reorder: float = 0.0
    late: float = 0.0
    bad: float = 0.0
    clock_skew: float = 0.0
    silent: float = 0.0


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that leaves `delay_s` from now."""

    delay_s: float
    topic: str
    payload: bytes


class FaultyLine:
    """Decides for each message whether and when it leaves; `seen` counts what went wrong by name."""

    def __init__(self, faults: Faults, *, seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self._faults = faults
        # One generator a fault, so that turning one on does not move the others.
        names = ("bad", "lost", "doubled", "late", "reordered")
        self._random = {name: chance(seed, "faults", name) for name in names}

    def sendings(self, topic: str, payload: bytes) -> list[Sending]:
        """Give what really goes out when a device sends this."""
        sendings = []
        if self._happens("bad", self._faults.bad):
            sendings.append(Sending(0.0, *garbage(self._random["bad"], topic, payload)))
        if self._happens("lost", self._faults.loss):
            return sendings
        copies = 2 if self._happens("doubled", self._faults.duplicates) else 1
        delay_s = self._delay()
        return sendings + [Sending(delay_s, topic, payload)] * copies

    def skew(self, device_id: str, seed: int) -> float:
        """Give by how many seconds a device's clock is wrong; 0 for most."""
        random = chance(seed, "skew", device_id)
        if random.random() >= self._faults.clock_skew:
            return 0.0
        return random.choice((-1, 1)) * random.uniform(*SKEW_S)

    def dies_after(self, device_id: str, seed: int) -> float | None:
        """Give after how many seconds a device falls silent for good; None for those that do not."""
        random = chance(seed, "silent", device_id)
        if random.random() >= self._faults.silent:
            return None
        return random.uniform(*DIES_AFTER_S)

    def _delay(self) -> float:
        if self._happens("late", self._faults.late):
            return self._random["late"].uniform(*LATE_DELAY_S)
        if self._happens("reordered", self._faults.reorder):
            return self._random["reordered"].uniform(*REORDER_DELAY_S)
        return 0.0

    def _happens(self, name: str, share: float) -> bool:
        happens = self._random[name].random() < share
        self.seen[name] += happens
        return happens


def garbage(random: Random, topic: str, payload: bytes) -> tuple[str, bytes]:
    """Give a message that no codec can read, or that no known device sent."""
    reading_topic = f"{topic.rpartition('/')[0]}/reading"
    return random.choice(
        (
            (topic, payload[: len(payload) // 2]),
            (topic, b""),
            (topic, random.randbytes(40)),
            (topic, payload + b" " * 9000),
            (reading_topic, b'{"boot":1,"seq":NaN,"at":1e400,"kind":"arrived"}'),
            (reading_topic, b'{"boot":-1,"seq":"x","at":"yesterday","kind":"flew"}'),
            (reading_topic, b"[" * 2000),
            (f"devices/nobody-{random.randrange(1000)}/up/reading", payload),
            (f"{topic.rpartition('/')[0]}/telegraph", payload),
        )
    )
