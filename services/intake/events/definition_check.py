"""What the types cannot say of a definition: periods that run forward, ids that name one thing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeAlias

from services.intake.events.conformity import last_counted_day
from services.intake.events.definition import Codes, Definition, Goal, Period, Term
from shared.clock import plus_duration
from shared.imprecise_date import bounds

Problem: TypeAlias = tuple[str, str]


def problems(definition: Definition) -> list[Problem]:
    """All that is wrong, as (JSONPath into the definition, why); empty when it can be used."""
    return [
        *_of_period("$.period", definition.period),
        *_of_goal_window(definition),
        *_repeated("$.sites", "id", [site.id for site in definition.sites]),
        *_of_phases(definition),
        *_of_codes(definition.codes),
        *_of_aftercare(definition),
        *_of_goals(definition.goals, {phase.id for phase in definition.phases}),
    ]


def _of_period(path: str, period: Period) -> Iterator[Problem]:
    days = {}
    for name, text in (("start", period.start), ("end", period.end)):
        try:
            days[name] = bounds(text)
        except ValueError as error:
            yield f"{path}.{name}", f"{text!r} means no day: {error}"
    if len(days) == 2 and days["end"][1] < days["start"][0]:
        yield f"{path}.end", f"{period.end} lies before the start, {period.start}"


def _of_goal_window(definition: Definition) -> Iterator[Problem]:
    path = "$.goal_window"
    if _is_nothing(definition.goal_window):
        yield path, "a duration is longer than nothing"
        return
    try:
        bounds(definition.period.end)
    except ValueError:
        return  # said of the period already
    try:
        last_counted_day(definition)
    except (ValueError, OverflowError):
        yield path, "it ends after the last day of the calendar"


def _of_phases(definition: Definition) -> Iterator[Problem]:
    yield from _repeated("$.phases", "id", [phase.id for phase in definition.phases])
    for index, phase in enumerate(definition.phases):
        yield from _of_period(f"$.phases[{index}].period", phase.period)


def _of_codes(codes: Codes) -> Iterator[Problem]:
    for name in codes.__struct_fields__:
        terms: tuple[Term, ...] = getattr(codes, name)
        yield from _repeated(f"$.codes.{name}", "code", [term.code for term in terms])
        for index, term in enumerate(terms):
            if (term.valid_to or date.max) < (term.valid_from or date.min):
                yield (
                    f"$.codes.{name}[{index}].valid_to",
                    f"{term.valid_to} lies before valid_from, {term.valid_from}",
                )


def _of_aftercare(definition: Definition) -> Iterator[Problem]:
    path = "$.aftercare.touchpoints"
    touchpoints = definition.aftercare.touchpoints
    yield from _repeated(path, "id", [touchpoint.id for touchpoint in touchpoints])
    for index, touchpoint in enumerate(touchpoints):
        if _is_nothing(touchpoint.offset):
            yield f"{path}[{index}].offset", "a duration is longer than nothing"


def _of_goals(goals: Sequence[Goal], phases: Iterable[str]) -> Iterator[Problem]:
    yield from _repeated("$.goals", "id", [goal.id for goal in goals])
    for index, goal in enumerate(goals):
        if goal.phase is not None and goal.phase not in phases:
            yield f"$.goals[{index}].phase", f"{goal.phase!r} is none of the phases"
        if goal.target is not None and goal.target_share is not None:
            yield f"$.goals[{index}].target_share", "a goal has a target or a target_share"


def _repeated(path: str, field: str, ids: Sequence[str]) -> Iterator[Problem]:
    """Every id that stands for a second thing, where it does."""
    seen: Counter[str] = Counter()
    for index, item in enumerate(ids):
        seen[item] += 1
        if seen[item] > 1:
            yield f"{path}[{index}].{field}", f"{item!r} stands there already"


def _is_nothing(duration: str) -> bool:
    day = date(2000, 1, 1)
    return plus_duration(day, duration) == day
