"""What the types cannot say of a definition: periods that run forward, ids that name one thing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeAlias

from services.intake.events.conformity import last_counted_day
from services.intake.events.definition import (
    Codes,
    Definition,
    EnteredEmployment,
    Goal,
    Period,
    ReachedStage,
    Retention,
    Term,
)
from shared.clock import plus_duration, plus_months
from shared.fact_days import EARLIEST_YEAR, LATEST_YEAR
from shared.imprecise_date import bounds, last_day

Problem: TypeAlias = tuple[str, str]


def problems(definition: Definition) -> list[Problem]:
    """All that is wrong, as (JSONPath into the definition, why); empty when it can be used."""
    found = [
        *_of_year("$.effective_from", definition.effective_from),
        *_of_period("$.period", definition.period),
        *_of_goal_window(definition.goal_window),
        *_repeated("$.sites", "id", [site.id for site in definition.sites]),
        *_of_phases(definition),
        *_of_codes(definition.codes),
        *_of_aftercare(definition),
        *_of_goals(definition.goals, {phase.id for phase in definition.phases}),
    ]
    # How long goals are followed is computed from all the rest, so that must be right first.
    return found or list(_of_goals_followed_for_too_long(definition))


def _of_year(path: str, day: date) -> Iterator[Problem]:
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        yield path, f"not a day of {EARLIEST_YEAR} to {LATEST_YEAR}"


def _of_period(path: str, period: Period) -> Iterator[Problem]:
    days = {}
    for name, text in (("start", period.start), ("end", period.end)):
        try:
            days[name] = bounds(text)
        except ValueError as error:
            yield f"{path}.{name}", f"{text!r} means no day: {error}"
        else:
            yield from _of_year(f"{path}.{name}", days[name][0])
    if len(days) == 2 and days["end"][1] < days["start"][0]:
        yield f"{path}.end", f"{period.end} lies before the start, {period.start}"


def _of_goal_window(goal_window: str) -> Iterator[Problem]:
    if _is_nothing(goal_window):
        yield "$.goal_window", "a duration is longer than nothing"


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


def _of_goals_followed_for_too_long(definition: Definition) -> Iterator[Problem]:
    """A goal that can still change after the goal window would never be decided by its end."""
    last_on = last_counted_day(definition)
    ends = {phase.id: last_day(phase.period.end) for phase in definition.phases}
    for index, goal in enumerate(definition.goals):
        end = ends[goal.phase] if goal.phase is not None else last_day(definition.period.end)
        match goal:
            case ReachedStage():
                field, followed_until = "phase", end
            case EnteredEmployment(days_after=days):
                field, followed_until = "days_after", end + timedelta(days=days)
            case Retention(months=months):
                field, followed_until = "months", plus_months(end, months)
        if followed_until > last_on:
            yield (
                f"$.goals[{index}].{field}",
                f"the goal is followed until {followed_until}, the goal window ends on {last_on}",
            )


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
