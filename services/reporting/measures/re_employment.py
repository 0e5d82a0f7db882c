"""M08: how many job losses were followed by a new job in time (genansættelse)."""

from datetime import timedelta
from itertools import zip_longest

from services.intake.events.goals import ReEmployment
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, figure
from services.reporting.measures.spells import in_phase, jobs_seen, joined, stretches_of

VERSION = 1


def measure(caseload: Caseload, goal: ReEmployment, as_of: AsOf) -> Figure:
    """Losses followed by a counted job within `within_days` days / losses observed for so long.

    Loss: the last day of a person's counted employment after which no counted job runs on the
    next day; one of several jobs that ends is none, nor is a move to the next job from one day to
    the other. A change into a kind that doesn't count is one. In the phase if the goal names one.
    Counting: each loss, also several of one person, named by the placement and its last day.

    Observed: the loss lies at least `within_days` days before the valid day. Younger ones are
    censored, whether followed by a job already or not: they are pending. Unknown: none; a job
    without an end is not lost, unless a follow-up said not_employed.
    """
    day = as_of.valid_on
    followed: set[str] = set()
    observed: set[str] = set()
    pending = 0
    for person in caseload.people.values():
        jobs = jobs_seen(caseload, person, day, evidence_days=None)
        stretches = joined(stretches_of(jobs), 0)
        for (_, lost_on), after in zip_longest(stretches, stretches[1:]):
            last = [job for job in jobs if job.through_on == lost_on]
            if not all(job.ended for job in last) or not in_phase(caseload, goal, lost_on):
                continue
            due_on = lost_on + timedelta(days=goal.within_days)
            if due_on > day:
                pending += 1
                continue
            loss = f"{max(job.placement for job in last)}@{lost_on}"
            observed.add(loss)
            if after is not None and after[0] <= due_on:
                followed.add(loss)
    return figure(
        as_of,
        measure="M08",
        measure_version=VERSION,
        counting_unit=goal.UNIT,
        counted=followed,
        denominator=observed,
        denominator_name="observed_losses",
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={
            "within_days": goal.within_days,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
    )
