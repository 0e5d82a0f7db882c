"""M01: how many reached a stage (henvist, visiteret, indskrevet, begyndt, gennemført)."""

from datetime import date
from typing import Literal, TypeAlias

from services.intake.events.goals import ReachedStage
from services.reporting.caseload import Caseload
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf, Figure, figure

VERSION = 1

Stage: TypeAlias = Literal["referred", "assessed", "enrolled", "started", "completed"]


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
        if (day := _reached_on(enrolment, goal.stage)) is not None
        and start <= day <= min(end, as_of.valid_on)
    }
    return figure(
        as_of,
        measure="M01",
        measure_version=VERSION,
        variant=goal.stage,
        counted=counted,
        period=caseload.period_as_given(goal),
        parameters={"stage": goal.stage},
    )


def persons_at(caseload: Caseload, stage: Stage, by: date) -> set[str]:
    """Who had reached the stage by the day, within the period or not: a denominator."""
    return {
        enrolment.person_ref
        for enrolment in caseload.enrolments
        if (day := _reached_on(enrolment, stage)) is not None and day <= by
    }


def _reached_on(enrolment: EnrolmentFact, stage: Stage) -> date | None:
    match stage:
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
