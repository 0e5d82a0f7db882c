"""An enrolment (henvisning og forløb): one person's spell in one programme, from referral to end."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.intake import enrolment_names as names
from services.intake import enrolment_records as records
from services.intake.enrolment_commands import (
    EVENT_OF,
    EnrolmentCommand,
    EnrolParticipant,
    ReferParticipant,
)
from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ChallengeNoted,
    ConsentGiven,
    ConsentWithdrawn,
    EligibilityAssessed,
    EnrolmentEvent,
    LegalBasisRecorded,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationNeverStarted,
    ParticipationPaused,
    ParticipationResumed,
    ParticipationStarted,
    ProgressionMeasured,
    ReferralDeclined,
    ReferralWithdrawn,
    SupportBasisChanged,
)
from services.intake.known import Known
from shared.claim import Claim, Release, Take
from shared.command import said_by
from shared.errors import NotPossible, Refused
from shared.identifiers import derived_id

NAME = "enrolment"

Stage: TypeAlias = Literal["new", "referred", "enrolled", "active", "closed"]


class Enrolment(Struct, frozen=True, kw_only=True):
    """How far the person has come; `closed_on` is set when declined, withdrawn or ended.

    `seated` is the record whose seat the enrolment holds: the person's, or the one it was merged
    into by the time of the enrolment. A later merge moves no seat.
    """

    stage: Stage = "new"
    programme: str = ""
    person_ref: str = ""
    site: str | None = None
    eligible: bool | None = None
    assessed_on: date = date.min
    referred_on: date = date.min
    start_on: date = date.min
    seated: str = ""
    first_attended_on: date | None = None
    closed_on: date | None = None
    said: tuple[EnrolmentEvent, ...] = ()


INITIAL = Enrolment()


class AlreadyEnrolled(Refused):
    """The person is active in the same programme and site."""

    code = "ALREADY_ENROLLED"

    def __init__(self) -> None:
        super().__init__("the person is active in this programme and site already")


def entity_id(command: EnrolmentCommand) -> str:
    """The enrolment that the command is for; a referral may leave naming it to us."""
    return command.enrolment or derived_id(command.command_id)


def evolve(state: Enrolment, event: EnrolmentEvent) -> Enrolment:
    state = replace(state, said=(*state.said, _as_said(event)))
    match event:
        case ParticipantReferred():
            return replace(
                state,
                stage="referred",
                programme=event.programme,
                person_ref=event.person_ref,
                site=event.site,
                referred_on=event.referred_on,
            )
        case EligibilityAssessed(assessed_on=day, outcome=outcome):
            if day < state.assessed_on:
                return state  # an older assessment, registered late, overrules nothing
            return replace(state, eligible=outcome == "eligible", assessed_on=day)
        case ParticipantEnrolled(start_on=day):
            seated = event.merged_into or state.person_ref
            return replace(state, stage="enrolled", start_on=day, seated=seated)
        case ParticipationStarted(first_attended_on=day):
            stage: Stage = "active" if state.stage == "enrolled" else state.stage
            return replace(state, stage=stage, first_attended_on=day)
        case ReferralDeclined(declined_on=day) | ReferralWithdrawn(withdrawn_on=day):
            return replace(state, stage="closed", closed_on=day)
        case ParticipationNeverStarted(decided_on=day):
            return replace(state, stage="closed", closed_on=day)
        case ParticipantDroppedOut(end_on=day) | ParticipantCompleted(end_on=day):
            return replace(state, stage="closed", closed_on=day)
        case ParticipantTransferred(transferred_on=day):
            return replace(state, stage="closed", closed_on=day)
        case (
            ParticipationPaused()
            | ParticipationResumed()
            | LegalBasisRecorded()
            | ConsentGiven()
            | ConsentWithdrawn()
            | AttendanceRecorded()
            | ActivityCompleted()
            | SupportBasisChanged()
            | ProgressionMeasured()
            | ChallengeNoted()
        ):
            return state  # that it was said is all
        case _:
            assert_never(event)


def permit(state: Enrolment, event: EnrolmentEvent) -> None:
    """Each allowed step is one case; whatever is not listed is refused."""
    match event, state.stage:
        case ParticipantReferred(), "new":
            pass
        case EligibilityAssessed(assessed_on=day), "referred" if state.referred_on <= day:
            pass
        case EligibilityAssessed(), "enrolled" | "active" | "closed" if _was_in_time(event, state):
            pass
        case (
            ReferralDeclined(declined_on=day) | ReferralWithdrawn(withdrawn_on=day),
            "referred",
        ) if state.referred_on <= day:
            pass
        case ParticipantEnrolled(start_on=day), "referred" if (
            state.referred_on <= day and state.eligible is not False
        ):
            _refuse_end_before(day, event.planned_end_on)
        case (
            ParticipationStarted(first_attended_on=day) | ParticipationNeverStarted(decided_on=day),
            "enrolled",
        ) if state.start_on <= day:
            pass
        case ParticipationPaused() | ParticipationResumed(), "active" | "closed" if _alternates(
            event, state
        ):
            pass
        case (
            ParticipantDroppedOut(end_on=day)
            | ParticipantCompleted(end_on=day)
            | ParticipantTransferred(transferred_on=day),
            "active",
        ) if max([state.first_attended_on or date.max, *_switches(state)]) <= day:
            pass
        case _, stage if stage != "new" and isinstance(event, records.Record):
            records.permit(event, state.said, state.referred_on, state.closed_on)
        case _:
            raise NotPossible(
                f"{type(event).__name__} cannot follow: the enrolment is {_described(state)}"
            )


def decide(
    command: EnrolmentCommand, state: Enrolment, at: datetime, known: Known
) -> Sequence[EnrolmentEvent]:
    """What has been said changes nothing; what else a command names must be known elsewhere."""
    more: dict[str, object] = {}
    if isinstance(command, ReferParticipant):
        more["site"] = command.site or names.only_site(known)
    if isinstance(command, EnrolParticipant):
        more["merged_into"] = known.merged_into
    event: EnrolmentEvent = said_by(command, EVENT_OF[type(command)], **more)
    if _is_said(event, state):
        return []  # said twice, true once
    permit(state, event)
    names.refuse_itself(command)
    names.refuse_erased(command, known)
    if known.seated_as is not None:
        raise AlreadyEnrolled
    names.refuse_unknown(event, state.person_ref, known)
    records.refuse_future(event, at)
    return [event]


def _is_said(event: EnrolmentEvent, state: Enrolment) -> bool:
    """Whether it has been said, and nothing else of the same since."""
    event = _as_said(event)
    of_the_same = [it for it in state.said if records.about(it) == records.about(event)]
    return of_the_same[-1:] == [event]


def _as_said(event: EnrolmentEvent) -> EnrolmentEvent:
    """Without what nobody said: the record that a person was merged into was looked up."""
    return replace(event, merged_into=None) if isinstance(event, ParticipantEnrolled) else event


def claims(enrolment: str, state: Enrolment, event: EnrolmentEvent) -> Sequence[Claim]:
    """An enrolled person holds the one seat of the person in this programme and site."""
    match event:
        case ParticipantEnrolled(merged_into=merged_into):
            key = seat(state, merged_into or state.person_ref)
            return [Take("seat", key, enrolment, AlreadyEnrolled())]
        case (
            ParticipationNeverStarted()
            | ParticipantDroppedOut()
            | ParticipantCompleted()
            | ParticipantTransferred()
        ):
            return [Release("seat", seat(state, state.seated), enrolment)]
        case _:
            return []


def seat(state: Enrolment, person_ref: str) -> str:
    """The key of the seat of a person's record in the enrolment's programme and site."""
    return hashlib.sha256(f"{person_ref}\n{state.programme}\n{state.site}".encode()).hexdigest()


def _described(state: Enrolment) -> str:
    if state.stage == "referred" and state.eligible is False:
        return "referred and not eligible"
    switches = _switches(state)
    if state.stage == "active" and switches and switches[max(switches)]:
        return f"paused since {max(switches)}"
    since = {
        "referred": state.referred_on,
        "enrolled": state.start_on,
        "active": max([state.first_attended_on or date.min, *switches]),
        "closed": state.closed_on,
    }.get(state.stage)
    return f"{state.stage} since {since}" if since else "not known"


def _switches(state: Enrolment) -> dict[date, bool]:
    """The days from which the course rested (True) or went on (False)."""
    return {
        it.from_on: isinstance(it, ParticipationPaused)
        for it in state.said
        if isinstance(it, ParticipationPaused | ParticipationResumed)
    }


def _alternates(event: ParticipationPaused | ParticipationResumed, state: Enrolment) -> bool:
    """Paused while active, resumed while paused, by what is known of the days before; of a day
    within the participation that has no other switch. So a pause may be registered late.
    """
    switches = _switches(state)
    before = [day for day in switches if day < event.from_on]
    paused = switches[max(before)] if before else False
    return (
        state.first_attended_on is not None
        and state.first_attended_on <= event.from_on <= (state.closed_on or date.max)
        and event.from_on not in switches
        and paused == isinstance(event, ParticipationResumed)
    )


def _was_in_time(event: EligibilityAssessed, state: Enrolment) -> bool:
    """Registered afterwards, but looked at before the person was enrolled, declined or withdrawn."""
    enrolled = state.start_on > date.min
    settled_on = state.start_on if enrolled else state.closed_on or date.min
    may_be = event.outcome == "eligible" or not enrolled
    return may_be and state.referred_on <= event.assessed_on <= settled_on


def _refuse_end_before(start_on: date, planned_end_on: date | None) -> None:
    if planned_end_on is not None and planned_end_on < start_on:
        raise NotPossible("the planned end lies before the start", "$.planned_end_on")
