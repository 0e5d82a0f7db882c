"""Days, instants and calendar steps, as Denmark counts them."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def copenhagen_day(at: datetime) -> date:
    """The calendar day in Denmark at an instant."""
    return at.astimezone(COPENHAGEN).date()


def plus_months(day: date, months: int) -> date:
    """The same day so many calendar months on, clipped to the month's last day."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


_DURATION = re.compile(r"P(?:(\d{1,4})D|(\d{1,3})W|(\d{1,3})M|(\d{1,2})Y)")
DURATION_PATTERN = r"^P(\d{1,4}D|\d{1,3}W|\d{1,3}M|\d{1,2}Y)(?!\n)$"


def plus_duration(day: date, duration: str) -> date:
    """A day plus an ISO 8601 duration of one unit: P7D, P2W, P3M, P1Y."""
    parts = _DURATION.fullmatch(duration)
    if parts is None:
        raise ValueError(f"{duration!r} is not one of P7D, P2W, P3M, P1Y")
    days, weeks, months, years = (int(part or 0) for part in parts.groups())
    return plus_months(day, months + 12 * years) + timedelta(days=days + 7 * weeks)
