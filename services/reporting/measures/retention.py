"""M06: how many of those who came into employment were in employment so many months later."""

from datetime import date

from services.intake.events.definition import Retention
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, figure
from services.reporting.measures.spells import state_on
from shared.clock import plus_months

VERSION = 1


def measure(caseload: Caseload, goal: Retention, as_of: AsOf) -> Figure:
    """Persons in counted employment on anchor + `months` / matured cohort (the official figure).

    Anchor: the first day of the person's first counted employment, in the phase if the goal names
    one. Matured: anchor + `months` calendar months (clipped to the month's last day) is at or
    before the valid day; younger ones are pending. A person counts once.

    In employment, also with another company: in a spell that joins gaps of at most `gap_days`
    days. A job without an end runs through `evidence_days` after its last evidence (its start,
    paid hours reported, a follow-up that says employed_same). A follow-up that says not_employed
    is the last day of a job without an end. Nothing after the valid day is evidence.

    Unknown: matured, and only the evidence ran out; they count as not retained.
    """
    start, end = caseload.period(goal)
    retained: set[str] = set()
    matured: set[str] = set()
    unknown = pending = 0
    for person_ref, person in caseload.people.items():
        anchor = next((job.start_on for job in caseload.counted_employments(person)), None)
        if anchor is None or anchor > as_of.valid_on:
            continue
        if goal.phase is not None and not start <= anchor <= end:
            continue
        target = plus_months(anchor, goal.months)
        if target > as_of.valid_on:
            pending += 1
            continue
        matured.add(person_ref)
        match state_on(
            caseload,
            person,
            target,
            by=as_of.valid_on,
            gap_days=goal.gap_days,
            evidence_days=goal.evidence_days,
        ):
            case "employed":
                retained.add(person_ref)
            case "unknown":
                unknown += 1
    return figure(
        as_of,
        measure="M06",
        measure_version=VERSION,
        variant="official",
        counted=retained,
        denominator=matured,
        denominator_name="matured_cohort",
        unknown=unknown,
        pending=pending,
        period=(start, end),
        parameters={
            "months": goal.months,
            "gap_days": goal.gap_days,
            "evidence_days": goal.evidence_days,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
    )


def last_counted_on(caseload: Caseload, goal: Retention) -> date:
    """The last day that can add to the figure: the months after the period's end."""
    return plus_months(caseload.period(goal)[1], goal.months)
