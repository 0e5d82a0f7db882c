"""M09: how many were still with their first company (samme arbejdsgiver) so many months later."""

from msgspec import Struct

from services.intake.events.goals import SameEmployerRetention
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, figure, part
from services.reporting.measures.spells import in_phase, jobs_seen, state_on
from shared.clock import plus_months

VERSION = 1

ALWAYS_SHOWN = (3, 6)


class _Cohort(Struct, frozen=True):
    retained: set[str]
    matured: set[str]
    unknown: int
    pending: int


def measure(caseload: Caseload, goal: SameEmployerRetention, as_of: AsOf) -> Figure:
    """Persons with the same company on anchor + `months` / matured cohort.

    Anchor: the first day of the person's first counted employment, in the phase if the goal names
    one. The same company: a counted job runs on the day at the company of the anchor (any, if
    several began that day), in whatever placement; no gaps are joined. Matured: anchor + `months`
    calendar months (clipped) is at or before the valid day; younger ones are pending. A person
    counts once. A job without an end runs through `evidence_days` after its last evidence, a
    follow-up that says not_employed is its last day.

    Unknown: matured, and only the evidence ran out; they count as not retained. The parts are the
    same after 3 and after 6 months.
    """
    cohort = _after(caseload, goal, as_of, goal.months)
    others = {months: _after(caseload, goal, as_of, months) for months in ALWAYS_SHOWN}
    return figure(
        as_of,
        measure="M09",
        measure_version=VERSION,
        counted=cohort.retained,
        denominator=cohort.matured,
        denominator_name="matured_cohort",
        unknown=cohort.unknown,
        pending=cohort.pending,
        period=caseload.period_as_given(goal),
        parameters={
            "months": goal.months,
            "evidence_days": goal.evidence_days,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
        parts=tuple(
            part(
                f"P{months}M",
                other.retained,
                other.matured,
                unknown=other.unknown,
                pending=other.pending,
            )
            for months, other in others.items()
        ),
    )


def _after(caseload: Caseload, goal: SameEmployerRetention, as_of: AsOf, months: int) -> _Cohort:
    retained: set[str] = set()
    matured: set[str] = set()
    unknown = pending = 0
    for person_ref, person in caseload.people.items():
        jobs = jobs_seen(caseload, person, as_of.valid_on, evidence_days=goal.evidence_days)
        if not jobs or not in_phase(caseload, goal, jobs[0].start_on):
            continue
        anchor = jobs[0].start_on
        target = plus_months(anchor, months)
        if target > as_of.valid_on:
            pending += 1
            continue
        matured.add(person_ref)
        companies = {job.company for job in jobs if job.start_on == anchor}
        there = [job for job in jobs if job.company in companies]
        match state_on(there, target, gap_days=0):
            case "employed":
                retained.add(person_ref)
            case "unknown":
                unknown += 1
    return _Cohort(retained, matured, unknown, pending)
