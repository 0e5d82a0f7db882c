"""Placement's own view of intake: who may be placed, and until when they practise."""

from collections.abc import Sequence
from datetime import date

import pytest

from services.intake.events import (
    EnrolmentEvent,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipationNeverStarted,
    ParticipationStarted,
)
from services.placement.enrolled import EnrolledFact, fold
from shared.facts import Fact
from tests.measures.stories import recorded

REFERRED = ParticipantReferred(
    programme="jobsporet",
    person_ref="p-1",
    site="ikast",
    referred_by="job_centre",
    target_group="activity_ready",
    benefit="cash_benefit",
    referred_on=date(2022, 1, 3),
)
ENROLLED = ParticipantEnrolled(start_on=date(2022, 1, 10))
STARTED = ParticipationStarted(first_attended_on=date(2022, 1, 12))
END = date(2022, 5, 31)


def enrolled(*events: EnrolmentEvent) -> Sequence[Fact]:
    return list(fold("e-1", recorded("intake", "enrolment", "e-1", events)))


def fact(ended_on: date | None) -> EnrolledFact:
    return EnrolledFact(
        enrolment="e-1",
        person_ref="p-1",
        programme="jobsporet",
        site="ikast",
        start_on=date(2022, 1, 10),
        ended_on=ended_on,
    )


def test_who_is_referred_is_not_enrolled_yet() -> None:
    assert enrolled(REFERRED) == []
    assert enrolled(REFERRED, ENROLLED) == [fact(None)]


@pytest.mark.parametrize(
    "end",
    [
        ParticipantCompleted(end_on=END, destination="employment"),
        ParticipantDroppedOut(end_on=END, reason="other", destination="not_known"),
    ],
)
def test_who_has_left_was_enrolled_until_then(end: EnrolmentEvent) -> None:
    assert enrolled(REFERRED, ENROLLED, STARTED, end) == [fact(END)]


def test_who_never_started_was_never_enrolled() -> None:
    never = ParticipationNeverStarted(decided_on=END, reason="no_show")
    assert enrolled(REFERRED, ENROLLED, never) == []
