"""Instants are UTC and aware; a city has its own days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Give the instant as whole milliseconds since 1970, as clients and devices count them."""
    return (instant - EPOCH) // MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """Give the instant that many milliseconds after 1970."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def whole_ms(instant: datetime) -> datetime:
    """Cut the instant to milliseconds, which is what the database keeps."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def city_date(instant: datetime, zone: ZoneInfo) -> date:
    """Give the date on the city's calendar."""
    return instant.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Give the instant at which the city's day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
