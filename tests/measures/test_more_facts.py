"""What the events of a course, a person, a company or a problem make true; and how late they came."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.aftercare.events import (
    AftercareAccepted,
    AftercareClosed,
    AftercareOffered,
    AftercarePlanAgreed,
    AftercarePlanRevised,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    ProblemActionTaken,
    ProblemClosedUnresolved,
    ProblemRaised,
    ProblemResolved,
    Touchpoint,
)
from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ParticipationPaused,
    ParticipationResumed,
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ProgressionMeasured,
    ResidenceChanged,
    Score,
    SupportBasisChanged,
)
from services.placement.events import (
    AgreementEnded,
    AgreementSigned,
    CompanyRegistered,
    CooperationLevelRecorded,
    OpeningReported,
    OpeningWithdrawn,
)
from services.reporting.company_facts import AgreementFact, LevelFact, OpeningFact
from services.reporting.facts import FOLDS
from services.reporting.person_facts import AliasFact, ResidenceFact, survivors
from services.reporting.problem_facts import ProblemFact
from services.reporting.progress_facts import (
    ActivityFact,
    AttendanceFact,
    PauseFact,
    ScoreFact,
    SupportFact,
)
from services.reporting.registration_facts import RegistrationFact
from shared.facts import Fact
from tests.measures.stories import (
    aftercare,
    agreement,
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
    recorded,
    referral,
    the,
    transferred,
    wage_hours,
)


def paused(day):
    return ParticipationPaused(from_on=on(day))


def resumed(day):
    return ParticipationResumed(from_on=on(day))


def attended(week, planned, came):
    return AttendanceRecorded(week=week, planned_days=planned, attended_days=came)


def lives_on(benefit, day, until=None):
    return SupportBasisChanged(
        benefit=benefit, from_on=on(day), to_on=until and on(until), source="register"
    )


def pauses(*events):
    return [
        (fact.from_on, fact.until_on)
        for fact in of_kind(PauseFact, enrolment("anna", enrolled("01-10"), *events))
    ]


def test_a_course_rests_until_it_goes_on():
    assert pauses(paused("02-01"), resumed("02-15"), paused("04-01")) == [
        (on("02-01"), on("02-15")),
        (on("04-01"), None),
    ]


def test_a_pause_may_be_registered_after_a_later_one():
    assert pauses(paused("04-01"), paused("02-01"), resumed("02-15")) == [
        (on("02-01"), on("02-15")),
        (on("04-01"), None),
    ]


def test_attendance_is_of_the_week_that_begins_on_its_monday():
    fact = the(AttendanceFact, enrolment("anna", attended("2022-W17", 5, 4)))
    assert (fact.week_from, fact.planned_days, fact.attended_days) == (on("04-25"), 5, 4)


def test_a_week_that_is_in_no_calendar_is_no_fact():
    assert of_kind(AttendanceFact, enrolment("anna", attended("2022-W53", 5, 4))) == []


def support(*events):
    return [
        (fact.benefit, fact.from_on, fact.to_on, fact.source)
        for fact in of_kind(SupportFact, enrolment("anna", *events))
    ]


def test_the_benefit_of_the_referral_holds_until_something_else_is_said():
    assert support() == [("cash", on("01-03"), None, "referral")]
    assert support(lives_on("sickness", "03-01"), lives_on(None, "05-01")) == [
        ("cash", on("01-03"), on("02-28"), "referral"),
        ("sickness", on("03-01"), on("04-30"), "register"),
        (None, on("05-01"), None, "register"),
    ]


def test_what_was_said_with_an_end_says_nothing_of_later_days():
    assert support(lives_on("sickness", "03-01", "03-31")) == [
        ("cash", on("01-03"), on("02-28"), "referral"),
        ("sickness", on("03-01"), on("03-31"), "register"),
    ]


def test_what_was_said_of_the_day_of_the_referral_replaces_its_benefit():
    assert support(lives_on("sickness", "01-03")) == [("sickness", on("01-03"), None, "register")]


def test_an_activity_and_each_score_of_a_measurement_are_facts():
    measured = ProgressionMeasured(
        instrument="wheel",
        version=2,
        scores=(Score("mood", 3), Score("network", 5)),
        rater="citizen",
        measured_on=on("03-01"),
    )
    facts = enrolment("anna", ActivityCompleted(kind="cv", completed_on=on("02-01")), measured)
    assert the(ActivityFact, facts).completed_on == on("02-01")
    assert [
        (fact.instrument, fact.version, fact.item, fact.score, fact.rater, fact.measured_on)
        for fact in of_kind(ScoreFact, facts)
    ] == [
        ("wheel", 2, "mood", 3, "citizen", on("03-01")),
        ("wheel", 2, "network", 5, "citizen", on("03-01")),
    ]


def test_of_two_measurements_of_one_day_the_one_recorded_last_holds():
    def measured(item, score, *, rater="citizen", version=1):
        return ProgressionMeasured(
            instrument="wheel",
            version=version,
            scores=(Score(item, score),),
            rater=rater,
            measured_on=on("03-01"),
        )

    facts = enrolment(
        "anna",
        measured("mood", 5),
        measured("mood", 1, rater="caseworker"),
        measured("mood", 2, version=2),
        measured("mood", 3),
        measured("network", 4, version=2),
    )
    assert sorted(
        (fact.rater, fact.version, fact.item, fact.score) for fact in of_kind(ScoreFact, facts)
    ) == [
        ("caseworker", 1, "mood", 1),
        ("citizen", 1, "mood", 3),
        ("citizen", 2, "network", 4),
    ]


def person(*events):
    return folded(
        "intake", "person", "anna", PersonRegistered(person_ref="anna", area="by"), *events
    )


def test_a_merge_gives_another_name_until_it_is_reverted():
    merged = PersonsMerged(merged_ref="anne", evidence="same_cpr")
    assert of_kind(AliasFact, person(merged)) == [AliasFact(person_ref="anna", merged_ref="anne")]
    reverted = PersonMergeReverted(merged_ref="anne", evidence="other_birthday")
    assert of_kind(AliasFact, person(merged, reverted)) == []


def test_a_name_leads_through_all_merges_to_the_one_who_survives():
    merges = [AliasFact(person_ref="b", merged_ref="a"), AliasFact(person_ref="c", merged_ref="b")]
    assert survivors(merges) == {"a": "c", "b": "c"}


def test_people_merged_in_a_ring_stay_apart():
    ring = [AliasFact(person_ref="b", merged_ref="a"), AliasFact(person_ref="a", merged_ref="b")]
    assert survivors(ring) == {"a": "a", "b": "b"}


def test_a_person_lives_where_they_were_registered_until_they_move():
    moved = ResidenceChanged(area=None, from_on=on("03-01"))
    assert [(fact.area, fact.from_on) for fact in of_kind(ResidenceFact, person(moved))] == [
        ("by", None),
        (None, on("03-01")),
    ]


COMPANY = CompanyRegistered(cvr="12345678", name="Brødrene", sector="retail")


def company(*events):
    return folded("placement", "company", "cvr12345678", COMPANY, *events)


def level(day, value, *, baseline=False, programme=None):
    return CooperationLevelRecorded(
        on=on(day), level=value, is_baseline=baseline, programme=programme
    )


def test_a_level_is_of_a_programme_or_of_all():
    facts = company(level("01-01", 1, baseline=True, programme="havnen"), level("03-01", 2))
    assert [
        (fact.cvr, fact.programme, fact.on, fact.level, fact.is_baseline)
        for fact in of_kind(LevelFact, facts)
    ] == [
        ("12345678", "havnen", on("01-01"), 1, True),
        ("12345678", None, on("03-01"), 2, False),
    ]


def test_an_agreement_is_in_force_until_it_ends():
    signed = AgreementSigned(
        kind="cooperation", parties=("housing", "job_centre"), from_on=on("01-01")
    )
    ended = AgreementEnded(
        kind="cooperation",
        parties=("job_centre", "housing"),
        from_on=on("01-01"),
        to_on=on("06-30"),
    )
    assert the(AgreementFact, company(signed)).to_on is None
    fact = the(AgreementFact, company(signed, ended))
    assert (fact.parties, fact.from_on, fact.to_on) == (
        "housing job_centre",
        on("01-01"),
        on("06-30"),
    )


def opening(*events, positions=1):
    reported = OpeningReported(
        company="brod",
        kind="small_job",
        positions=positions,
        weekly_minutes_min=300,
        weekly_minutes_max=900,
        carved=True,
        origin="job_carver",
        sector="retail",
        requirements=("cv", "truck"),
        reported_on=on("01-05"),
        programme="havnen",
    )
    return folded("placement", "opening", "op-1", reported, *events)


def test_an_opening_may_be_withdrawn():
    gone = OpeningWithdrawn(withdrawn_on=on("02-01"), reason="filled")
    fact = the(OpeningFact, opening(gone))
    assert (fact.requirements, fact.positions, fact.withdrawn_on) == ("cv truck", 1, on("02-01"))


RAISED = ProblemRaised(
    placement="anna-brod",
    enrolment="anna-e1",
    person_ref="anna",
    programme="havnen",
    company="brod",
    raised_by="company",
    category="transport",
    severity=2,
    raised_on=on("03-01"),
)


def problem(*events):
    return the(ProblemFact, folded("aftercare", "problem", "pr-1", RAISED, *events))


def test_a_problem_is_acted_on_first_on_the_earliest_day():
    later = ProblemActionTaken(action="call", acted_on=on("03-09"))
    first = ProblemActionTaken(action="call", acted_on=on("03-02"))
    solved = ProblemResolved(resolved_on=on("03-20"), outcome="solved")
    fact = problem(later, first, solved)
    assert (fact.first_action_on, fact.resolved_on, fact.closed_on) == (
        on("03-02"),
        on("03-20"),
        None,
    )


def test_a_problem_may_be_given_up():
    given_up = ProblemClosedUnresolved(closed_on=on("04-01"), reason="other")
    assert (problem(given_up).closed_on, problem(given_up).resolved_on) == (on("04-01"), None)


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


OFFER = AftercareOffered(
    placement="anna-brod",
    enrolment="anna-e1",
    person_ref="anna",
    programme="havnen",
    company="brod",
    offered_on=on("01-31"),
    anchor_on=on("01-31"),
)

STORIES = {
    ("intake", "enrolment"): (
        referral("anna"),
        enrolled("01-10"),
        paused("02-01"),
        resumed("02-15"),
        attended("2022-W53", 5, 5),
        lives_on("sickness", "03-01", "02-01"),
        transferred("05-01", "skoven", "anna-e2"),
    ),
    ("intake", "person"): (
        PersonRegistered(person_ref="anna"),
        PersonsMerged(merged_ref="anne", evidence="same_cpr"),
        PersonMergeReverted(merged_ref="anne", evidence="other"),
        ResidenceChanged(area="by", from_on=on("02-01")),
    ),
    ("placement", "placement"): (
        agreement("anna"),
        practice("02-01"),
        wage_hours("02-10"),
        hours_reported("02-01", "02-28", 600),
        job("03-01"),
        job_ended("04-01"),
    ),
    ("placement", "company"): (
        COMPANY,
        level("01-01", 1),
        AgreementEnded(kind="k", parties=(), from_on=on("01-01"), to_on=on("02-01")),
    ),
    ("aftercare", "plan"): (
        OFFER,
        AftercareAccepted(party="citizen", accepted_on=on("02-01")),
        AftercarePlanAgreed(
            placement="anna-brod",
            agreed_on=on("02-02"),
            anchor_on=on("01-31"),
            touchpoints=(Touchpoint("m1", "citizen", "P1M", 5),),
        ),
        FollowUpRescheduled(touchpoint="m1", new_due_on=on("03-10"), rescheduled_on=on("02-20")),
        follow_up("03-09", "employed_same", "m1"),
        FollowUpWaived(touchpoint="m1", waived_on=on("03-12"), reason="other"),
        FollowUpMissed(touchpoint="m1", due_on=on("03-10")),
        AftercarePlanRevised(
            placement="anna-brod", revised_on=on("03-20"), anchor_on=on("01-31"), touchpoints=()
        ),
        AftercareClosed(closed_on=on("05-01"), reason="other"),
    ),
    ("aftercare", "problem"): (
        RAISED,
        ProblemActionTaken(action="call", acted_on=on("03-09")),
        ProblemResolved(resolved_on=on("03-20"), outcome="solved"),
    ),
}
"""Not all of them legal: a fold doesn't refuse."""


@pytest.mark.parametrize(("service", "entity"), STORIES)
@settings(deadline=None)
@given(data=st.data())
def test_no_subset_of_a_history_is_refused(service, entity, data):
    events = STORIES[service, entity]
    kept = data.draw(st.lists(st.sampled_from(range(len(events))), unique=True).map(sorted))
    facts = folded(service, entity, "x-1", *(events[index] for index in kept))
    assert all(isinstance(fact, Fact) for fact in facts)
    if 0 not in kept:
        assert facts == [] or entity == "person"
