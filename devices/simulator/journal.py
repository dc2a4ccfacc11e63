"""A device's journal: what it has seen and the platform has not yet said to be safe."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from devices.simulator.readings import Number, SimulatedReading

# The contract: again after 30 s, at most ten tries. Waits double up to 5 min, so ten tries outlast
# half an hour without a platform.
RESEND_AFTER_S = 30.0
LONGEST_WAIT_S = 300.0
TRIES = 10


@dataclass(slots=True)
class Entry:
    reading: SimulatedReading
    tries: int
    again_at: float


class Journal:
    """Readings in the order in which they were seen, until each is acknowledged by its number."""

    def __init__(self) -> None:
        self._entries: dict[Number, Entry] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[SimulatedReading]:
        return (entry.reading for entry in self._entries.values())

    def write(self, reading: SimulatedReading, now: float) -> None:
        """Keep a reading that is about to be sent for the first time."""
        # A wrapping number that comes round again overwrites its old page, as flash does.
        self._entries.pop(reading.number, None)
        self._entries[reading.number] = Entry(reading, 1, now + RESEND_AFTER_S)

    def acknowledge(self, numbers: Iterable[Number]) -> int:
        """Forget what is safe; give how many of the numbers were still waiting."""
        return sum(self._entries.pop(number, None) is not None for number in numbers)

    def hurry(self, now: float) -> None:
        """Make everything due at once, oldest first: the connection was lost and is back."""
        for entry in self._entries.values():
            entry.again_at = min(entry.again_at, now)

    def due(self, now: float) -> list[SimulatedReading]:
        """Give what is to be sent again now, oldest first, and drop what was tried ten times."""
        due = [entry for entry in self._entries.values() if entry.again_at <= now]
        spent = [entry for entry in due if entry.tries >= TRIES]
        for entry in spent:
            del self._entries[entry.reading.number]
        self.dropped += len(spent)
        again = [entry for entry in due if entry.tries < TRIES]
        for entry in again:
            entry.again_at = now + min(LONGEST_WAIT_S, RESEND_AFTER_S * 2**entry.tries)
            entry.tries += 1
        return [entry.reading for entry in again]
