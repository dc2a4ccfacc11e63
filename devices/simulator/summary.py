"""What the simulator says of itself while it runs: a live picture on a terminal, else a line every 5 s."""

import asyncio
import time
from collections import Counter, deque

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from devices.simulator.day import CityDay

REFRESH_S = 0.5
LINE_EVERY_S = 5.0
RATE_OVER_S = 10.0
FAULTS = ("lost", "doubled", "reordered", "late", "bad", "silent")


class Summary:
    """Measures a running city; `picture` and `line` show the same figures."""

    def __init__(self, day: CityDay) -> None:
        self._day = day
        self._samples = deque([(time.monotonic(), 0)])
        self._berths = Counter(
            day.city.place_by_id[berth.place_id].division_code for berth in day.city.berths
        )

    def changes_a_second(self) -> float:
        """Give the arrivals and departures a second that sensors published over the last 10 s."""
        now = time.monotonic()
        count = self._day.fleet.count
        self._samples.append((now, count["arrived"] + count["left"]))
        while now - self._samples[0][0] > RATE_OVER_S:
            self._samples.popleft()
        (since, before), (_, after) = self._samples[0], self._samples[-1]
        return (after - before) / (now - since) if now > since else 0.0

    def occupied(self) -> Counter[str]:
        """Count the cars at berths, by division code."""
        city = self._day.city
        return Counter(
            city.place_by_id[city.berth_by_id[berth_id].place_id].division_code
            for berth_id in self._day.traffic.parked
        )

    def line(self) -> str:
        """Give the figures in one line."""
        fleet = self._day.fleet
        occupied = self.occupied()
        share = 100 * occupied.total() / self._berths.total()
        faults = " ".join(f"{name}={self._fault(name)}" for name in FAULTS if self._fault(name))
        return (
            f"{self.changes_a_second():.1f} changes/s  acked={fleet.count['acked']}"
            f" unacked={fleet.unacked} resent={fleet.count['resent']}"
            f" occupied={share:.0f}% speed={self._day.traffic.speed:.1f}x {faults}".rstrip()
        )

    def picture(self) -> Panel:
        """Give the figures as a panel with a bar for each division."""
        fleet = self._day.fleet
        figures = Text.assemble(
            (f"{self.changes_a_second():5.1f}", "bold"),
            " changes/s   ",
            (f"{fleet.count['acked']:,}", "bold green"),
            " acked   ",
            (f"{fleet.unacked:,}", "bold yellow"),
            " unacked   ",
            f"{fleet.count['resent']:,} resent   {self._day.traffic.speed:.1f}x speed",
        )
        faults = Text("   ".join(f"{name} {self._fault(name):,}" for name in FAULTS), "dim")
        return Panel(Group(figures, faults, self._bars()), title=self._day.city.operator, width=86)

    def _bars(self) -> Table:
        occupied = self.occupied()
        bars = Table.grid(padding=(0, 1))
        for division in self._day.city.divisions:
            total, taken = self._berths[division.code], occupied[division.code]
            if total:
                bar = ProgressBar(total=total, completed=taken, width=48)
                bars.add_row(division.name, bar, f"{taken:4}/{total}  {100 * taken / total:3.0f}%")
        return bars

    def _fault(self, name: str) -> int:
        fleet = self._day.fleet
        return fleet.count["silent"] if name == "silent" else fleet.line.seen[name]


async def show(day: CityDay, *, plain: bool) -> None:
    """Keep showing the running city until cancelled."""
    summary, console = Summary(day), Console()
    if plain or not console.is_terminal:
        while True:
            await asyncio.sleep(LINE_EVERY_S)
            console.print(summary.line(), highlight=False, soft_wrap=True)
    with Live(summary.picture(), console=console, auto_refresh=False) as live:
        while True:
            live.update(summary.picture(), refresh=True)
            await asyncio.sleep(REFRESH_S)
