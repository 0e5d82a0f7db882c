"""A history told again: what a change breaks is found, what was broken before is left alone."""

from datetime import date

import pytest

from services.intake import enrolment
from services.intake.events import (
    EnrolmentEvent,
    LegalBasisRecorded,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipationNeverStarted,
)
from shared.claim import Release, Take
from shared.correction.replay import Replay, changed_claims, refuse_broken, replayed
from shared.errors import NotPossible
from tests.measures.stories import recorded

REFERRED = ParticipantReferred(
    programme="havnen",
    person_ref="p-1",
    referred_by="job_centre",
    target_group="job_ready",
    benefit="cash",
    referred_on=date(2022, 1, 3),
)
ENROLLED = ParticipantEnrolled(start_on=date(2022, 1, 10))
NEVER_STARTED = ParticipationNeverStarted(decided_on=date(2022, 1, 20), reason="no_show")
BASIS = LegalBasisRecorded(purpose="placement", basis="lab_law", parties=("company",))


def told(*events: EnrolmentEvent) -> Replay:
    return replayed(enrolment, "e-1", recorded("intake", "enrolment", "e-1", events))


def test_a_legal_history_breaks_nowhere() -> None:
    assert told(REFERRED, ENROLLED, NEVER_STARTED).broken == {}


def test_what_a_change_makes_impossible_is_named_with_its_day_or_its_position() -> None:
    with pytest.raises(NotPossible, match=r"ParticipantEnrolled of 2022-01-10 \(e-1-1\)"):
        refuse_broken(told(), told(ENROLLED))
    with pytest.raises(NotPossible, match=r"LegalBasisRecorded at position 1 \(e-1-1\)"):
        refuse_broken(told(), told(BASIS))


def test_what_was_impossible_already_hinders_no_correction() -> None:
    """A rule may have been tightened since it was recorded."""
    refuse_broken(told(ENROLLED), told(ENROLLED))


def test_the_claims_that_differ_are_taken_and_released() -> None:
    never, enrolled, over = told(REFERRED), told(REFERRED, ENROLLED), told(ENROLLED, NEVER_STARTED)
    (taken,) = changed_claims(never, enrolled)
    assert isinstance(taken, Take)
    assert changed_claims(enrolled, never) == [Release(taken.name, taken.key, "e-1")]
    assert changed_claims(enrolled, enrolled) == changed_claims(over, never) == []
