"""Findings: where a programme's facts leave a hole or disagree with each other, on a day."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date

from msgspec import Struct

from services.aftercare import events as aftercare
from services.intake import events as intake
from services.intake.events.goals import Text
from services.placement import events as placement
from services.reporting import contradictions
from services.reporting.caseload import Caseload
from services.reporting.contradictions import Case
from services.reporting.figure import AsOf
from shared.envelope import Event


class Evidence(Struct, frozen=True, kw_only=True):
    """An event behind a finding, and where it stands."""

    id: str
    type: str
    stream: str
    position: int
    subject: str


class Finding(Struct, frozen=True, kw_only=True):
    """Something that somebody should look at, and whose facts it is about.

    `count` is in `counting_unit`; `subjects` are the entities whose events disagree, or leave
    the hole; `evidence` those events, where it was asked for.
    """

    code: str
    count: int
    counting_unit: str = "person"
    people: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    message: Text
    programme: str
    moment: str
    valid_on: date
    evidence: tuple[Evidence, ...] = ()


class Search(Struct, frozen=True, kw_only=True):
    """What is looked for, what it counts, and which events of its subjects tell of it."""

    message: Text
    cases: Callable[[Caseload, AsOf], Iterable[Case]]
    told_by: tuple[type[Event], ...]
    counting_unit: str = "person"


LATE_REGISTRATION = "LATE_REGISTRATION"
LATE_IMPORT = "LATE_IMPORT"

_BEGAN = (
    placement.PlacementAgreed,
    placement.PracticeStarted,
    placement.WageHoursBegan,
    placement.EmploymentStarted,
)
_IN_AND_OUT = (
    intake.ParticipantReferred,
    intake.ReferralDeclined,
    intake.ReferralWithdrawn,
    intake.ParticipantEnrolled,
    intake.ParticipationNeverStarted,
    intake.ParticipantDroppedOut,
    intake.ParticipantCompleted,
    intake.ParticipantTransferred,
)

SEARCHES: Mapping[str, Search] = {
    "WAGE_HOURS_UNKNOWN": Search(
        message=Text(
            da="I praktik, men det vides ikke, om der er løntimer",
            en="In training, but whether with wage hours is not known",
        ),
        cases=contradictions.wage_hours_unknown,
        told_by=(
            placement.PracticeStarted,
            placement.WageHoursBegan,
            placement.WageHoursReported,
            placement.WageHoursEnded,
        ),
    ),
    "PLACED_NOT_ENROLLED": Search(
        message=Text(
            da="I gang hos en virksomhed uden at være indskrevet den dag, det begyndte",
            en="With a company without being enrolled on the day it began",
        ),
        cases=contradictions.placed_not_enrolled,
        told_by=(*_BEGAN, *_IN_AND_OUT),
    ),
    "EMPLOYMENT_AFTER_END": Search(
        message=Text(
            da="Praktik efter forløbets slutning, eller løn under et forløb uden start",
            en="Training after the end of the enrolment, or paid work under one that never began",
        ),
        cases=contradictions.employment_after_end,
        told_by=(*_BEGAN, *_IN_AND_OUT),
    ),
    "OVERLAPPING_ENROLMENTS": Search(
        message=Text(
            da="To forløb i samme indsats på samme tid",
            en="Two enrolments in the programme at the same time",
        ),
        cases=contradictions.overlapping_enrolments,
        told_by=_IN_AND_OUT,
    ),
    "CO_ENROLMENT": Search(
        message=Text(
            da="Samtidig i en anden indsats",
            en="In another programme at the same time",
        ),
        cases=contradictions.co_enrolment,
        told_by=_IN_AND_OUT,
    ),
    "WAGE_HOURS_WITHOUT_PLACEMENT": Search(
        message=Text(
            da="Indberettede løntimer i en periode uden løntimer eller ansættelse",
            en="Paid hours reported of a time without wage hours or employment",
        ),
        cases=contradictions.wage_hours_without_placement,
        told_by=(
            placement.WageHoursReported,
            placement.WageHoursBegan,
            placement.WageHoursEnded,
            placement.EmploymentStarted,
            placement.EmploymentEnded,
            placement.PlacementEnded,
        ),
    ),
    "MISSING_END": Search(
        message=Text(
            da="Slutter ikke, selv om slutdatoen er passeret eller sporet er koldt",
            en="Has no end, though the planned one is past or nothing has been heard since",
        ),
        cases=contradictions.missing_end,
        told_by=(
            intake.ParticipantEnrolled,
            placement.PracticeStarted,
            placement.PracticeExtended,
            placement.EmploymentStarted,
            placement.EmploymentChanged,
        ),
    ),
    LATE_REGISTRATION: Search(
        message=Text(
            da="Registreret for sent, med begrundelse", en="Registered late, for a reason"
        ),
        cases=contradictions.late_registration,
        told_by=(Event,),
        counting_unit="event",
    ),
    LATE_IMPORT: Search(
        message=Text(
            da="Registreret sent ved import af fortiden",
            en="Registered late by an import of the past",
        ),
        cases=contradictions.late_import,
        told_by=(Event,),
        counting_unit="event",
    ),
    "OPENING_OVERFILLED": Search(
        message=Text(
            da="Flere placeringer end pladser i jobåbningen",
            en="More placements than positions in the opening",
        ),
        cases=contradictions.opening_overfilled,
        told_by=(placement.OpeningReported, placement.PlacementAgreed),
        counting_unit="opening",
    ),
    "CONTACT_AFTER_DECLINE": Search(
        message=Text(
            da="Virksomheden er spurgt om borgeren, efter at borgeren sagde nej til efterværn",
            en="The company was asked about a citizen who wanted no aftercare",
        ),
        cases=contradictions.contact_after_decline,
        told_by=(
            aftercare.FollowUpCompleted,
            aftercare.AftercareAccepted,
            aftercare.AftercareDeclined,
            aftercare.AftercareWithdrawn,
        ),
    ),
}
"""By code, in the order in which they are told."""


def findings(caseload: Caseload, as_of: AsOf) -> list[Finding]:
    """Everything that was found on the valid day; nothing that was looked for in vain."""
    found = ((code, list(it.cases(caseload, as_of))) for code, it in SEARCHES.items())
    return [_finding(code, cases, as_of) for code, cases in found if cases]


def _finding(code: str, cases: Collection[Case], as_of: AsOf) -> Finding:
    return Finding(
        code=code,
        count=len({case.counts for case in cases}),
        counting_unit=SEARCHES[code].counting_unit,
        people=tuple(sorted({person for case in cases for person in case.people})),
        subjects=tuple(sorted({subject for case in cases for subject in case.subjects})),
        message=SEARCHES[code].message,
        programme=as_of.programme,
        moment=as_of.moment,
        valid_on=as_of.valid_on,
    )
