"""Days in commands: which of them are facts of the world, and so cannot lie in the future."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, get_args, get_type_hints

from msgspec import Meta

from shared.clock import copenhagen_day
from shared.command import Command
from shared.errors import FutureDate, InvalidField

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199

FactDay = Annotated[
    date, Meta(description="A day in the world (Europe/Copenhagen); not in the future.")
]
PlannedDay = Annotated[date, Meta(description="A planned, agreed or due day; may lie ahead.")]

_FACT = get_args(FactDay)[1]


@cache
def _fact_fields(kind: type[Command]) -> tuple[str, ...]:
    return tuple(
        name
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if _FACT in getattr(hint, "__metadata__", ())
    )


def fact_days(command: Command) -> list[tuple[str, date]]:
    """The facts' days in a command, with their paths."""
    return [(f"$.{name}", getattr(command, name)) for name in _fact_fields(type(command))]


def first_day_of(command: Command, otherwise: date) -> date:
    """The day that the command is about: its first fact's, or `otherwise`."""
    days = fact_days(command)
    return days[0][1] if days else otherwise


def refuse_impossible_days(command: Command, at: datetime) -> None:
    """Refuse a fact that has not happened yet, and any day that is surely a slip of the pen."""
    for name in command.__struct_fields__:
        day = getattr(command, name)
        if isinstance(day, date) and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise InvalidField(f"$.{name}", f"not a day of {EARLIEST_YEAR} to {LATEST_YEAR}")
    today = copenhagen_day(at)
    for path, day in fact_days(command):
        if day > today:
            raise FutureDate(path, day, today)
