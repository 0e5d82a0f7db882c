"""An enrolment goes from referral to one end, a step at a time, and says everything once."""

from datetime import date

import pytest

from services.intake import enrolment
from services.intake.enrolment import (
    AssessEligibility,
    CompleteParticipant,
    DeclineReferral,
    DropOutParticipant,
    EnrolmentCommand,
    EnrolParticipant,
    RecordNeverStarted,
    ReferParticipant,
    StartParticipation,
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
    ParticipationNeverStarted,
    ParticipationStarted,
    ReferralDeclined,
    ReferralWithdrawn,
)
from services.intake.events.definition import Site
from services.intake.known import Known
from shared.claim import Release, Take
from shared.identifiers import derived_id
from tests.definitions import DEFINITION, definition, text
from tests.rules.given import Given, folded, given

KNOWN = Known(DEFINITION)
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
DECLINED = ReferralDeclined(declined_on=day(6), reason="other")
WITHDRAWN = ReferralWithdrawn(withdrawn_on=day(6), reason="other")

NEW: tuple[EnrolmentEvent, ...] = ()
JUST_REFERRED = (REFERRED,)
ACCEPTED = (REFERRED, ELIGIBLE)
IN_PROGRAMME = (*ACCEPTED, ENROLLED)
ACTIVE = (*IN_PROGRAMME, STARTED)
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


def enrol(on: date, planned_end_on: date | None = None) -> EnrolParticipant:
    return EnrolParticipant(
        command_id="c", enrolment="e-1", start_on=on, planned_end_on=planned_end_on
    )


def start(on: date) -> StartParticipation:
    return StartParticipation(command_id="c", enrolment="e-1", first_attended_on=on)


def never_start(on: date) -> RecordNeverStarted:
    return RecordNeverStarted(command_id="c", enrolment="e-1", decided_on=on, reason="no_show")


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
        (ACTIVE, drop_out(day(20)), DROPPED_OUT),
        (ACTIVE, complete(day(20)), COMPLETED),
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
        (ACTIVE, never_start(day(20))),
        (ACTIVE, start(day(13))),
        ((*IN_PROGRAMME, NEVER_STARTED), start(day(12))),
        (OVER, drop_out(day(21))),
        (OVER, complete(day(21))),
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


def test_only_a_registered_person_is_referred() -> None:
    known = Known(DEFINITION, person_registered=False)
    after(NEW, known).when(refer()).refused("INVALID_FIELD", "$.person_ref")


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


@pytest.mark.parametrize("end", [NEVER_STARTED, DROPPED_OUT, COMPLETED])
def test_every_end_of_an_enrolment_gives_the_seat_back(end: EnrolmentEvent) -> None:
    claims = enrolment.claims("e-1", folded(enrolment, ACTIVE), end)
    assert list(claims) == [Release("seat", seat_of(*ACCEPTED), "e-1")]


@pytest.mark.parametrize("event", [REFERRED, ELIGIBLE, DECLINED, WITHDRAWN, STARTED])
def test_nothing_else_touches_the_seat(event: EnrolmentEvent) -> None:
    assert list(enrolment.claims("e-1", folded(enrolment, IN_PROGRAMME), event)) == []


def test_the_seat_is_of_one_person_in_one_programme_and_site() -> None:
    others = [
        ParticipantReferred(**(_fields(REFERRED) | change))
        for change in ({"person_ref": "p-2"}, {"programme": "other"}, {"site": "brande"})
    ]
    assert len({seat_of(REFERRED), *map(seat_of, others)}) == 4


def _fields(event: EnrolmentEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}
