"""What is true of a course: pauses, attendance, support, activities, measurements."""

from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ParticipationPaused,
    ParticipationResumed,
    ProgressionMeasured,
    Score,
    SupportBasisChanged,
)
from services.reporting.progress_facts import (
    ActivityFact,
    AttendanceFact,
    PauseFact,
    ScoreFact,
    SupportFact,
)
from tests.measures.stories import (
    enrolled,
    enrolment,
    of_kind,
    on,
    the,
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
