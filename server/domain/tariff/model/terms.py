"""What a tariff charges, as data: rows of rates, and what stands around them.

Every published tariff is a choice of windows × day classes × vehicle classes × ways of charging;
nothing here is made for one city. Minutes of the day count from the city's midnight; intervals are
half-open; an empty tuple of names means all of them.
"""

from dataclasses import dataclass
from enum import StrEnum

from server.domain.tariff.model.calendar import DayKind
from server.domain.vehicle import PlateColor
from server.kernel.money import Fen

DAY_MIN = 1_440
EVERY_CAR = ("small", "large")


class Period(StrEnum):
    """Within what time something is counted before it starts anew.

    A window is one passage through a rate's hours; a natural day is the city's, and a window that
    crosses midnight belongs to the day on which it opens; rolling days are 24 h from the arrival.
    """

    STAY = "stay"
    WINDOW = "window"
    NATURAL_DAY = "natural_day"
    ROLLING_DAY = "rolling_day"


class Rounding(StrEnum):
    """What becomes of a part of a unit: counts whole, does not count, or counts from a half on."""

    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


class Bound(StrEnum):
    """Whether exactly N minutes are still within the limit."""

    UP_TO = "up_to"
    BELOW = "below"


class Grant(StrEnum):
    """What free time means to a longer stay: all is charged, or all but the free time."""

    ALL_OR_NOTHING = "all_or_nothing"
    DEDUCTED = "deducted"


class Mixing(StrEnum):
    """What a stay over several windows costs: their sum, or all at the rate of its start."""

    SUM = "sum"
    START_DECIDES = "start_decides"


class Turn(StrEnum):
    """Which of a plate's stays within a period are meant."""

    EVERY = "every"
    FIRST = "first"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Step:
    """Counted minutes up to and including `until_min` (None: without end).

    Without `unit_min`, `amount` is the fee up to there, all in all: 60 min → ¥3. With it, `amount`
    is added for each unit of that many minutes within the step.
    """

    until_min: int | None
    amount: Fen
    unit_min: int | None = None


@dataclass(frozen=True, slots=True)
class FreeTime:
    """Minutes that cost nothing, how they are granted, and whether N itself is within them.

    `every` says whether each natural or rolling day of a stay has its own; `charged_only` leaves
    minutes under free rates out of the count.
    """

    minutes: int
    grant: Grant = Grant.ALL_OR_NOTHING
    bound: Bound = Bound.UP_TO
    every: Period = Period.STAY
    charged_only: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """What a minute between two times of day costs: steps first, then so much a unit.

    `[from_min, to_min)` counts minutes after midnight; a rate whose end is not after its start runs
    past midnight, and all of it has the kind of the day on which it starts. A free rate has no
    steps and no unit amount. An incomplete unit is rounded; rounded up, its first
    `tail_grace_min` minutes are forgiven. Minutes are counted by `counter`: rates that name the
    same one go on where the other stopped. `free` is within the rate's own counted minutes.
    """

    from_min: int
    to_min: int
    steps: tuple[Step, ...] = ()
    unit_min: int = 60
    unit_amount: Fen = 0
    days: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    colors: tuple[PlateColor, ...] = ()
    name: str = ""
    rounding: Rounding = Rounding.UP
    tail_grace_min: int = 0
    counter: str = ""
    restart: Period | None = None
    free: FreeTime | None = None

    @property
    def costless(self) -> bool:
        """Say whether parking costs nothing then."""
        return not self.unit_amount and not any(step.amount for step in self.steps)


@dataclass(frozen=True, slots=True)
class Season:
    """Days of the year from `from_day` to `to_day`, both included, as `MM-DD`; may run past 31 December."""

    from_day: str
    to_day: str


@dataclass(frozen=True, slots=True)
class DayClass:
    """A class of days that rates may name. A day is of the first class whose every condition holds."""

    name: str
    kinds: tuple[DayKind, ...] = ()
    special: bool | None = None
    weekdays: tuple[int, ...] = ()
    seasons: tuple[Season, ...] = ()

    @property
    def asks_calendar(self) -> bool:
        """Say whether the class is told by the calendar, and not by the date alone."""
        return bool(self.kinds) or self.special is not None


@dataclass(frozen=True, slots=True)
class Factor:
    """Cars that pay by another class's rates, or a part or a multiple of them. The first that fits."""

    percent: int = 100
    vehicles: tuple[str, ...] = ()
    colors: tuple[PlateColor, ...] = ()
    as_vehicle: str | None = None


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that the named rates cost within a period; what else there is comes on top.

    `scaled` caps rise with a car's factor and its berths.
    """

    amount: Fen
    period: Period = Period.ROLLING_DAY
    rates: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    scaled: bool = False


@dataclass(frozen=True, slots=True)
class FirstFree:
    """Free time for a plate's first stay in a period, in place of shorter free time."""

    free: FreeTime
    period: Period = Period.NATURAL_DAY


@dataclass(frozen=True, slots=True)
class Discount:
    """What cars of a kind pay less: a percentage of the fee, of the first minutes or of all.

    `percent` is what is still paid. `tags` are a car's own words, such as `new_energy`; one of them
    is enough. `turn` picks among the plate's stays within `period`. It is taken before the caps
    unless it is `after_caps`. `free` is free time for these cars, where it is longer than others.
    """

    name: str
    percent: int = 100
    first_min: int | None = None
    tags: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    colors: tuple[PlateColor, ...] = ()
    turn: Turn = Turn.EVERY
    period: Period = Period.NATURAL_DAY
    after_caps: bool = False
    free: FreeTime | None = None


@dataclass(frozen=True, slots=True)
class Penalty:
    """What staying too long costs: as a rate does, counted from the longest time allowed."""

    steps: tuple[Step, ...] = ()
    unit_min: int = 60
    unit_amount: Fen = 0
    rounding: Rounding = Rounding.UP
    tail_grace_min: int = 0


@dataclass(frozen=True, slots=True)
class MaxStay:
    """The longest time that may be parked, or bought in units of `unit_min`.

    Beyond it the rates charge on only if `charges_on`; a penalty comes on top, outside the caps.
    """

    minutes: int
    unit_min: int = 1
    penalty: Penalty | None = None
    charges_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that a version of a tariff says about money.

    The rates cover each minute of each class of day, once, for each vehicle class and plate color.
    `calendar_id` names the calendar that tells the kinds of days, where a class of days asks.
    """

    rates: tuple[Rate, ...]
    days: tuple[DayClass, ...] = ()
    calendar_id: str | None = None
    vehicles: tuple[str, ...] = EVERY_CAR
    factors: tuple[Factor, ...] = ()
    per_berth: bool = False
    restart: Period = Period.ROLLING_DAY
    mixing: Mixing = Mixing.SUM
    free: FreeTime | None = None
    first_free: FirstFree | None = None
    discounts: tuple[Discount, ...] = ()
    caps: tuple[Cap, ...] = ()
    max_stay: MaxStay | None = None
    minimum: Fen = 0
    maximum: Fen | None = None
    round_to: Fen = 1
    rounding: Rounding = Rounding.DOWN

    @property
    def asks_calendar(self) -> bool:
        """Say whether the kind of a day matters."""
        return any(one.asks_calendar for one in self.days)

    @property
    def asks_history(self) -> bool:
        """Say whether the plate's earlier stays matter."""
        turns = any(one.turn is not Turn.EVERY for one in self.discounts)
        return turns or self.first_free is not None
