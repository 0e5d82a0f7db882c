"""Whether a command fits its programme's definition: known codes, in time, within the period."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, TypeAlias, get_type_hints

from msgspec import Meta

from services.intake.events.definition import Definition, Term
from shared.clock import copenhagen_day, plus_duration
from shared.command import Command
from shared.errors import InvalidField, Late
from shared.fact_days import fact_days, first_day_of
from shared.identifiers import Code
from shared.imprecise_date import first_day, last_day


def _of_list(name: str) -> Meta:
    return Meta(description=f"A code of the programme's list {name}.", extra={"codes": name})


TargetGroupCode: TypeAlias = Annotated[Code, _of_list("target_groups")]
BenefitCode: TypeAlias = Annotated[Code, _of_list("benefits")]
ReferrerCode: TypeAlias = Annotated[Code, _of_list("referrers")]
ReasonCode: TypeAlias = Annotated[Code, _of_list("reasons")]
DestinationCode: TypeAlias = Annotated[Code, _of_list("destinations")]

LATE = "LATE"
OUTSIDE_PROGRAMME = "OUTSIDE_PROGRAMME"


@cache
def _coded_fields(kind: type[Command]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, meta.extra["codes"])
        for name, hint in get_type_hints(kind, include_extras=True).items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, Meta) and meta.extra and "codes" in meta.extra
    )


def refuse_unknown_codes(command: Command, definition: Definition, day: date) -> None:
    """Refuse a code that is not in the programme's list, or not valid on the day."""
    for name, list_name in _coded_fields(type(command)):
        terms: tuple[Term, ...] = getattr(definition.codes, list_name)
        code = getattr(command, name)
        if not any(term.code == code and term.valid_on(day) for term in terms):
            raise InvalidField(f"$.{name}", f"{code!r} is no code of {list_name} valid on {day}")


def last_counted_day(definition: Definition) -> date:
    """The programme's end plus its goal window: the last day that can matter to a goal."""
    return plus_duration(last_day(definition.period.end), definition.goal_window)


def check(command: Command, definition: Definition, at: datetime) -> list[str]:
    """The flags with which the command is accepted, or a refusal.

    Late is measured from the last day that the command states to the day of its registration.
    Flags: LATE (beyond the limit, but with a reason), OUTSIDE_PROGRAMME.
    """
    days = fact_days(command)
    refuse_unknown_codes(command, definition, first_day_of(command, copenhagen_day(at)))
    if not days:
        return []
    flags = []
    path, latest = max(days, key=lambda item: item[1])
    registered_on = copenhagen_day(command.registered_at or at)
    if registered_on - latest > timedelta(days=definition.late_after_days):
        if command.late_reason is None:
            raise Late(path, (registered_on - latest).days, definition.late_after_days)
        flags.append(LATE)
    earliest = min(day for _, day in days)
    if earliest < first_day(definition.period.start) or latest > last_counted_day(definition):
        flags.append(OUTSIDE_PROGRAMME)
    return flags
