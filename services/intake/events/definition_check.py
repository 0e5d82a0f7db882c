"""What the types cannot say of a definition: periods that run forward, ids that name one thing."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeAlias

from services.intake.events.conformity import last_counted_day
from services.intake.events.definition import (
    Codes,
    Definition,
    Period,
    Term,
)
from services.intake.events.goals import (
    EnteredEmployment,
    Forecast,
    Goal,
    ReachedStage,
    SelfSupportingBenefit,
)
from shared.clock import plus_duration
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
        *_of_goals(definition),
        *_of_limits(definition),
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


def _of_goals(definition: Definition) -> Iterator[Problem]:
    goals = definition.goals
    yield from _repeated("$.goals", "id", [goal.id for goal in goals])
    phases = {phase.id for phase in definition.phases}
    sites = {site.id for site in definition.sites}
    for index, goal in enumerate(goals):
        path = f"$.goals[{index}]"
        if goal.phase is not None and goal.phase not in phases:
            yield f"{path}.phase", f"{goal.phase!r} is none of the phases"
        if goal.target is not None and goal.target_share is not None:
            yield f"{path}.target_share", "a goal has a target or a target_share"
        yield from _unknown(f"{path}.sites", goal.sites, sites, "sites")
        groups = _codes(definition.codes.target_groups)
        yield from _unknown(f"{path}.target_groups", goal.target_groups, groups, "target_groups")
        yield from _of_references(path, goal, definition)


def _of_references(path: str, goal: Goal, definition: Definition) -> Iterator[Problem]:
    """What a goal names of the rest of the definition."""
    match goal:
        case SelfSupportingBenefit(benefits=benefits):
            known = _codes(definition.codes.benefits)
            yield from _unknown(f"{path}.benefits", benefits, known, "benefits")
        case Forecast(goal=name):
            counted = (ReachedStage, EnteredEmployment)
            others = {it.id for it in definition.goals if isinstance(it, counted)}
            yield from _unknown(f"{path}.goal", [name], others, "goals measured by M01 or M04")


def _of_limits(definition: Definition) -> Iterator[Problem]:
    groups = _codes(definition.codes.target_groups)
    for index, limit in enumerate(definition.practice_limits):
        path = f"$.practice_limits[{index}].target_groups"
        yield from _unknown(path, limit.target_groups, groups, "target_groups")


def _codes(terms: Iterable[Term]) -> set[str]:
    return {term.code for term in terms}


def _unknown(
    path: str, names: Iterable[str], known: Collection[str], what: str
) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield path, f"{name!r} is none of the {what}"


def _of_goals_followed_for_too_long(definition: Definition) -> Iterator[Problem]:
    """A goal that can still change after the goal window would never be decided by its end."""
    last_on = last_counted_day(definition)
    last_month = definition.period.end
    ends = {phase.id: phase.period.end for phase in definition.phases}
    for index, goal in enumerate(definition.goals):
        end = ends[goal.phase] if goal.phase is not None else last_month
        followed_until = goal.followed_until(last_day(end))
        if followed_until is not None and followed_until > last_on:
            yield (
                f"$.goals[{index}].{goal.FOLLOWED_BY}",
                f"the goal's period ends {end}; it is followed from there to beyond the"
                f" goal window, {definition.goal_window} after {last_month}",
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
