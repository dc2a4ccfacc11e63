"""首页数据 (figures): nouns."""

from dataclasses import dataclass

from server.kernel.money import Fen
from server.kernel.table import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How an organization's berths, stays, bills and devices stand; its id is the organization's.

    `…_today` counts on the city's calendar day.
    """

    id: str
    v: int = 0
    total: int = 0
    free: int = 0
    occupied: int = 0
    unknown: int = 0
    out_of_service: int = 0
    open_stays: int = 0
    identified_stays: int = 0
    arrivals_today: int = 0
    departures_today: int = 0
    due_today: Fen = 0
    devices: int = 0
    devices_silent: int = 0


FIGURES = table(Figures, "figures")
