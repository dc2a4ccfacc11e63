"""What all screens of a run heard and loaded, side by side: two may never tell different stories."""

from typing import Any

Row = list[Any]
VERSION = 4


class Records:
    """Publications by channel, epoch and offset, and snapshots by the position they claim."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], dict[int, list[Row]]] = {}
        self._loaded: dict[tuple[str, str], list[tuple[int, dict[str, int]]]] = {}
        self.wrong: list[str] = []

    def heard(self, channel: str, epoch: str, offset: int, rows: list[Row]) -> None:
        """Note a publication; the same offset has to be the same for everybody."""
        known = self._heard.setdefault((channel, epoch), {}).setdefault(offset, rows)
        if known is not rows and known != rows:
            self.wrong.append(f"{channel} {epoch}/{offset} is not the same for all")

    def loaded(self, channel: str, snapshot: dict[str, Any], rows: list[Row]) -> None:
        """Note a snapshot."""
        versions = {row[0]: row[VERSION] for row in rows}
        held = self._loaded.setdefault((channel, snapshot["epoch"]), [])
        if (snapshot["offset"], versions) not in held:
            held.append((snapshot["offset"], versions))

    def check(self) -> None:
        """Find snapshots that lack something of what they claim to have; forgets what is checked."""
        for stream, snapshots in self._loaded.items():
            heard = self._heard.get(stream, {})
            for offset, versions in snapshots:
                self.wrong += [
                    f"{stream[0]}: a snapshot at {offset} lacks {row[0]} of {at}"
                    for at, rows in heard.items()
                    for row in rows
                    if at <= offset and row[VERSION] > versions.get(row[0], -1)
                ]
        self._loaded.clear()
