"""Findings: where a programme's facts leave a hole or disagree with each other."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from services.intake.events.definition import Text
from services.reporting.caseload import Caseload, exit_on
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf
from services.reporting.partition import partition
from services.reporting.placement_facts import StrandFact

WAGE_HOURS_UNKNOWN = "WAGE_HOURS_UNKNOWN"
PLACED_NOT_ENROLLED = "PLACED_NOT_ENROLLED"


class Finding(Struct, frozen=True, kw_only=True):
    """Something that somebody should look at, and whose facts it is about."""

    code: str
    count: int
    people: tuple[str, ...]
    message: Text
    programme: str
    moment: str
    valid_on: date


def findings(caseload: Caseload, as_of: AsOf) -> list[Finding]:
    """Everything that was found on the valid day; nothing that was looked for in vain."""
    found = [
        (
            WAGE_HOURS_UNKNOWN,
            partition(caseload, as_of).people["training_wage_hours_unknown"],
            Text(
                da="I praktik, men det vides ikke, om der er løntimer",
                en="In training, but whether with wage hours is not known",
            ),
        ),
        (
            PLACED_NOT_ENROLLED,
            _placed_not_enrolled(caseload, as_of.valid_on),
            Text(
                da="I gang hos en virksomhed uden at være indskrevet den dag, det begyndte",
                en="With a company without being enrolled on the day it began",
            ),
        ),
    ]
    return [
        Finding(
            code=code,
            count=len(people),
            people=people,
            message=message,
            programme=as_of.programme,
            moment=as_of.moment,
            valid_on=as_of.valid_on,
        )
        for code, people, message in found
        if people
    ]


def _placed_not_enrolled(caseload: Caseload, day: date) -> tuple[str, ...]:
    enrolments = {fact.enrolment: fact for fact in caseload.enrolments}
    return _people(
        strand
        for strand in caseload.strands
        if strand.start_on <= day and not _allowed(strand, enrolments.get(strand.enrolment))
    )


def _allowed(strand: StrandFact, enrolment: EnrolmentFact | None) -> bool:
    """Whether the enrolment had begun; practice must also begin before its end.

    Paid hours and jobs after it are what the programme is for.
    """
    if enrolment is None or enrolment.start_on is None or strand.start_on < enrolment.start_on:
        return False
    left_on = exit_on(enrolment)
    return strand.strand != "practice" or left_on is None or strand.start_on <= left_on


def _people(strands: Iterable[StrandFact]) -> tuple[str, ...]:
    return tuple(sorted({strand.person_ref for strand in strands}))
