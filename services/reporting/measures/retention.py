"""M06: how many of those who came into employment were in employment so many months later."""

from collections.abc import Sequence

from services.intake.events.goals import Retention
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, Part, figure
from services.reporting.measures.reached_stage import persons_at
from services.reporting.measures.spells import (
    Job,
    in_phase,
    jobs_seen,
    joined,
    state_on,
    stretches_of,
)
from services.reporting.measures.survival import Observation, surviving
from shared.clock import plus_months

VERSION = 1


def measure(caseload: Caseload, goal: Retention, as_of: AsOf) -> Figure:
    """Persons in counted employment on anchor + `months` / matured cohort (the official figure).

    Anchor: the first day of the person's first counted employment, in the phase if the goal names
    one. Matured: anchor + `months` calendar months (clipped to the month's last day) is at or
    before the valid day; younger ones are pending. A person counts once.

    Denominator: the matured cohort; or, where the goal names a stage, all persons who reached it
    by the valid day, of whom those are pending who can still count: an anchor that has not
    matured, or none yet while the period lasts.

    In employment, also with another company: in a spell that joins gaps of at most `gap_days`
    days. A job without an end runs through `evidence_days` after its last evidence (its start or
    last change, paid hours reported, a follow-up that says employed_same). A follow-up that says
    not_employed is the last day of a job without an end. Nothing after the valid day is evidence.

    Unknown: matured, and only the evidence ran out; they count as not retained.

    Beside it, part `kaplan_meier`: the probability that the spell which begins with the anchor
    still runs on the day N after it (91, 182, 365 days for 3, 6, 12 months, `months` * 365 // 12
    in all), from everybody with an anchor (n), matured or not. A spell with a job that nobody
    ended is censored on the last day it is known to have run; pending are those censored before
    N. Its interval is the 95 % one.
    """
    day = as_of.valid_on
    retained: set[str] = set()
    matured: set[str] = set()
    young: set[str] = set()
    unknown: set[str] = set()
    spells: list[Observation] = []
    for person_ref, person in caseload.people.items():
        jobs = jobs_seen(caseload, person, day, evidence_days=goal.evidence_days)
        if not jobs or not in_phase(caseload, goal, jobs[0].start_on):
            continue
        anchor = jobs[0].start_on
        spells.append(_first_spell(jobs, goal.gap_days))
        target = plus_months(anchor, goal.months)
        if target > day:
            young.add(person_ref)
            continue
        matured.add(person_ref)
        match state_on(jobs, target, gap_days=goal.gap_days):
            case "employed":
                retained.add(person_ref)
            case "unknown":
                unknown.add(person_ref)
    denominator, pending = matured, young
    if goal.denominator != "matured_cohort":
        denominator = persons_at(caseload, goal.denominator, day)
        may_come = set() if day > caseload.period(goal)[1] else denominator - matured
        pending = denominator & (young | may_come)
    return figure(
        as_of,
        measure="M06",
        measure_version=VERSION,
        variant="official",
        counted=retained,
        denominator=denominator,
        denominator_name=goal.denominator,
        unknown=len(unknown & denominator),
        pending=len(pending),
        period=caseload.period_as_given(goal),
        parameters={
            "months": goal.months,
            "gap_days": goal.gap_days,
            "evidence_days": goal.evidence_days,
            "denominator": goal.denominator,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
        parts=(_kaplan_meier(spells, goal.months * 365 // 12),),
    )


def _first_spell(jobs: Sequence[Job], gap_days: int) -> Observation:
    start_on, end_on = joined(stretches_of(jobs), gap_days)[0]
    spell = [job for job in jobs if job.start_on <= end_on]
    if all(job.ended for job in spell):
        return Observation((end_on - start_on).days + 1, happened=True)
    return Observation((max(job.seen_on for job in spell) - start_on).days, happened=False)


def _kaplan_meier(spells: Sequence[Observation], days: int) -> Part:
    estimate = surviving(spells, days)
    return Part(
        name="kaplan_meier",
        value=estimate.value,
        quantity="probability",
        counting_unit="person",
        n=len(spells),
        pending=sum(not spell.happened and spell.days < days for spell in spells),
        interval=estimate.interval,
    )
