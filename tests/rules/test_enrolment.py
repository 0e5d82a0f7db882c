"""An enrolment goes from referral to one end, a step at a time, and says everything once."""

from datetime import date

import pytest
from msgspec.structs import replace

from services.intake import enrolment
from services.intake.enrolment_commands import (
    AssessEligibility,
    CompleteParticipant,
    DeclineReferral,
    DropOutParticipant,
    EnrolmentCommand,
    EnrolParticipant,
    PauseParticipation,
    RecordNeverStarted,
    ReferParticipant,
    ResumeParticipation,
    StartParticipation,
    TransferParticipant,
    WithdrawReferral,
)
from services.intake.events import (
    Criterion,
    EligibilityAssessed,
    EnrolmentEvent,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationNeverStarted,
    ParticipationPaused,
    ParticipationResumed,
    ParticipationStarted,
    ReferralDeclined,
    ReferralWithdrawn,
)
from services.intake.events.definition import Site
from services.intake.known import Known, OtherEnrolment
from shared.claim import Release, Take
from shared.identifiers import derived_id
from tests.definitions import CODES, DEFINITION, definition, term, text
from tests.rules.given import Given, folded, given

KNOWN = Known(DEFINITION, other=OtherEnrolment("next-step", "p-1"))
TWO_SITES = Known(definition(sites=(Site("ikast", text("Ikast")), Site("brande", text("Brande")))))


def day(number: int) -> date:
    return date(2022, 1, number)


REFERRED = ParticipantReferred(
    programme="jobsporet",
    person_ref="p-1",
    site="ikast",
    referred_by="job_centre",
    target_group="activity_ready",
    benefit="cash_benefit",
    referred_on=day(3),
)
ELIGIBLE = EligibilityAssessed(
    assessed_on=day(5), criteria=(Criterion("motivated", "yes"),), outcome="eligible"
)
NOT_ELIGIBLE = EligibilityAssessed(assessed_on=day(5), criteria=(), outcome="not_eligible")
ENROLLED = ParticipantEnrolled(start_on=day(10))
STARTED = ParticipationStarted(first_attended_on=day(12))
NEVER_STARTED = ParticipationNeverStarted(decided_on=day(20), reason="no_show")
DROPPED_OUT = ParticipantDroppedOut(end_on=day(20), reason="other", destination="not_known")
COMPLETED = ParticipantCompleted(end_on=day(20), destination="employment")
PAUSED = ParticipationPaused(from_on=day(14))
RESUMED = ParticipationResumed(from_on=day(17))
TRANSFERRED = ParticipantTransferred(
    transferred_on=day(20),
    to_programme="next-step",
    linked_enrolment="e-2",
    clock_carried=True,
)
DECLINED = ReferralDeclined(declined_on=day(6), reason="other")
WITHDRAWN = ReferralWithdrawn(withdrawn_on=day(6), reason="other")

NEW: tuple[EnrolmentEvent, ...] = ()
JUST_REFERRED = (REFERRED,)
ACCEPTED = (REFERRED, ELIGIBLE)
IN_PROGRAMME = (*ACCEPTED, ENROLLED)
ACTIVE = (*IN_PROGRAMME, STARTED)
RESTING = (*ACTIVE, PAUSED)
OVER = (*ACTIVE, COMPLETED)


def refer(**changes: object) -> ReferParticipant:
    fields = {
        "command_id": "c",
        "enrolment": "e-1",
        "programme": "jobsporet",
        "person_ref": "p-1",
        "site": "ikast",
        "referred_by": "job_centre",
        "target_group": "activity_ready",
        "benefit": "cash_benefit",
        "referred_on": day(3),
    }
    return ReferParticipant(**(fields | changes))


def assess(on: date, outcome: str = "eligible", *criteria: Criterion) -> AssessEligibility:
    return AssessEligibility(
        command_id="c", enrolment="e-1", assessed_on=on, criteria=criteria, outcome=outcome
    )


def decline(on: date) -> DeclineReferral:
    return DeclineReferral(command_id="c", enrolment="e-1", declined_on=on, reason="other")


def withdraw(on: date) -> WithdrawReferral:
    return WithdrawReferral(command_id="c", enrolment="e-1", withdrawn_on=on, reason="other")


def enrol(
    on: date, planned_end_on: date | None = None, previous: str | None = None
) -> EnrolParticipant:
    return EnrolParticipant(
        command_id="c",
        enrolment="e-1",
        start_on=on,
        planned_end_on=planned_end_on,
        previous_enrolment=previous,
    )


def start(on: date) -> StartParticipation:
    return StartParticipation(command_id="c", enrolment="e-1", first_attended_on=on)


def never_start(on: date) -> RecordNeverStarted:
    return RecordNeverStarted(command_id="c", enrolment="e-1", decided_on=on, reason="no_show")


def pause(on: date) -> PauseParticipation:
    return PauseParticipation(command_id="c", enrolment="e-1", from_on=on)


def resume(on: date) -> ResumeParticipation:
    return ResumeParticipation(command_id="c", enrolment="e-1", from_on=on)


def transfer(
    on: date, to_programme: str = "next-step", linked_enrolment: str = "e-2"
) -> TransferParticipant:
    return TransferParticipant(
        command_id="c",
        enrolment="e-1",
        transferred_on=on,
        to_programme=to_programme,
        linked_enrolment=linked_enrolment,
        clock_carried=True,
    )


def drop_out(on: date) -> DropOutParticipant:
    return DropOutParticipant(
        command_id="c", enrolment="e-1", end_on=on, reason="other", destination="not_known"
    )


def complete(on: date) -> CompleteParticipant:
    return CompleteParticipant(command_id="c", enrolment="e-1", end_on=on, destination="employment")


def after(history: tuple[EnrolmentEvent, ...], known: Known = KNOWN) -> Given:
    return given(enrolment, *history, known=known)


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        (NEW, refer(), REFERRED),
        (JUST_REFERRED, assess(day(5), "eligible", Criterion("motivated", "yes")), ELIGIBLE),
        (JUST_REFERRED, assess(day(5), "not_eligible"), NOT_ELIGIBLE),
        (JUST_REFERRED, decline(day(6)), DECLINED),
        ((REFERRED, NOT_ELIGIBLE), decline(day(6)), DECLINED),
        (JUST_REFERRED, withdraw(day(6)), WITHDRAWN),
        (JUST_REFERRED, enrol(day(10)), ENROLLED),
        (ACCEPTED, enrol(day(10)), ENROLLED),
        (IN_PROGRAMME, start(day(12)), STARTED),
        (IN_PROGRAMME, never_start(day(20)), NEVER_STARTED),
        (ACTIVE, pause(day(14)), PAUSED),
        (RESTING, resume(day(17)), RESUMED),
        ((*RESTING, RESUMED), pause(day(18)), ParticipationPaused(from_on=day(18))),
        (ACTIVE, drop_out(day(20)), DROPPED_OUT),
        (ACTIVE, complete(day(20)), COMPLETED),
        (ACTIVE, transfer(day(20)), TRANSFERRED),
        (RESTING, drop_out(day(20)), DROPPED_OUT),
        (RESTING, complete(day(20)), COMPLETED),
        (RESTING, transfer(day(20)), TRANSFERRED),
    ],
)
def test_each_step_follows_the_one_before(
    history: tuple[EnrolmentEvent, ...], command: EnrolmentCommand, event: EnrolmentEvent
) -> None:
    after(history).when(command).then(event)


@pytest.mark.parametrize(
    ("history", "command"),
    [
        (JUST_REFERRED, refer(person_ref="p-2")),
        (NEW, assess(day(5))),
        (NEW, enrol(day(10))),
        (NEW, start(day(12))),
        (NEW, complete(day(20))),
        (JUST_REFERRED, start(day(12))),
        (JUST_REFERRED, never_start(day(20))),
        (JUST_REFERRED, drop_out(day(20))),
        ((REFERRED, NOT_ELIGIBLE), enrol(day(10))),
        ((REFERRED, DECLINED), enrol(day(10))),
        ((REFERRED, WITHDRAWN), decline(day(7))),
        (IN_PROGRAMME, decline(day(12))),
        (IN_PROGRAMME, withdraw(day(12))),
        (IN_PROGRAMME, enrol(day(11))),
        (IN_PROGRAMME, drop_out(day(20))),
        (IN_PROGRAMME, complete(day(20))),
        (IN_PROGRAMME, transfer(day(20))),
        (IN_PROGRAMME, pause(day(14))),
        (JUST_REFERRED, pause(day(14))),
        (ACTIVE, resume(day(17))),
        (RESTING, pause(day(15))),
        (RESTING, resume(day(14))),
        ((*RESTING, RESUMED), resume(day(18))),
        (RESTING, never_start(day(20))),
        (ACTIVE, never_start(day(20))),
        (ACTIVE, start(day(13))),
        ((*IN_PROGRAMME, NEVER_STARTED), start(day(12))),
        (OVER, drop_out(day(21))),
        (OVER, complete(day(21))),
        (OVER, transfer(day(21))),
        (OVER, pause(day(21))),
        ((*ACTIVE, TRANSFERRED), complete(day(21))),
        ((*IN_PROGRAMME, NEVER_STARTED), pause(day(14))),
        (OVER, enrol(day(25))),
    ],
)
def test_a_step_that_the_state_does_not_allow_is_refused(
    history: tuple[EnrolmentEvent, ...], command: EnrolmentCommand
) -> None:
    after(history).when(command).refused("STATE")


@pytest.mark.parametrize(
    ("history", "command"),
    [
        (JUST_REFERRED, assess(day(2))),
        (JUST_REFERRED, decline(day(2))),
        (JUST_REFERRED, withdraw(day(2))),
        (JUST_REFERRED, enrol(day(2))),
        (IN_PROGRAMME, start(day(9))),
        (IN_PROGRAMME, never_start(day(9))),
        (ACTIVE, drop_out(day(11))),
        (ACTIVE, complete(day(11))),
        (ACTIVE, transfer(day(11))),
        (ACTIVE, pause(day(11))),
        (RESTING, complete(day(13))),
        ((*RESTING, RESUMED), drop_out(day(16))),
    ],
)
def test_nothing_happens_before_what_it_follows_from(
    history: tuple[EnrolmentEvent, ...], command: EnrolmentCommand
) -> None:
    after(history).when(command).refused("STATE")


@pytest.mark.parametrize(
    "command",
    [
        refer(),
        assess(day(5), "eligible", Criterion("motivated", "yes")),
        enrol(day(10)),
        start(day(12)),
        complete(day(20)),
    ],
)
def test_what_has_been_said_may_be_said_again(command: EnrolmentCommand) -> None:
    after(OVER).when(command).then()


def test_a_planned_end_before_the_start_is_refused() -> None:
    after(ACCEPTED).when(enrol(day(10), planned_end_on=day(9))).refused("STATE", "$.planned_end_on")


def test_who_came_the_first_day_may_stop_the_same_day() -> None:
    after(ACTIVE).when(drop_out(day(12))).then(
        ParticipantDroppedOut(end_on=day(12), reason="other", destination="not_known")
    )


def test_an_assessment_in_time_may_be_registered_after_the_enrolment() -> None:
    for history in ((REFERRED, ENROLLED), (REFERRED, ENROLLED, STARTED, COMPLETED)):
        after(history).when(assess(day(5), "eligible", Criterion("motivated", "yes"))).then(
            ELIGIBLE
        )
        after(history).when(assess(day(11))).refused("STATE")


def test_an_assessment_in_time_may_be_registered_after_the_referral_was_declined() -> None:
    after((REFERRED, DECLINED)).when(assess(day(5), "not_eligible")).then(NOT_ELIGIBLE)
    after((REFERRED, DECLINED)).when(assess(day(7), "not_eligible")).refused("STATE")


def test_who_is_enrolled_cannot_turn_out_not_to_have_been_eligible() -> None:
    after((REFERRED, ENROLLED)).when(assess(day(5), "not_eligible")).refused("STATE")


def test_the_latest_assessment_holds_whatever_the_order_of_registration() -> None:
    older = EligibilityAssessed(assessed_on=day(4), criteria=(), outcome="eligible")
    after((REFERRED, NOT_ELIGIBLE, older)).when(enrol(day(10))).refused("STATE")
    newer = EligibilityAssessed(assessed_on=day(6), criteria=(), outcome="eligible")
    after((REFERRED, NOT_ELIGIBLE, newer)).when(enrol(day(10))).then(ENROLLED)


def test_an_assessment_may_be_taken_back_the_same_day() -> None:
    yes = EligibilityAssessed(assessed_on=day(5), criteria=(), outcome="eligible")
    after((REFERRED, yes)).when(assess(day(5), "not_eligible")).then(NOT_ELIGIBLE)
    after((REFERRED, yes, NOT_ELIGIBLE)).when(assess(day(5))).then(yes)
    after((REFERRED, yes, NOT_ELIGIBLE, yes)).when(enrol(day(10))).then(ENROLLED)


def test_an_older_assessment_said_again_changes_nothing() -> None:
    newer = EligibilityAssessed(assessed_on=day(6), criteria=(), outcome="eligible")
    after((REFERRED, NOT_ELIGIBLE, newer)).when(assess(day(5), "not_eligible")).then()


def test_a_pause_may_be_registered_after_a_later_one_and_after_the_end() -> None:
    early, back = ParticipationPaused(from_on=day(12)), ParticipationResumed(from_on=day(13))
    for history in ((*RESTING, RESUMED), (*RESTING, RESUMED, COMPLETED)):
        after(history).when(pause(day(12))).then(early)
        after((*history, early)).when(resume(day(13))).then(back)
        after((*history, early, back)).when(resume(day(17))).then()
    after(OVER).when(pause(day(14))).then(PAUSED)
    after((*OVER, PAUSED)).when(resume(day(17))).then(RESUMED)


def test_an_older_pause_does_not_make_a_course_rest_that_has_gone_on_since() -> None:
    early = ParticipationPaused(from_on=day(12))
    after((*RESTING, RESUMED, early)).when(pause(day(18))).then(
        ParticipationPaused(from_on=day(18))
    )


def test_of_one_day_a_course_has_one_turn() -> None:
    early = ParticipationPaused(from_on=day(12))
    after((*RESTING, RESUMED)).when(pause(day(17))).refused("STATE")
    after((*RESTING, RESUMED, early)).when(resume(day(14))).refused("STATE")


def test_only_a_registered_person_is_referred() -> None:
    known = Known(DEFINITION, person="not_registered")
    after(NEW, known).when(refer()).refused("INVALID_FIELD", "$.person_ref")


def test_who_is_merged_into_another_record_is_referred_as_that_one() -> None:
    known = Known(DEFINITION, merged_into="p-0")
    after(NEW, known).when(refer()).refused("INVALID_FIELD", "$.person_ref")


def test_a_forgotten_person_is_neither_referred_nor_enrolled() -> None:
    known = Known(DEFINITION, person="erased")
    after(NEW, known).when(refer()).refused("ERASED", "$.person_ref")
    after(ACCEPTED, known).when(enrol(day(10))).refused("ERASED")


def test_who_was_merged_with_an_enrolled_person_is_not_enrolled_beside_them() -> None:
    known = Known(DEFINITION, seated_as="p-2")
    after(ACCEPTED, known).when(enrol(day(10))).refused("ALREADY_ENROLLED")


def test_coming_back_names_the_enrolment_before() -> None:
    after(ACCEPTED).when(enrol(day(10), previous="e-2")).then(
        ParticipantEnrolled(start_on=day(10), previous_enrolment="e-2")
    )


@pytest.mark.parametrize(
    ("known", "previous"),
    [
        (Known(DEFINITION), "e-2"),
        (Known(DEFINITION, other=OtherEnrolment("jobsporet", "p-2")), "e-2"),
        (Known(DEFINITION, other=OtherEnrolment("jobsporet", "p-1")), "e-1"),
    ],
    ids=["unknown", "of another person", "itself"],
)
def test_the_enrolment_before_is_another_one_of_the_same_person(
    known: Known, previous: str
) -> None:
    path = "$.previous_enrolment"
    after(ACCEPTED, known).when(enrol(day(10), previous=previous)).refused("INVALID_FIELD", path)


@pytest.mark.parametrize(
    ("known", "command"),
    [
        (Known(DEFINITION), transfer(day(20))),
        (KNOWN, transfer(day(20), linked_enrolment="e-1")),
        (KNOWN, transfer(day(20), to_programme="elsewhere")),
        (Known(DEFINITION, other=OtherEnrolment("next-step", "p-2")), transfer(day(20))),
    ],
    ids=["unknown", "itself", "in another programme", "of another person"],
)
def test_a_transfer_leads_to_an_enrolment_of_the_same_person_in_that_programme(
    known: Known, command: TransferParticipant
) -> None:
    after(ACTIVE, known).when(command).refused("INVALID_FIELD", "$.linked_enrolment")


def test_after_a_merge_the_enrolments_of_both_records_are_of_one_person() -> None:
    known = Known(DEFINITION, merged_into="p-0", other=OtherEnrolment("next-step", "p-0"))
    after(ACTIVE, known).when(transfer(day(20))).then(TRANSFERRED)
    after(ACCEPTED, known).when(enrol(day(10), previous="e-2")).then(
        ParticipantEnrolled(start_on=day(10), previous_enrolment="e-2", merged_into="p-0")
    )


def test_an_enrolment_said_before_a_merge_may_be_said_again_after_it() -> None:
    after(IN_PROGRAMME, Known(DEFINITION, merged_into="p-0")).when(enrol(day(10))).then()


def test_leaving_out_the_only_site_means_it() -> None:
    after(NEW).when(refer(site=None)).then(REFERRED)


def test_where_there_are_several_sites_one_is_named() -> None:
    after(NEW, TWO_SITES).when(refer(site=None)).refused("INVALID_FIELD", "$.site")
    after(NEW, TWO_SITES).when(refer()).then(REFERRED)


def test_a_site_is_one_of_the_programmes() -> None:
    after(NEW).when(refer(site="brande")).refused("INVALID_FIELD", "$.site")


def test_a_criterion_is_one_of_the_programmes() -> None:
    unknown = assess(day(5), "eligible", Criterion("motivated", "yes"), Criterion("tall", "yes"))
    after(JUST_REFERRED).when(unknown).refused("INVALID_FIELD", "$.criteria[1].id")


def test_a_criterion_may_be_used_on_its_days_alone() -> None:
    codes = replace(CODES, criteria=(term("motivated", valid_to=day(5)),))
    known = Known(definition(codes=codes))
    yes = Criterion("motivated", "yes")
    after(JUST_REFERRED, known).when(assess(day(5), "eligible", yes)).then(ELIGIBLE)
    after(JUST_REFERRED, known).when(assess(day(6), "eligible", yes)).refused(
        "INVALID_FIELD", "$.criteria[0].id"
    )


def test_a_referral_without_an_id_gets_one_that_the_same_command_gets_again() -> None:
    assert enrolment.entity_id(refer(enrolment=None)) == derived_id("c")
    assert enrolment.entity_id(refer()) == "e-1"


def seat_of(*history: EnrolmentEvent) -> str:
    (claim,) = enrolment.claims("e-1", folded(enrolment, history), ENROLLED)
    return claim.key


def test_enrolment_takes_the_persons_seat_or_says_who_is_enrolled_already() -> None:
    (claim,) = enrolment.claims("e-1", folded(enrolment, ACCEPTED), ENROLLED)
    assert isinstance(claim, Take)
    assert (claim.name, claim.holder) == ("seat", "e-1")
    assert claim.otherwise.code == "ALREADY_ENROLLED"


@pytest.mark.parametrize("end", [NEVER_STARTED, DROPPED_OUT, COMPLETED, TRANSFERRED])
def test_every_end_of_an_enrolment_gives_the_seat_back(end: EnrolmentEvent) -> None:
    claims = enrolment.claims("e-1", folded(enrolment, ACTIVE), end)
    assert list(claims) == [Release("seat", seat_of(*ACCEPTED), "e-1")]


@pytest.mark.parametrize("event", [REFERRED, ELIGIBLE, DECLINED, WITHDRAWN, STARTED, PAUSED])
def test_nothing_else_touches_the_seat(event: EnrolmentEvent) -> None:
    assert list(enrolment.claims("e-1", folded(enrolment, IN_PROGRAMME), event)) == []


def test_the_seat_is_of_one_person_in_one_programme_and_site() -> None:
    others = [
        ParticipantReferred(**(_fields(REFERRED) | change))
        for change in ({"person_ref": "p-2"}, {"programme": "other"}, {"site": "brande"})
    ]
    assert len({seat_of(REFERRED), *map(seat_of, others)}) == 4


def test_who_is_merged_into_another_record_takes_that_ones_seat_and_gives_it_back() -> None:
    enrolled = replace(ENROLLED, merged_into="p-0")
    (taken,) = enrolment.claims("e-1", folded(enrolment, ACCEPTED), enrolled)
    history = (*ACCEPTED, enrolled, STARTED)
    (released,) = enrolment.claims("e-1", folded(enrolment, history), COMPLETED)
    assert taken.key == released.key == seat_of(replace(REFERRED, person_ref="p-0"))


def _fields(event: EnrolmentEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}
