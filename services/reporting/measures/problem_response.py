"""M15: how many problems got a first action in time, and how long they take to solve."""

from datetime import date, timedelta

from msgspec.structs import replace

from services.intake.events.goals import ProblemResponse
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, Part, figure
from services.reporting.measures.survival import Observation, median_days
from services.reporting.measures.window import days_counted
from services.reporting.problem_facts import ProblemFact

VERSION = 1


def measure(caseload: Caseload, goal: ProblemResponse, as_of: AsOf) -> Figure:
    """Problems first acted on at most `within_days` days after they were raised / all raised.

    Raised at or before the valid day (in the phase, if the goal names one); an action after the
    valid day has not been taken. Solving a problem without an action before is none.

    Pending: not acted on, and the time has not run out. Unknown: nothing, an action that nobody
    recorded was not taken.

    Beside it, `median_days_to_resolved` by Kaplan-Meier over all raised, with its 95 % interval: an
    open problem is censored on the valid day, one closed unsolved on the day it was closed.
    """
    first, last = days_counted(caseload, goal, as_of.valid_on)
    raised = [fact for fact in set(caseload.problems) if first <= fact.raised_on <= last]
    within = timedelta(days=goal.within_days)
    day = as_of.valid_on
    open_still = [
        fact for fact in raised if not _acted(fact, day) and day < fact.raised_on + within
    ]
    found = figure(
        as_of,
        measure="M15",
        measure_version=VERSION,
        counting_unit="problem",
        counted={
            fact.problem for fact in raised if _acted(fact, min(day, fact.raised_on + within))
        },
        denominator={fact.problem for fact in raised},
        denominator_name="raised",
        pending=len(open_still),
        period=caseload.period_as_given(goal),
        parameters={"within_days": goal.within_days},
    )
    return replace(found, parts=(_days_to_resolved(raised, day),))


def _acted(fact: ProblemFact, day: date) -> bool:
    return fact.first_action_on is not None and fact.first_action_on <= day


def _days_to_resolved(raised: list[ProblemFact], day: date) -> Part:
    observed = [_observed(fact, day) for fact in raised]
    estimate = median_days(observed) if observed else None
    return Part(
        name="median_days_to_resolved",
        value=None if estimate is None else estimate.value,
        quantity="days",
        counting_unit="problem",
        n=len(raised),
        pending=sum(not one.happened for one in observed),
        interval=None if estimate is None else estimate.interval,
        counted=tuple(sorted(fact.problem for fact in raised)),
    )


def _observed(fact: ProblemFact, day: date) -> Observation:
    if fact.resolved_on is not None and fact.resolved_on <= day:
        return Observation((fact.resolved_on - fact.raised_on).days, happened=True)
    seen_until = min(day, fact.closed_on or day)
    return Observation((seen_until - fact.raised_on).days, happened=False)
