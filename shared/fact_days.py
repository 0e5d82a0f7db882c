"""Days in commands and events: which of them are facts of the world, and so cannot lie in the future."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from msgspec import Meta, Struct

from shared.clock import copenhagen_day
from shared.errors import FutureDate, InvalidField

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199

FactDay = Annotated[
    date, Meta(description="A day in the world (Europe/Copenhagen); not in the future.")
]
PlannedDay = Annotated[date, Meta(description="A planned, agreed or due day; may lie ahead.")]

FactYear = Annotated[
    int, Meta(ge=EARLIEST_YEAR, le=2100, description="A year in the world; it has begun.")
]
FactWeek = Annotated[
    str,
    Meta(pattern=r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])(?!\n)$", description="An ISO week: 2022-W17."),
]


@cache
def _declared(kind: type[Struct], as_type: object) -> tuple[str, ...]:
    """The fields that are said to be of the type, also where they may be left out."""
    said = get_args(as_type)[1]
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name, hint in hints.items() if _says(hint, said))


def _says(hint: object, said: object) -> bool:
    if said in getattr(hint, "__metadata__", ()):
        return True
    return any(_says(member, said) for member in get_args(hint))


def _stated(said: Struct, as_type: object) -> list[tuple[str, Any]]:
    values = ((name, getattr(said, name)) for name in _declared(type(said), as_type))
    return [(f"$.{name}", value) for name, value in values if value is not None]


def fact_days(said: Struct) -> list[tuple[str, date]]:
    """The facts' days in a command or an event, with their paths."""
    return _stated(said, FactDay)


def told_days(said: Struct) -> list[tuple[str, date]]:
    """The same, and of every week the last day."""
    weeks = [(path, days_of_week(week)[1]) for path, week in _stated(said, FactWeek)]
    return fact_days(said) + weeks


def days_of_week(week: str) -> tuple[date, date]:
    """Monday and Sunday of an ISO week; refuses a week 53 of a year that has none."""
    year, number = week.split("-W")
    try:
        monday = date.fromisocalendar(int(year), int(number), 1)
        return monday, monday + timedelta(days=6)
    except (ValueError, OverflowError):
        raise InvalidField("$.week", f"{week} is in no calendar") from None


def first_day_of(said: Struct, otherwise: date) -> date:
    """The day that a command or an event is about: its first fact's, or `otherwise`."""
    days = fact_days(said)
    return days[0][1] if days else otherwise


def refuse_impossible_days(said: Struct, at: datetime) -> None:
    """Refuse a fact that has not happened yet, and any day that is surely a slip of the pen."""
    for name in said.__struct_fields__:
        day = getattr(said, name)
        if isinstance(day, date) and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise InvalidField(f"$.{name}", f"not a day of {EARLIEST_YEAR} to {LATEST_YEAR}")
    today = copenhagen_day(at)
    for path, day in fact_days(said):
        if day > today:
            raise FutureDate(path, day, today)
    for path, year in _stated(said, FactYear):
        if year > today.year:
            raise FutureDate(path, date(year, 1, 1), today)
