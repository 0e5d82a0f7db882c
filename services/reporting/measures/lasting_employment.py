"""M05: how many are in lasting employment (varig beskæftigelse) on a day."""

from datetime import date
from itertools import pairwise
from typing import Literal, TypeAlias

from msgspec.structs import replace

from services.intake.events.goals import LastingEmployment
from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.figure import AsOf, Figure, Part, figure, part
from services.reporting.measures.spells import (
    DAY,
    Job,
    Stretch,
    holding,
    in_phase,
    jobs_seen,
    joined,
)

VERSION = 1

State: TypeAlias = Literal["lasting", "pending", "unknown"]


def measure(caseload: Caseload, goal: LastingEmployment, as_of: AsOf) -> Figure:
    """Persons on the valid day in an employment spell that has lasted at least `days` days.

    The spell: days on which the person's counted employments together came to at least
    `weekly_minutes` a week (parallel ones are added, unknown minutes are 0), joined over gaps of
    at most `gap_days` days. It must hold on the valid day itself; it has lasted from its first day
    to the valid day (the difference in days). Where the goal names a phase, the spell must have
    begun in it. A job without an end runs through `evidence_days` after its last evidence (its
    start or last change, paid hours reported, a follow-up that says employed_same); a follow-up
    that says not_employed is its last day.

    `open_ended`: a spell with an open-ended contract on the valid day counts from its first day.
    `flex_counts`: flex jobs are counted too. The parts of these names are the figure with that
    rule added, whatever the goal says of the other; part `pending` are the persons below.

    Pending: in such a spell, but a younger one. Unknown: in none, but would be counted or pending
    if the jobs whose evidence ran out ran on. No denominator.
    """
    states = _states(caseload, goal, as_of.valid_on)
    return figure(
        as_of,
        measure="M05",
        measure_version=VERSION,
        counted=states["lasting"],
        unknown=len(states["unknown"]),
        pending=len(states["pending"]),
        period=caseload.period_as_given(goal),
        parameters={
            "days": goal.days,
            "weekly_minutes": goal.weekly_minutes,
            "open_ended": goal.open_ended,
            "flex_counts": goal.flex_counts,
            "gap_days": goal.gap_days,
            "evidence_days": goal.evidence_days,
            "kinds": list(_counting(caseload, goal).definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
        parts=(
            part("pending", states["pending"]),
            _variant("open_ended", caseload, replace(goal, open_ended=True), as_of),
            _variant("flex_counts", caseload, replace(goal, flex_counts=True), as_of),
        ),
    )


def _variant(name: str, caseload: Caseload, goal: LastingEmployment, as_of: AsOf) -> Part:
    states = _states(caseload, goal, as_of.valid_on)
    return part(
        name,
        states["lasting"],
        unknown=len(states["unknown"]),
        pending=len(states["pending"]),
    )


def _states(caseload: Caseload, goal: LastingEmployment, day: date) -> dict[State, set[str]]:
    states: dict[State, set[str]] = {"lasting": set(), "pending": set(), "unknown": set()}
    counting = _counting(caseload, goal)
    for person_ref, person in caseload.people.items():
        state = _state(counting, person, goal, day)
        if state is not None:
            states[state].add(person_ref)
    return states


def _state(
    caseload: Caseload, person: PersonFacts, goal: LastingEmployment, day: date
) -> State | None:
    jobs = jobs_seen(caseload, person, day, evidence_days=goal.evidence_days)
    spell = _spell_on(caseload, jobs, goal, day)
    if spell is None:
        if_run_on = jobs_seen(caseload, person, day, evidence_days=None)
        return None if _spell_on(caseload, if_run_on, goal, day) is None else "unknown"
    at_once = goal.open_ended and any(job.open_ended and job.through_on >= day for job in jobs)
    return "lasting" if at_once or (day - spell[0]).days >= goal.days else "pending"


def _spell_on(
    caseload: Caseload, jobs: list[Job], goal: LastingEmployment, day: date
) -> Stretch | None:
    long_enough = joined(_at_least(jobs, goal.weekly_minutes), goal.gap_days)
    spell = holding(long_enough, day)
    return spell if spell is not None and in_phase(caseload, goal, spell[0]) else None


def _at_least(jobs: list[Job], weekly_minutes: int) -> list[Stretch]:
    """The stretches on which the jobs that run come to so many minutes a week together."""
    changes = sorted({job.start_on for job in jobs} | {job.through_on + DAY for job in jobs})
    found = []
    for first, following in pairwise(changes):
        running = [job for job in jobs if job.start_on <= first <= job.through_on]
        if running and sum(job.weekly_minutes for job in running) >= weekly_minutes:
            found.append((first, following - DAY))
    return found


def _counting(caseload: Caseload, goal: LastingEmployment) -> Caseload:
    """The same caseload; where the goal says so, flex jobs are counted in it."""
    counted = caseload.definition.counted_employment
    if not goal.flex_counts or "flex_job" in counted.kinds:
        return caseload
    kinds = replace(counted, kinds=(*counted.kinds, "flex_job"))
    return replace(caseload, definition=replace(caseload.definition, counted_employment=kinds))
