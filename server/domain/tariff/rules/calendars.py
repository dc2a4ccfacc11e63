"""From the State Council's list of a year to a calendar: the week, and what the list says otherwise.

The list names days off and make-up workdays (调休) only. As CSV it has the columns
`date,kind,name[,special]`; as JSON `{"days": [{"date", "kind", "name", "special"}]}`, or `isOffDay`
in place of `kind`. A kind is `off`, `work`, or one of `DayKind`.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from server.domain.tariff.model import CalendarYear, Day, DayChange, DayKind
from server.domain.tariff.model.calendar import calendar_year_id, days_in
from server.kernel.errors import Invalid

# 7 days off in a row: 春节 and 国庆 (长假); all others are shorter (小长假).
LONG_DAYS = 7
_SATURDAY = 6
_TRUE = ("1", "true", "yes", "是")


def read_list(text: str) -> list[DayChange]:
    """Read a list as CSV or JSON; refuses with `calendar_file_invalid` and the entry that is wrong."""
    rows = _json_rows(text) if text.lstrip().startswith(("{", "[")) else _csv_rows(text)
    changes = [_change(number, row) for number, row in enumerate(rows, 1)]
    if not changes:
        raise Invalid("calendar_file_invalid", "文件中没有日期")
    days = [change.on for change in changes]
    if len({day.year for day in days}) > 1 or len(set(days)) < len(days):
        raise Invalid("calendar_file_invalid", "文件须只含一个年度，且日期不重复")
    return _told_long(changes)


def year_of(
    calendar_id: str, name: str, changes: Iterable[DayChange], *, year: int
) -> CalendarYear:
    """Make a year: workdays and weekends by the week, and the list over them."""
    first = date(year, 1, 1)
    week = "".join(
        "r" if (first + timedelta(days=at)).isoweekday() >= _SATURDAY else "w"
        for at in range(days_in(year))
    )
    made = CalendarYear(
        id=calendar_year_id(calendar_id, year),
        calendar_id=calendar_id,
        name=name,
        year=year,
        days=week,
        names={},
    )
    return made.change(*changes)


def _csv_rows(text: str) -> list[Mapping[str, Any]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def _json_rows(text: str) -> list[Mapping[str, Any]]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Invalid("calendar_file_invalid", "不是有效的 JSON") from error
    rows = given.get("days") if isinstance(given, dict) else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid("calendar_file_invalid", "JSON 须含 days 列表")
    return rows


def _change(number: int, row: Mapping[str, Any]) -> DayChange:
    try:
        on = date.fromisoformat(str(row.get("date") or "").strip())
        kind = _kind(row)
    except ValueError as error:
        raise Invalid(
            "calendar_file_invalid", f"第 {number} 条日期或类型有误", row=number
        ) from error
    special = str(row.get("special") or "").strip().lower() in _TRUE
    return DayChange(on, Day(kind, special), str(row.get("name") or "").strip()[:30])


def _kind(row: Mapping[str, Any]) -> DayKind:
    if "isOffDay" in row:
        return DayKind.HOLIDAY if row["isOffDay"] is True else DayKind.MAKE_UP_WORKDAY
    word = str(row.get("kind") or "").strip()
    short = {"off": DayKind.HOLIDAY, "work": DayKind.MAKE_UP_WORKDAY}
    return short.get(word) or DayKind(word)


def _told_long(changes: Iterable[DayChange]) -> list[DayChange]:
    """Call a holiday long where it and its neighbours in the list are seven days or more."""
    ordered = sorted(changes, key=lambda change: change.on)
    told: list[DayChange] = []
    run: list[DayChange] = []
    for change in [*ordered, None]:
        holiday = change is not None and change.day is not None
        holiday = holiday and change.day.kind is DayKind.HOLIDAY  # type: ignore[union-attr]
        if run and not (holiday and change and change.on - run[-1].on == timedelta(days=1)):
            long = len(run) >= LONG_DAYS
            told += [_long(one) if long else one for one in run]
            run = []
        if change is not None:
            (run if holiday else told).append(change)
    return sorted(told, key=lambda change: change.on)


def _long(change: DayChange) -> DayChange:
    special = change.day is not None and change.day.special
    return DayChange(change.on, Day(DayKind.LONG_HOLIDAY, special), change.name)
