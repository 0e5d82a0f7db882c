"""Beside its steps an enrolment holds what was said of the person: each once, on a day it can be of."""

from datetime import UTC, date, datetime

import pytest

from services.intake import enrolment
from services.intake.enrolment_commands import (
    ChangeSupportBasis,
    CompleteActivity,
    EnrolmentCommand,
    GiveConsent,
    MeasureProgression,
    NoteChallenge,
    RecordAttendance,
    RecordLegalBasis,
    WithdrawConsent,
)
from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ChallengeNoted,
    ConsentGiven,
    ConsentWithdrawn,
    EnrolmentEvent,
    LegalBasisRecorded,
    ParticipantCompleted,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationStarted,
    ProgressionMeasured,
    ReferralDeclined,
    Score,
    SupportBasisChanged,
)
from services.intake.events.conformity import check
from services.intake.known import Known
from shared.errors import SluseError
from tests.definitions import DEFINITION
from tests.rules.given import NOW, Given, folded, given


def day(number: int) -> date:
    return date(2022, 3, number)


REFERRED = ParticipantReferred(
    programme="jobsporet",
    person_ref="p-1",
    site="ikast",
    referred_by="job_centre",
    target_group="activity_ready",
    benefit="cash_benefit",
    referred_on=day(2),  # Wednesday of 2022-W09
)
DECLINED = ReferralDeclined(declined_on=day(23), reason="other")
ENROLLED = ParticipantEnrolled(start_on=day(7))
STARTED = ParticipationStarted(first_attended_on=day(9))
COMPLETED = ParticipantCompleted(end_on=day(23), destination="employment")  # Wednesday of W12
TRANSFERRED = ParticipantTransferred(
    transferred_on=day(23), to_programme="next", linked_enrolment="e-2", clock_carried=False
)

NEW: tuple[EnrolmentEvent, ...] = ()
ACTIVE = (REFERRED, ENROLLED, STARTED)
OVER = (*ACTIVE, COMPLETED)
ANY_STAGE = [(REFERRED,), (REFERRED, ENROLLED), ACTIVE, OVER, (REFERRED, DECLINED)]


def basis(law: str = "lab_law") -> RecordLegalBasis:
    return RecordLegalBasis(
        command_id="c", enrolment="e-1", purpose="placement", basis=law, parties=("company",)
    )


def consent(on: date, *parties: str) -> GiveConsent:
    return GiveConsent(
        command_id="c", enrolment="e-1", purpose="placement", parties=parties, from_on=on
    )


def take_back(on: date, *parties: str) -> WithdrawConsent:
    return WithdrawConsent(
        command_id="c", enrolment="e-1", purpose="placement", parties=parties, withdrawn_on=on
    )


def attend(week: str, attended: int = 2, planned: int = 3) -> RecordAttendance:
    return RecordAttendance(
        command_id="c", enrolment="e-1", week=week, planned_days=planned, attended_days=attended
    )


def activity(on: date) -> CompleteActivity:
    return CompleteActivity(command_id="c", enrolment="e-1", kind="cv", completed_on=on)


def live_on(
    benefit: str | None, from_on: date, to_on: date | None = None, source: str = "register"
) -> ChangeSupportBasis:
    return ChangeSupportBasis(
        command_id="c",
        enrolment="e-1",
        benefit=benefit,
        from_on=from_on,
        to_on=to_on,
        source=source,
    )


def measure(on: date, *scores: Score) -> MeasureProgression:
    return MeasureProgression(
        command_id="c",
        enrolment="e-1",
        instrument="progress_scale",
        version=2,
        scores=scores,
        rater="citizen",
        measured_on=on,
    )


def challenge(on: date) -> NoteChallenge:
    return NoteChallenge(command_id="c", enrolment="e-1", category="transport", noted_on=on)


LAWFUL = LegalBasisRecorded(purpose="placement", basis="lab_law", parties=("company",))
GIVEN = ConsentGiven(purpose="placement", parties=("company",), from_on=day(10))
TAKEN_BACK = ConsentWithdrawn(purpose="placement", parties=("company",), withdrawn_on=day(18))
ATTENDED = AttendanceRecorded(week="2022-W11", planned_days=3, attended_days=2)
ACTIVITY = ActivityCompleted(kind="cv", completed_on=day(15))
BENEFIT = SupportBasisChanged(benefit="cash_benefit", from_on=day(1), source="register")
MEASURED = ProgressionMeasured(
    instrument="progress_scale",
    version=2,
    scores=(Score("finds_work", 3), Score("daily_structure", 4)),
    rater="citizen",
    measured_on=day(15),
)
CHALLENGE = ChallengeNoted(category="transport", noted_on=day(15))

ALL: list[tuple[EnrolmentCommand, EnrolmentEvent]] = [
    (basis(), LAWFUL),
    (consent(day(10), "company"), GIVEN),
    (attend("2022-W11"), ATTENDED),
    (activity(day(15)), ACTIVITY),
    (live_on("cash_benefit", day(1)), BENEFIT),
    (measure(day(15), Score("finds_work", 3), Score("daily_structure", 4)), MEASURED),
    (challenge(day(15)), CHALLENGE),
]


def after(*history: EnrolmentEvent, at: datetime = NOW) -> Given:
    return given(enrolment, *history, known=Known(DEFINITION), at=at)


@pytest.mark.parametrize("history", ANY_STAGE)
@pytest.mark.parametrize(("command", "event"), ALL)
def test_what_happened_until_the_end_is_recorded_in_any_stage(
    history: tuple[EnrolmentEvent, ...], command: EnrolmentCommand, event: EnrolmentEvent
) -> None:
    after(*history).when(command).then(event)


@pytest.mark.parametrize("command", [command for command, _ in ALL])
def test_nothing_is_recorded_of_an_enrolment_that_nobody_was_referred_by(
    command: EnrolmentCommand,
) -> None:
    after().when(command).refused("STATE")


@pytest.mark.parametrize(
    "command",
    [consent(day(1), "company"), attend("2022-W08"), activity(day(1)), challenge(day(1))],
)
def test_what_belongs_to_the_course_does_not_lie_before_the_referral(
    command: EnrolmentCommand,
) -> None:
    after(*ACTIVE).when(command).refused("STATE")


@pytest.mark.parametrize("end", [COMPLETED, TRANSFERRED])
@pytest.mark.parametrize(
    "command",
    [consent(day(24), "company"), attend("2022-W13"), activity(day(24)), challenge(day(24))],
)
def test_what_belongs_to_the_course_does_not_lie_after_its_end(
    end: EnrolmentEvent, command: EnrolmentCommand
) -> None:
    after(*ACTIVE, end).when(command).refused("STATE")


def test_the_weeks_of_the_referral_and_of_the_end_belong_to_the_course() -> None:
    for week in ("2022-W09", "2022-W12"):
        after(*OVER).when(attend(week)).then(
            AttendanceRecorded(week=week, planned_days=3, attended_days=2)
        )


def test_what_a_person_lives_on_may_change_before_the_referral_and_after_the_end() -> None:
    after(*OVER).when(live_on("cash_benefit", date(2021, 5, 1), day(31))).then(
        SupportBasisChanged(
            benefit="cash_benefit", from_on=date(2021, 5, 1), to_on=day(31), source="register"
        )
    )
    after(*OVER).when(live_on(None, date(2022, 4, 1))).then(
        SupportBasisChanged(benefit=None, from_on=date(2022, 4, 1), source="register")
    )


def test_a_support_basis_does_not_end_before_it_begins() -> None:
    after(*ACTIVE).when(live_on("cash_benefit", day(10), day(9))).refused("STATE", "$.to_on")
    after(*ACTIVE).when(live_on(None, day(10), day(10))).then(
        SupportBasisChanged(benefit=None, from_on=day(10), to_on=day(10), source="register")
    )


def test_what_a_person_lives_on_may_be_said_anew_and_taken_back() -> None:
    other = SupportBasisChanged(benefit=None, from_on=day(1), source="register")
    after(*ACTIVE, BENEFIT).when(live_on(None, day(1))).then(other)
    after(*ACTIVE, BENEFIT, other).when(live_on("cash_benefit", day(1))).then(BENEFIT)


def test_two_sources_may_say_different_things_of_one_day() -> None:
    told = SupportBasisChanged(benefit=None, from_on=day(1), source="citizen")
    after(*ACTIVE, BENEFIT).when(live_on(None, day(1), source="citizen")).then(told)
    after(*ACTIVE, BENEFIT, told).when(live_on("cash_benefit", day(1))).then()


def test_progress_is_measured_from_the_referral_on_and_also_after_the_end() -> None:
    score = Score("finds_work", 5)
    after(*OVER).when(measure(day(1), score)).refused("STATE")
    after(*OVER).when(measure(day(30), score)).then(
        ProgressionMeasured(
            instrument="progress_scale",
            version=2,
            scores=(score,),
            rater="citizen",
            measured_on=day(30),
        )
    )


def test_an_item_has_one_score() -> None:
    twice = (Score("finds_work", 3), Score("daily_structure", 4), Score("finds_work", 4))
    after(*ACTIVE).when(measure(day(15), *twice)).refused("INVALID_FIELD", "$.scores[2].item")


def test_a_measurement_has_a_score() -> None:
    after(*ACTIVE).when(measure(day(15))).refused("INVALID_FIELD", "$.scores")


def test_a_week_has_one_record_which_other_numbers_correct() -> None:
    after(*ACTIVE, ATTENDED).when(attend("2022-W11")).then()
    after(*ACTIVE, ATTENDED).when(attend("2022-W11", attended=3)).refused("STATE", "$.week")


def test_nobody_comes_on_more_days_than_were_planned() -> None:
    after(*ACTIVE).when(attend("2022-W11", attended=4)).refused("INVALID_FIELD", "$.attended_days")
    after(*ACTIVE).when(attend("2022-W11", attended=0, planned=0)).then(
        AttendanceRecorded(week="2022-W11", planned_days=0, attended_days=0)
    )


def test_a_week_that_runs_has_attendance_and_one_to_come_has_not() -> None:
    sunday_night = datetime(2022, 3, 13, 22, 59, tzinfo=UTC)  # 23:59 in Denmark
    monday = datetime(2022, 3, 13, 23, 0, tzinfo=UTC)
    after(*ACTIVE, at=sunday_night).when(attend("2022-W11")).refused("FUTURE_DATE", "$.week")
    after(*ACTIVE, at=monday).when(attend("2022-W11")).then(ATTENDED)


def test_only_some_years_have_a_week_53() -> None:
    long_ago = ParticipantReferred(
        programme="jobsporet",
        person_ref="p-1",
        referred_by="job_centre",
        target_group="activity_ready",
        benefit="cash_benefit",
        referred_on=date(2020, 1, 1),
    )
    after(long_ago).when(attend("2021-W53")).refused("INVALID_FIELD", "$.week")
    after(long_ago).when(attend("2020-W53")).then(
        AttendanceRecorded(week="2020-W53", planned_days=3, attended_days=2)
    )


@pytest.mark.parametrize("week", ["0000-W10", "0001-W01", "9999-W52", "9999-W53"])
def test_a_week_at_the_end_of_the_calendar_is_refused_like_any_other(week: str) -> None:
    event = AttendanceRecorded(week=week, planned_days=3, attended_days=2)
    with pytest.raises(SluseError):
        enrolment.permit(folded(enrolment, OVER), event)


def test_a_consent_is_taken_back_as_it_was_given() -> None:
    after(*ACTIVE, GIVEN).when(take_back(day(18), "company")).then(TAKEN_BACK)
    after(*ACTIVE, GIVEN).when(take_back(day(18))).refused("STATE")
    after(*ACTIVE).when(take_back(day(18), "company")).refused("STATE")


def test_the_order_in_which_parties_are_named_means_nothing() -> None:
    both = ConsentGiven(purpose="placement", parties=("company", "school"), from_on=day(10))
    after(*ACTIVE, both).when(take_back(day(18), "school", "company")).then(
        ConsentWithdrawn(purpose="placement", parties=("school", "company"), withdrawn_on=day(18))
    )


def test_a_consent_is_not_taken_back_before_it_is_given() -> None:
    after(*ACTIVE, GIVEN).when(take_back(day(9), "company")).refused("STATE")


def test_what_was_taken_back_is_not_taken_back_again_unless_it_was_given_anew() -> None:
    history = (*ACTIVE, GIVEN, TAKEN_BACK)
    after(*history).when(take_back(day(20), "company")).refused("STATE")
    anew = ConsentGiven(purpose="placement", parties=("company",), from_on=day(19))
    after(*history).when(consent(day(19), "company")).then(anew)
    after(*history, anew).when(take_back(day(20), "company")).then(
        ConsentWithdrawn(purpose="placement", parties=("company",), withdrawn_on=day(20))
    )


def test_a_consent_may_be_given_and_taken_back_on_one_day_and_given_again() -> None:
    at_once = ConsentWithdrawn(purpose="placement", parties=("company",), withdrawn_on=day(10))
    after(*ACTIVE, GIVEN).when(take_back(day(10), "company")).then(at_once)
    after(*ACTIVE, GIVEN, at_once).when(consent(day(10), "company")).then(GIVEN)


def test_a_consent_may_be_taken_back_after_the_end() -> None:
    after(*OVER, GIVEN).when(take_back(day(30), "company")).then(
        ConsentWithdrawn(purpose="placement", parties=("company",), withdrawn_on=day(30))
    )


def test_the_law_for_a_purpose_may_change_and_change_back() -> None:
    other = LegalBasisRecorded(purpose="placement", basis="other_law", parties=("company",))
    after(*ACTIVE, LAWFUL).when(basis("other_law")).then(other)
    after(*ACTIVE, LAWFUL, other).when(basis()).then(LAWFUL)


def test_nothing_of_all_this_touches_the_seat() -> None:
    state = folded(enrolment, ACTIVE)
    events = [event for _, event in ALL] + [TAKEN_BACK]
    assert [list(enrolment.claims("e-1", state, event)) for event in events] == [[]] * len(events)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (basis("no_law"), "$.basis"),
        (live_on("no_benefit", date(2022, 8, 1)), "$.benefit"),
        (
            CompleteActivity(
                command_id="c", enrolment="e-1", kind="juggling", completed_on=date(2022, 8, 1)
            ),
            "$.kind",
        ),
        (
            NoteChallenge(
                command_id="c", enrolment="e-1", category="weather", noted_on=date(2022, 8, 1)
            ),
            "$.category",
        ),
        (
            GiveConsent(command_id="c", enrolment="e-1", purpose="fun", from_on=date(2022, 8, 1)),
            "$.purpose",
        ),
        (
            MeasureProgression(
                command_id="c",
                enrolment="e-1",
                instrument="dice",
                version=1,
                scores=(),
                rater="citizen",
                measured_on=date(2022, 8, 1),
            ),
            "$.instrument",
        ),
    ],
)
def test_a_code_is_one_of_the_programmes(command: EnrolmentCommand, path: str) -> None:
    with pytest.raises(SluseError) as caught:
        check(command, DEFINITION, NOW)
    assert (caught.value.code, getattr(caught.value, "path", "")) == ("INVALID_FIELD", path)


@pytest.mark.parametrize("command", [c for c, _ in ALL[1:2] + ALL[3:]] + [attend("2022-W11")])
def test_what_is_said_of_a_day_long_past_needs_a_reason(command: EnrolmentCommand) -> None:
    with pytest.raises(SluseError) as caught:
        check(command, DEFINITION, NOW)
    assert caught.value.code == "LATE"


@pytest.mark.parametrize("command", [live_on(None, date(2022, 8, 1)), basis()])
def test_no_benefit_is_no_code_and_what_has_no_day_is_never_late(command: EnrolmentCommand) -> None:
    assert check(command, DEFINITION, NOW) == []
