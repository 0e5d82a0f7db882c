"""What the events of one entity make true."""

import msgspec
import pytest
from msgspec.inspect import type_info

from services.aftercare.events import (
    AftercareAccepted,
    AftercareClosed,
    AftercareDeclined,
    AftercarePlanAgreed,
    AftercarePlanRevised,
    AftercareWithdrawn,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    Touchpoint,
)
from services.intake.events import ParticipantEnrolled, ProgrammeOpened, ReferralDeclined
from services.intake.events.definition import Definition, checksum_of
from services.intake.events.in_force import DefinitionFact
from services.placement.events import (
    EmploymentChanged,
    PlacementCancelled,
    PlacementEnded,
    PlacementPersonChanged,
    PracticeEnded,
    PracticeExtended,
    WageHoursChanged,
)
from services.reporting.aftercare_facts import (
    AnswerFact,
    FollowUpFact,
    PlanFact,
    TouchpointFact,
)
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import FACTS
from services.reporting.placement_facts import PlacedFact, StrandFact, WageStatementFact
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
    of_kind,
    on,
    placement,
    practice,
    the,
    transferred,
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
    facts = enrolment(
        "anna", assessed("01-05"), enrolled("01-10"), began("01-11"), completed("06-30")
    )
    assert the(EnrolmentFact, facts) == EnrolmentFact(
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
    fact = the(EnrolmentFact, enrolment("anna", *events))
    return fact.first_assessed_on, fact.eligible


def test_the_latest_assessment_holds_and_the_first_one_is_remembered():
    assert eligibility(assessed("02-01"), assessed("04-01", "not_eligible")) == (on("02-01"), False)
    assert eligibility(assessed("04-01"), assessed("02-01", "not_eligible")) == (on("02-01"), True)
    assert eligibility(assessed("02-01"), assessed("02-01", "not_eligible")) == (on("02-01"), False)


def test_a_declined_referral_stays_a_fact():
    declined = ReferralDeclined(declined_on=on("01-09"), reason="full")
    fact = the(EnrolmentFact, enrolment("anna", declined))
    assert (fact.declined_on, fact.reason, fact.start_on) == (on("01-09"), "full", None)


def test_a_transfer_says_where_the_person_went_on():
    story = (enrolled("01-10"), began("01-11"), transferred("05-01", "skoven", "anna-e2"))
    fact = the(EnrolmentFact, enrolment("anna", *story))
    assert (fact.transferred_on, fact.to_programme, fact.linked_enrolment, fact.clock_carried) == (
        on("05-01"),
        "skoven",
        "anna-e2",
        False,
    )


def test_coming_back_names_the_enrolment_before():
    again = ParticipantEnrolled(
        start_on=on("06-01"), planned_end_on=on("12-01"), previous_enrolment="anna-e1"
    )
    fact = the(EnrolmentFact, enrolment("anna", again, spell=2))
    assert (fact.previous_enrolment, fact.planned_end_on) == ("anna-e1", on("12-01"))


def segments(*events):
    """Kind, minutes, first day of all, first day and last day of each strand."""
    return [
        (fact.kind, fact.weekly_minutes, fact.begun_on, fact.start_on, fact.end_on)
        for fact in of_kind(StrandFact, placement("anna", *events))
    ]


def changed(day, kind, minutes):
    return EmploymentChanged(kind=kind, from_on=on(day), weekly_minutes=minutes, open_ended=True)


def test_a_change_ends_one_segment_the_day_before_and_begins_another():
    assert segments(
        job("02-01", "small_job", 300),
        changed("04-01", "part_time", 900),
        changed("06-15", "full_time", 2220),
        job_ended("08-31"),
    ) == [
        ("small_job", 300, on("02-01"), on("02-01"), on("03-31")),
        ("part_time", 900, on("02-01"), on("04-01"), on("06-14")),
        ("full_time", 2220, on("02-01"), on("06-15"), on("08-31")),
    ]


def test_changes_follow_each_other_by_their_days_whatever_was_recorded_first():
    assert segments(
        job("02-01", "small_job", 300),
        changed("06-15", "full_time", 2220),
        changed("04-01", "part_time", 900),
    ) == [
        ("small_job", 300, on("02-01"), on("02-01"), on("03-31")),
        ("part_time", 900, on("02-01"), on("04-01"), on("06-14")),
        ("full_time", 2220, on("02-01"), on("06-15"), None),
    ]


def test_wage_hours_that_changed_end_with_the_placement():
    assert segments(
        wage_hours("02-01", 300),
        WageHoursChanged(from_on=on("03-01"), weekly_minutes=600),
        PlacementEnded(end_on=on("05-31"), reason="other"),
    ) == [
        (None, 300, on("02-01"), on("02-01"), on("02-28")),
        (None, 600, on("02-01"), on("03-01"), on("05-31")),
    ]


def test_a_change_of_the_last_day_lasts_a_day():
    assert segments(
        wage_hours("02-01", 300),
        WageHoursChanged(from_on=on("03-01"), weekly_minutes=600),
        wage_hours_ended("03-01"),
    ) == [
        (None, 300, on("02-01"), on("02-01"), on("02-28")),
        (None, 600, on("02-01"), on("03-01"), on("03-01")),
    ]


def test_what_was_said_of_days_after_the_end_makes_no_strand():
    """No command can say it, but a fold refuses nothing."""
    story = (job("02-01", "small_job", 300), changed("06-01", "full_time", 2220))
    assert segments(*story, job_ended("05-01")) == [
        ("small_job", 300, on("02-01"), on("02-01"), on("05-01"))
    ]


def test_changed_wage_hours_are_paid_from_their_day():
    later = WageHoursChanged(from_on=on("03-01"), weekly_minutes=600)
    assert said(placement("anna", wage_hours("02-01"), later)) == [
        ("2022-02-01", "2022-02-01", "paid"),
        ("2022-03-01", "2022-03-01", "paid"),
    ]


def test_practice_keeps_its_planned_end_as_it_was_extended_last():
    longer = PracticeExtended(new_end_on=on("06-30"), ground="other")
    fact = the(StrandFact, placement("anna", practice("02-01", planned_end="04-30"), longer))
    assert (fact.planned_end_on, fact.end_on) == (on("06-30"), None)


def test_of_a_cancelled_placement_only_the_agreement_is_true():
    never = PlacementCancelled(cancelled_on=on("02-01"), reason="other")
    facts = placement("anna", practice("02-01", "none"), wage_hours("02-01"), never)
    assert the(PlacedFact, facts).cancelled_on == on("02-01")
    assert of_kind(StrandFact, facts) == of_kind(WageStatementFact, facts) == []


def test_a_placement_belongs_to_the_person_it_was_given_to_last():
    other = PlacementPersonChanged(person_ref="anne")
    facts = placement("anna", practice("02-01"), other)
    assert {the(PlacedFact, facts).person_ref, the(StrandFact, facts).person_ref} == {"anne"}


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
    assert ends(facts) == [("wage_hours", "2022-05-31"), ("wage_hours", "2022-03-31")]


def test_that_wage_hours_are_unknown_is_a_statement_too():
    facts = placement("anna", practice("02-01", "none"), practice("04-01", "unknown"))
    assert said(facts) == [
        ("2022-02-01", "2022-02-01", "none"),
        ("2022-04-01", "2022-04-01", "unknown"),
    ]


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


def test_who_withdraws_has_answered_again():
    assert answers(
        AftercareAccepted(party="citizen", accepted_on=on("02-01")),
        AftercareWithdrawn(party="citizen", withdrawn_on=on("03-01")),
    ) == [("citizen", "accepted", on("02-01")), ("citizen", "withdrawn", on("03-01"))]


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


def revised(day, anchor, *touchpoints):
    return AftercarePlanRevised(
        placement="anna-brod", revised_on=on(day), anchor_on=on(anchor), touchpoints=touchpoints
    )


def test_a_rescheduled_contact_is_due_with_its_window_on_the_new_day():
    later = FollowUpRescheduled(touchpoint="m1", new_due_on=on("03-10"), rescheduled_on=on("02-20"))
    fact = touchpoint(later)
    assert (fact.window_from, fact.due_on, fact.window_to, fact.offset) == (
        on("03-05"),
        on("03-10"),
        on("03-15"),
        "P1M",
    )


def test_what_the_clock_missed_before_it_was_rescheduled_is_not_missed():
    fact = touchpoint(
        FollowUpMissed(touchpoint="m1", due_on=on("02-28")),
        FollowUpRescheduled(touchpoint="m1", new_due_on=on("03-10"), rescheduled_on=on("02-20")),
    )
    assert not fact.missed


def test_a_waived_contact_knows_its_day():
    fact = touchpoint(FollowUpWaived(touchpoint="m1", waived_on=on("02-20"), reason="other"))
    assert (fact.waived_on, fact.held_on, fact.missed) == (on("02-20"), None, False)


def test_the_latest_plan_holds_and_what_was_held_stays_held():
    facts = plan(
        follow_up("02-27", "employed_same", "m1"),
        revised(
            "03-10",
            "01-31",
            Touchpoint("m1", "citizen", "P1M", 5),
            Touchpoint("m3", "citizen", "P3M", 7),
        ),
    )
    assert [
        (fact.touchpoint, fact.due_on, fact.held_on) for fact in of_kind(TouchpointFact, facts)
    ] == [("m1", on("02-28"), on("02-27")), ("m3", on("04-30"), None)]


def test_a_revised_plan_counts_from_its_own_day():
    facts = plan(revised("03-10", "03-01", Touchpoint("m1", "citizen", "P1M", 5)))
    assert the(PlanFact, facts).anchor_on == on("03-01")
    assert the(PlanFact, facts).agreed_on == on("02-02")
    assert the(TouchpointFact, facts).due_on == on("04-01")


def test_a_closed_plan_knows_its_day():
    closed = AftercareClosed(closed_on=on("05-01"), reason="other")
    assert the(PlanFact, plan(closed)).closed_on == on("05-01")


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
