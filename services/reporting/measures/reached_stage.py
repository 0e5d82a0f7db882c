"""M01: how many reached a stage (henvist, visiteret, indskrevet, begyndt, gennemført)."""

from datetime import date

from services.intake.events.definition import ReachedStage
from services.reporting.caseload import Caseload
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf, Figure, figure

VERSION = 1


def measure(caseload: Caseload, goal: ReachedStage, as_of: AsOf) -> Figure:
    """Distinct persons with the stage's day within the period and at or before the valid day.

    Counting: whoever comes back counts once; an enrolment's first assessment counts whatever its
    outcome, a referral also if it was declined later. Window: the goal's phase, or the programme. No
    denominator; nothing is unknown, nobody pending.
    """
    start, end = caseload.period(goal)
    counted = {
        enrolment.person_ref
        for enrolment in caseload.enrolments
        if (day := _reached_on(enrolment, goal)) is not None
        and start <= day <= min(end, as_of.valid_on)
    }
    return figure(
        as_of,
        measure="M01",
        measure_version=VERSION,
        variant=goal.stage,
        counted=counted,
        period=(start, end),
        parameters={"stage": goal.stage},
    )


def last_counted_on(caseload: Caseload, goal: ReachedStage) -> date:
    """The last day that can add to the figure: the period's end."""
    return caseload.period(goal)[1]


def _reached_on(enrolment: EnrolmentFact, goal: ReachedStage) -> date | None:
    match goal.stage:
        case "referred":
            return enrolment.referred_on
        case "assessed":
            return enrolment.first_assessed_on
        case "enrolled":
            return enrolment.start_on
        case "started":
            return enrolment.first_attended_on
        case "completed":
            return enrolment.completed_on
