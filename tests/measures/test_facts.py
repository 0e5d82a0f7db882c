"""What the events of one entity make true."""

import msgspec
import pytest
from msgspec.inspect import type_info

from services.aftercare.events import (
    AftercareAccepted,
    AftercareDeclined,
    AftercarePlanAgreed,
    FollowUpMissed,
    Touchpoint,
)
from services.intake.events import ProgrammeOpened, ReferralDeclined
from services.intake.events.definition import Definition, checksum_of
from services.intake.events.in_force import DefinitionFact
from services.placement.events import PlacementEnded, PracticeEnded
from services.reporting.aftercare_facts import AnswerFact, FollowUpFact, TouchpointFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import FACTS
from services.reporting.placement_facts import StrandFact, WageStatementFact
from shared.facts import Fact
from tests.measures.stories import (
    DEFINITION,
    aftercare,
    assessed,
    began,
    completed,
    enrolled,
    enrolment,
    folded,
    follow_up,
    hours_reported,
    job,
    job_ended,
    on,
    placement,
    practice,
    wage_hours,
    wage_hours_ended,
)


def ends(facts: list[Fact]) -> list[tuple[str, str | None]]:
    return [
        (fact.strand, fact.end_on and fact.end_on.isoformat())
        for fact in facts
        if isinstance(fact, StrandFact)
    ]


def said(facts: list[Fact]) -> list[tuple[str, str, str]]:
    return [
        (fact.on.isoformat(), fact.through_on.isoformat(), fact.says)
        for fact in facts
        if isinstance(fact, WageStatementFact)
    ]


def plan(*events: object) -> list[Fact]:
    agreed = AftercarePlanAgreed(
        placement="anna-brod",
        agreed_on=on("02-02"),
        anchor_on=on("01-31"),
        touchpoints=(Touchpoint("m1", "citizen", "P1M", 5),),
    )
    return aftercare("anna", agreed, *events, anchor="01-31")


def touchpoint(*events: object) -> TouchpointFact:
    return next(fact for fact in plan(*events) if isinstance(fact, TouchpointFact))


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact_holds_only_what_fits_a_column(kind):
    for field in type_info(kind).fields:
        names = {type(one).__name__ for one in getattr(field.type, "types", (field.type,))}
        assert names <= {"StrType", "IntType", "BoolType", "DateType", "NoneType"}


def test_a_definition_can_be_read_back_from_its_fact():
    opened = ProgrammeOpened(
        programme="havnen",
        definition=DEFINITION,
        definition_version=1,
        checksum=checksum_of(DEFINITION),
        effective_from=on("01-01"),
    )
    [fact] = folded("intake", "programme", "havnen", opened)
    assert isinstance(fact, DefinitionFact)
    assert msgspec.json.decode(fact.definition, type=Definition) == DEFINITION


def test_an_enrolment_keeps_the_day_of_each_stage():
    [fact] = enrolment(
        "anna", assessed("01-05"), enrolled("01-10"), began("01-11"), completed("06-30")
    )
    assert fact == EnrolmentFact(
        enrolment="anna-e1",
        programme="havnen",
        person_ref="anna",
        site="kajen",
        target_group="job_ready",
        benefit="cash",
        referred_on=on("01-03"),
        first_assessed_on=on("01-05"),
        last_assessed_on=on("01-05"),
        eligible=True,
        start_on=on("01-10"),
        first_attended_on=on("01-11"),
        completed_on=on("06-30"),
        destination="job",
    )


def eligibility(*events):
    [fact] = enrolment("anna", *events)
    return fact.first_assessed_on, fact.eligible


def test_the_latest_assessment_holds_and_the_first_one_is_remembered():
    assert eligibility(assessed("02-01"), assessed("04-01", "not_eligible")) == (on("02-01"), False)
    assert eligibility(assessed("04-01"), assessed("02-01", "not_eligible")) == (on("02-01"), True)
    assert eligibility(assessed("02-01"), assessed("02-01", "not_eligible")) == (on("02-01"), False)


def test_a_declined_referral_stays_a_fact():
    [fact] = enrolment("anna", ReferralDeclined(declined_on=on("01-09"), reason="full"))
    assert isinstance(fact, EnrolmentFact)
    assert (fact.declined_on, fact.reason, fact.start_on) == (on("01-09"), "full", None)


def test_the_end_of_a_placement_ends_the_strands_still_open():
    facts = placement(
        "anna",
        practice("02-01"),
        wage_hours("02-15"),
        PracticeEnded(end_on=on("04-30"), reason="other"),
        PlacementEnded(end_on=on("05-31"), reason="other"),
    )
    assert ends(facts) == [("practice", "2022-04-30"), ("wage_hours", "2022-05-31")]


def test_a_job_ends_on_its_own_day_though_registered_after_the_placement_ended():
    facts = placement(
        "anna", job("02-01"), PlacementEnded(end_on=on("05-31"), reason="other"), job_ended("05-10")
    )
    assert ends(facts) == [("employment", "2022-05-10")]


def test_an_end_belongs_to_the_strand_that_began_last_before_it_whatever_was_recorded_first():
    facts = placement("anna", wage_hours("04-01"), wage_hours("02-01"), wage_hours_ended("02-28"))
    assert ends(facts) == [("wage_hours", None), ("wage_hours", "2022-02-28")]
    facts = placement("anna", wage_hours("04-01"), wage_hours("02-01"), wage_hours_ended("05-31"))
    assert ends(facts) == [("wage_hours", "2022-05-31"), ("wage_hours", None)]


def test_wage_hours_unknown_at_the_start_of_practice_is_no_statement():
    assert said(placement("anna", practice("02-01", "unknown"))) == []


def test_each_statement_of_wage_hours_holds_from_its_day():
    facts = placement(
        "anna",
        practice("02-01", "agreed"),
        wage_hours("02-07"),
        wage_hours_ended("02-20"),
        hours_reported("03-01", "03-31", 0),
        hours_reported("04-01", "04-30", 600),
    )
    assert said(facts) == [
        ("2022-02-01", "2022-02-01", "agreed"),
        ("2022-02-07", "2022-02-07", "paid"),
        ("2022-02-21", "2022-02-21", "none"),
        ("2022-03-01", "2022-03-31", "none"),
        ("2022-04-01", "2022-04-01", "paid"),
    ]


def answers(*events):
    facts = aftercare("anna", *events, anchor="01-31")
    return [
        (fact.party, fact.answer, fact.answered_on)
        for fact in facts
        if isinstance(fact, AnswerFact)
    ]


def test_every_answer_to_an_offer_stays_a_fact_with_its_day():
    assert answers(
        AftercareAccepted(party="citizen", accepted_on=on("02-03")),
        AftercareAccepted(party="company", accepted_on=on("02-01")),
        AftercareDeclined(party="citizen", declined_on=on("02-01")),
    ) == [
        ("citizen", "accepted", on("02-03")),
        ("company", "accepted", on("02-01")),
        ("citizen", "declined", on("02-01")),
    ]


def test_of_a_partys_answers_of_one_day_the_one_recorded_last_holds():
    assert answers(
        AftercareAccepted(party="citizen", accepted_on=on("02-01")),
        AftercareDeclined(party="citizen", declined_on=on("02-01")),
    ) == [("citizen", "declined", on("02-01"))]


def test_a_month_after_the_last_of_january_is_the_last_of_february():
    fact = touchpoint()
    assert (fact.window_from, fact.due_on, fact.window_to) == (
        on("02-23"),
        on("02-28"),
        on("03-05"),
    )


def test_a_contact_outside_the_window_leaves_the_touchpoint_missed():
    fact = touchpoint(
        FollowUpMissed(touchpoint="m1", due_on=on("02-28")),
        follow_up("03-06", "employed_same", "m1"),
    )
    assert (fact.held_on, fact.missed) == (on("03-06"), True)


def test_a_contact_within_the_window_counts_though_registered_after_it_was_called_missed():
    fact = touchpoint(
        FollowUpMissed(touchpoint="m1", due_on=on("02-28")),
        follow_up("03-05", "employed_same", "m1"),
    )
    assert (fact.held_on, fact.missed) == (on("03-05"), False)


def test_a_contact_that_no_touchpoint_asked_for_is_a_contact_all_the_same():
    facts = plan(follow_up("02-28", "not_employed"))
    assert [fact.employment_state for fact in facts if isinstance(fact, FollowUpFact)] == [
        "not_employed"
    ]
    assert touchpoint(follow_up("02-28", "not_employed")).held_on is None


def test_nothing_is_true_of_a_referral_that_was_retracted():
    assert folded("intake", "enrolment", "anna-e1", enrolled("01-10")) == []
    assert folded("placement", "placement", "anna-brod", practice("02-01")) == []
    assert folded("aftercare", "plan", "anna-plan", follow_up("02-28", "employed_same")) == []
