"""Whether a command fits its programme's definition: known codes, in time, within the period."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, TypeAlias, get_args, get_type_hints

from msgspec import Meta, Struct

from services.intake.events.definition import Definition, Term
from shared.clock import copenhagen_day, plus_duration
from shared.command import Command
from shared.errors import InvalidField, Late
from shared.fact_days import first_day_of, told_days
from shared.identifiers import Code
from shared.imprecise_date import first_day, last_day


def _of_list(name: str) -> Meta:
    return Meta(description=f"A code of the programme's list {name}.", extra={"codes": name})


TargetGroupCode: TypeAlias = Annotated[Code, _of_list("target_groups")]
BenefitCode: TypeAlias = Annotated[Code, _of_list("benefits")]
ReferrerCode: TypeAlias = Annotated[Code, _of_list("referrers")]
ReasonCode: TypeAlias = Annotated[Code, _of_list("reasons")]
DestinationCode: TypeAlias = Annotated[Code, _of_list("destinations")]
ActivityCode: TypeAlias = Annotated[Code, _of_list("activities")]
ChallengeCode: TypeAlias = Annotated[Code, _of_list("challenges")]
PurposeCode: TypeAlias = Annotated[Code, _of_list("purposes")]
BasisCode: TypeAlias = Annotated[Code, _of_list("bases")]
IndicatorCode: TypeAlias = Annotated[Code, _of_list("indicators")]
InstrumentCode: TypeAlias = Annotated[Code, _of_list("instruments")]
ProblemCode: TypeAlias = Annotated[Code, _of_list("problems")]
ActionCode: TypeAlias = Annotated[Code, _of_list("actions")]
ProblemOutcomeCode: TypeAlias = Annotated[Code, _of_list("problem_outcomes")]

LATE = "LATE"
OUTSIDE_PROGRAMME = "OUTSIDE_PROGRAMME"


@cache
def _coded_fields(kind: type[Struct]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, list_name)
        for name, hint in get_type_hints(kind, include_extras=True).items()
        for list_name in _lists(hint)
    )


def _lists(hint: object) -> Iterator[str]:
    """The code lists that a type names, also one that may be left out."""
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.extra and "codes" in meta.extra:
            yield meta.extra["codes"]
    for member in get_args(hint):
        yield from _lists(member)


def refuse_unknown_codes(said: Struct, definition: Definition, day: date) -> None:
    """Refuse a code of a command or an event that is not in the programme's list on the day."""
    for name, list_name in _coded_fields(type(said)):
        terms: tuple[Term, ...] = getattr(definition.codes, list_name)
        code = getattr(said, name)
        if code is None:
            continue
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
    outside = vetted(command, definition, at)
    days = told_days(command)
    if not days:
        return []
    path, latest = max(days, key=lambda item: item[1])
    registered_on = copenhagen_day(command.registered_at or at)
    if registered_on - latest <= timedelta(days=definition.late_after_days):
        return outside
    if command.late_reason is None:
        raise Late(path, (registered_on - latest).days, definition.late_after_days)
    return [LATE, *outside]


def vetted(said: Struct, definition: Definition, at: datetime) -> list[str]:
    """The flags of a command's or a corrected event's data, or a refusal of their codes.

    A correction is never late: it comes when somebody finds out, and gives its reason.
    """
    refuse_unknown_codes(said, definition, first_day_of(said, copenhagen_day(at)))
    days = [day for _, day in told_days(said)]
    if not days:
        return []
    before = min(days) < first_day(definition.period.start)
    return [OUTSIDE_PROGRAMME] if before or max(days) > last_counted_day(definition) else []
