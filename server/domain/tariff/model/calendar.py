"""计费日历 (tariff_calendar): what kind of day each date of a year is."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from server.kernel.errors import Invalid, Refused
from server.kernel.nouns import replace
from server.kernel.table import table, unique


class DayKind(StrEnum):
    """工作日, 调休上班, 周末, 小长假, 长假."""

    WORKDAY = "workday"
    MAKE_UP_WORKDAY = "make_up_workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    LONG_HOLIDAY = "long_holiday"


UNKNOWN = "."
# One letter a day keeps a year at 366 bytes: it is read with every batch of stays that ends.
LETTERS = {
    "w": DayKind.WORKDAY,
    "m": DayKind.MAKE_UP_WORKDAY,
    "r": DayKind.WEEKEND,
    "h": DayKind.HOLIDAY,
    "l": DayKind.LONG_HOLIDAY,
}
_LETTER_OF = {kind: letter for letter, kind in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Day:
    """What a calendar says of a date; a day of any kind may be special (特殊日) as well."""

    kind: DayKind
    special: bool = False

    @property
    def letter(self) -> str:
        """Write it as one letter, a capital one for a special day."""
        letter = _LETTER_OF[self.kind]
        return letter.upper() if self.special else letter


@dataclass(frozen=True, slots=True)
class DayChange:
    """A date, and what it becomes; None takes back what was said of it."""

    on: date
    day: Day | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarYear:
    """One year of a calendar: a letter a day, and the names of its holidays by `MM-DD`."""

    id: str
    v: int = 0
    calendar_id: str
    name: str
    year: int
    days: str
    names: dict[str, str]

    def day(self, on: date) -> Day:
        """Read a date; refuses with `calendar_day_missing` where nothing is said of it."""
        letter = self.days[on.timetuple().tm_yday - 1]
        if letter == UNKNOWN:
            raise calendar_day_missing(self.calendar_id, on)
        return Day(LETTERS[letter.lower()], letter.isupper())

    def change(self, *changes: DayChange) -> Self:
        """Say otherwise of some dates; refuses dates of another year."""
        days, names = [*self.days], dict(self.names)
        for change in changes:
            if change.on.year != self.year:
                raise Invalid("calendar_year_wrong", "日期不属于该年度", on=change.on.isoformat())
            days[change.on.timetuple().tm_yday - 1] = change.day.letter if change.day else UNKNOWN
            names.pop(f"{change.on:%m-%d}", None)
            if change.name:
                names[f"{change.on:%m-%d}"] = change.name
        return replace(self, days="".join(days), names=names)

    def differing(self, other: "CalendarYear") -> list[date]:
        """List the dates of which the two say different things."""
        first = date(self.year, 1, 1)
        pairs = enumerate(zip(self.days, other.days, strict=True))
        return [first + timedelta(days=at) for at, (one, another) in pairs if one != another]


def calendar_day_missing(calendar_id: str, on: date) -> Refused:
    """Make the refusal of a date without data: by weekday it would be wrong on each 调休 day."""
    return Refused(
        "calendar_day_missing",
        f"计费日历没有 {on.isoformat()} 的数据，无法计费",
        calendar_id=calendar_id,
        on=on.isoformat(),
    )


def calendar_year_id(calendar_id: str, year: int) -> str:
    """Name one year of a calendar."""
    return f"{calendar_id}:{year}"


def days_in(year: int) -> int:
    """Count the days of a year."""
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


CALENDAR_YEARS = table(
    CalendarYear,
    "tariff_calendars",
    unique("calendar_id", "year", code="calendar_year_exists", message="该年度的计费日历已存在"),
)
