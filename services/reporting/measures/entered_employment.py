"""M04: how many came into ordinary employment (kom i ordinær beskæftigelse)."""

from datetime import date, timedelta

from services.intake.events.goals import EnteredEmployment
from services.reporting.caseload import Caseload, PersonFacts, exit_on
from services.reporting.figure import AsOf, Figure, figure
from services.reporting.measures.reached_stage import persons_at
from services.reporting.measures.spells import entries

VERSION = 1


def measure(caseload: Caseload, goal: EnteredEmployment, as_of: AsOf) -> Figure:
    """Distinct persons whose first counted employment began in time, at or before the valid day.

    In time: from the period's start until `days_after` days after the person's exit or the
    period's end, whichever is first. The exit is that of the latest enrolment (never started,
    dropped out, completed or transferred). A start before the period's start doesn't count, nor
    does a change of what had begun and counted before; several jobs are one person. The job need
    not last.

    Denominator: distinct persons referred, enrolled, started or completed by the valid day, as
    the goal names it. It decides the share, never the value.

    Pending: of the denominator, those without a job whose time has not run out. Unknown: nobody,
    a job that nobody recorded is none.
    """
    start, end = caseload.period(goal)
    day = as_of.valid_on
    counted: set[str] = set()
    pending = 0
    denominator = persons_at(caseload, goal.denominator, day)
    for person_ref, person in caseload.people.items():
        limit = _limit(person, end, goal.days_after, day)
        first = next((job_on for job_on in entries(caseload, person) if job_on >= start), None)
        if first is not None and first <= min(limit, day):
            counted.add(person_ref)
        elif person_ref in denominator and day < limit and (first is None or first > day):
            pending += 1
    return figure(
        as_of,
        measure="M04",
        measure_version=VERSION,
        counted=counted,
        denominator=denominator,
        denominator_name=goal.denominator,
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={
            "days_after": goal.days_after,
            "denominator": goal.denominator,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
    )


def _limit(person: PersonFacts, end: date, days_after: int, day: date) -> date:
    enrolment = person.latest_enrolment(day)
    left_on = None if enrolment is None else exit_on(enrolment)
    # An exit after the valid day has not happened yet, seen from there.
    known_exit = left_on if left_on is not None and left_on <= day else end
    return min(known_exit, end) + timedelta(days=days_after)
