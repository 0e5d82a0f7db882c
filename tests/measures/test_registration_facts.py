"""When things happened, and when they were registered."""

import pytest
from msgspec.structs import replace

from services.reporting.facts import FOLDS
from services.reporting.registration_facts import RegistrationFact
from tests.measures.stories import (
    aftercare,
    folded,
    follow_up,
    of_kind,
    on,
    placement,
    practice,
    recorded,
    referral,
    the,
)
from tests.measures.test_problem_facts import RAISED
from tests.measures.test_progress_facts import attended


def registered(*events, **how):
    history = recorded("intake", "enrolment", "anna-e1", (referral("anna"), *events), **how)
    return of_kind(RegistrationFact, list(FOLDS["intake", "enrolment"]("anna-e1", history)))


def test_every_event_with_a_day_tells_when_it_happened_and_when_it_was_registered():
    facts = registered(attended("2022-W17", 5, 4), registered="2022-07-01", flags="LATE")
    assert [
        (fact.event_type, fact.occurred_on, fact.registered_on, fact.flags) for fact in facts
    ] == [
        ("ParticipantReferred", on("01-03"), on("07-01"), "LATE"),
        ("AttendanceRecorded", on("05-01"), on("07-01"), "LATE"),
    ]
    assert {fact.subject for fact in facts} == {"intake.enrolment.anna-e1"}


def test_an_evening_in_london_is_the_next_day_in_copenhagen():
    [record] = recorded("intake", "enrolment", "anna-e1", (referral("anna"),))
    late = record.envelope.registered_at.replace(month=6, day=30, hour=22)
    history = [replace(record, envelope=replace(record.envelope, registeredat=late))]
    fact = the(RegistrationFact, list(FOLDS["intake", "enrolment"]("anna-e1", history)))
    assert fact.registered_on == on("2023-07-01")


@pytest.mark.parametrize(
    "facts",
    [
        placement("anna", practice("02-01")),
        aftercare("anna", follow_up("02-28", "unknown"), anchor="01-31"),
        folded("aftercare", "problem", "pr-1", RAISED),
    ],
)
def test_placements_plans_and_problems_tell_it_too(facts):
    assert {fact.person_ref for fact in of_kind(RegistrationFact, facts)} == {"anna"}
    assert {fact.programme for fact in of_kind(RegistrationFact, facts)} == {"havnen"}
