"""计费标准 (tariff) · 计费行 (rate) · 报价 (quote): nouns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.kernel.money import Fen
from server.kernel.table import index, table

DAY_MIN = 1_440


class CapPeriod(StrEnum):
    """Over what time a cap holds."""

    ROLLING_DAY = "rolling_day"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Step:
    """Up to and including `until_min` charged minutes the fee is `amount`, all in all."""

    until_min: int
    amount: Fen


@dataclass(frozen=True, slots=True)
class Rate:
    """What a minute between two times of day costs: steps first, then so much a begun unit.

    `[from_min, to_min)` counts minutes after the city's midnight. A free rate has no steps and no
    unit amount.
    """

    from_min: int
    to_min: int
    steps: tuple[Step, ...] = ()
    unit_min: int = 60
    unit_amount: Fen = 0

    @property
    def free(self) -> bool:
        """Say whether parking costs nothing then."""
        return not self.steps and not self.unit_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A published version of a tariff. It is never edited; a change is a new version.

    A stay of at most `free_min` minutes costs nothing; a longer one is charged from its start.
    The rates cover the day without gap or overlap.
    """

    id: str
    v: int = 0
    name: str
    number: int
    valid_from: datetime
    free_min: int
    rates: tuple[Rate, ...]
    cap: Fen | None = None
    cap_period: CapPeriod = CapPeriod.ROLLING_DAY


@dataclass(frozen=True, slots=True)
class Line:
    """One reason of a fee; the lines of a quote sum to its amount."""

    text: str
    amount: Fen


@dataclass(frozen=True, slots=True)
class Quote:
    """An amount with its reasons."""

    amount: Fen
    lines: tuple[Line, ...]


TARIFFS = table(Tariff, "tariffs", index("name", "-number"))
