"""计费日历 as the console reads and changes it."""

from typing import Any

from handlers import tariff_answers as answers
from handlers.base import Handler, action
from handlers.shows import Shown, show_stay
from handlers.tariff_answers import show_year
from server.domain.insight.queries import affected_stays
from server.domain.tariff import change_calendar, import_calendar
from server.domain.tariff import schema as forms
from server.domain.tariff.queries import calendar_year, calendar_years
from server.kernel.access import Audience


class Years(Handler):
    """`/calendar-years`."""

    path = "/api/console/calendar-years"
    audience = Audience.CONSOLE

    @action("计费日历列表", permit="tariff.read", answer=answers.Years)
    async def get(self) -> Shown:
        """List every calendar's years."""
        return {"items": [show_year(one) for one in await self.run(calendar_years)]}

    @action("导入节假日安排", permit="calendar.edit", body=forms.CalendarFileBody, answer=answers.YearShown)  # fmt: skip
    async def post(self, **body: Any) -> Any:
        """Take a year from the State Council's list."""
        return show_year(await self.run(import_calendar, **body))


class Year(Handler):
    """`/calendar-years/{year_id}`."""

    path = "/api/console/calendar-years/{year_id}"
    audience = Audience.CONSOLE

    @action("年度日历", permit="tariff.read", answer=answers.YearShown)
    async def get(self, year_id: str) -> Any:
        """Read a year."""
        return show_year(await self.run(calendar_year, year_id=year_id))

    @action("修改日期", permit="calendar.edit", body=forms.DaysBody, answer=answers.YearShown)
    async def put(self, year_id: str, **body: Any) -> Any:
        """Say of some dates what kind of day they are."""
        return show_year(await self.run(change_calendar, year_id=year_id, **body))


class Affected(Handler):
    """`/calendar-years/{year_id}/affected-stays`."""

    path = "/api/console/calendar-years/{year_id}/affected-stays"
    audience = Audience.CONSOLE

    @action("受影响的停车记录", permit="tariff.read", query=forms.DatesQuery, answer=answers.AffectedStays)  # fmt: skip
    async def get(self, year_id: str, **query: Any) -> Shown:
        """List stays that were priced on these dates; they keep their price until corrected."""
        year = await self.run(calendar_year, year_id=year_id)
        found = await self.run(affected_stays, calendar_id=year.calendar_id, **query)
        return {"items": [show_stay(one) for one in found]}
