"""An enrolment (henvisning og forløb): one person's spell in one programme, from referral to end."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

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
from services.intake.events.conformity import (
    BenefitCode,
    DestinationCode,
    ReasonCode,
    ReferrerCode,
    TargetGroupCode,
)
from services.intake.known import Known
from shared.claim import Claim, Release, Take
from shared.command import Command
from shared.errors import InvalidField, NotPossible, Refused
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId, derived_id

NAME = "enrolment"


class ReferParticipant(Command, frozen=True, kw_only=True):
    """Refer a person to a programme (henvise)."""

    enrolment: EntityId | None = None
    programme: EntityId
    person_ref: EntityId
    site: Code | None = None
    referred_by: ReferrerCode
    target_group: TargetGroupCode
    benefit: BenefitCode
    referred_on: FactDay


class AssessEligibility(Command, frozen=True, kw_only=True):
    """Look at the conditions of entry (visitere)."""

    enrolment: EntityId
    assessed_on: FactDay
    criteria: tuple[Criterion, ...] = ()
    outcome: Literal["eligible", "not_eligible"]


class DeclineReferral(Command, frozen=True, kw_only=True):
    """Say no to a referral (afvise)."""

    enrolment: EntityId
    declined_on: FactDay
    reason: ReasonCode


class WithdrawReferral(Command, frozen=True, kw_only=True):
    """Take a referral back (trække tilbage)."""

    enrolment: EntityId
    withdrawn_on: FactDay
    reason: ReasonCode


class EnrolParticipant(Command, frozen=True, kw_only=True):
    """Take the person into the programme (indskrive)."""

    enrolment: EntityId
    start_on: FactDay
    planned_end_on: PlannedDay | None = None
    previous_enrolment: EntityId | None = None


class StartParticipation(Command, frozen=True, kw_only=True):
    """The person came for the first time (fremmøde)."""

    enrolment: EntityId
    first_attended_on: FactDay


class RecordNeverStarted(Command, frozen=True, kw_only=True):
    """Settle that the person never properly took part (aldrig startet)."""

    enrolment: EntityId
    decided_on: FactDay
    reason: ReasonCode


class DropOutParticipant(Command, frozen=True, kw_only=True):
    """The person stops before the end (frafald)."""

    enrolment: EntityId
    end_on: FactDay
    reason: ReasonCode
    destination: DestinationCode


class CompleteParticipant(Command, frozen=True, kw_only=True):
    """The person has gone through the whole course (gennemførelse)."""

    enrolment: EntityId
    end_on: FactDay
    destination: DestinationCode


EnrolmentCommand: TypeAlias = (
    ReferParticipant
    | AssessEligibility
    | DeclineReferral
    | WithdrawReferral
    | EnrolParticipant
    | StartParticipation
    | RecordNeverStarted
    | DropOutParticipant
    | CompleteParticipant
)


Stage: TypeAlias = Literal["new", "referred", "enrolled", "active", "closed"]


class Enrolment(Struct, frozen=True, kw_only=True):
    """How far the person has come; `closed_on` is set when declined, withdrawn or ended."""

    stage: Stage = "new"
    programme: str = ""
    person_ref: str = ""
    site: str | None = None
    eligible: bool | None = None
    assessed_on: date = date.min
    referred_on: date = date.min
    start_on: date = date.min
    first_attended_on: date | None = None
    closed_on: date | None = None
    said: tuple[EnrolmentEvent, ...] = ()


INITIAL = Enrolment()


class AlreadyEnrolled(Refused):
    """The person is active in the same programme and site."""

    code = "ALREADY_ENROLLED"


def entity_id(command: EnrolmentCommand) -> str:
    """The enrolment that the command is for; a referral may leave naming it to us."""
    return command.enrolment or derived_id(command.command_id)


def evolve(state: Enrolment, event: EnrolmentEvent) -> Enrolment:
    state = replace(state, said=(*state.said, event))
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
            return replace(state, stage="enrolled", start_on=day)
        case ParticipationStarted(first_attended_on=day):
            stage: Stage = "active" if state.stage == "enrolled" else state.stage
            return replace(state, stage=stage, first_attended_on=day)
        case ReferralDeclined(declined_on=day) | ReferralWithdrawn(withdrawn_on=day):
            return replace(state, stage="closed", closed_on=day)
        case ParticipationNeverStarted(decided_on=day):
            return replace(state, stage="closed", closed_on=day)
        case ParticipantDroppedOut(end_on=day) | ParticipantCompleted(end_on=day):
            return replace(state, stage="closed", closed_on=day)
        case _:
            assert_never(event)


def decide(
    command: EnrolmentCommand, state: Enrolment, at: datetime, known: Known
) -> Sequence[EnrolmentEvent]:
    """Each allowed step is one case; whatever is not listed is refused."""
    event = _event(command, known)
    if _is_said(event, state):
        return []  # said twice, true once
    match command, state.stage:
        case ReferParticipant(), "new":
            _refuse_unknown_site(command.site, known)
            if not known.person_registered:
                raise InvalidField("$.person_ref", "no such person is registered")
        case AssessEligibility(assessed_on=day), "referred" if state.referred_on <= day:
            _refuse_unknown_criteria(command, known)
        case AssessEligibility(), "enrolled" | "active" | "closed" if _was_in_time(command, state):
            _refuse_unknown_criteria(command, known)
        case DeclineReferral(declined_on=day), "referred" if state.referred_on <= day:
            pass
        case WithdrawReferral(withdrawn_on=day), "referred" if state.referred_on <= day:
            pass
        case EnrolParticipant(start_on=day), "referred" if (
            state.referred_on <= day and state.eligible is not False
        ):
            _refuse_end_before(day, command.planned_end_on)
        case StartParticipation(first_attended_on=day), "enrolled" if state.start_on <= day:
            pass
        case RecordNeverStarted(decided_on=day), "enrolled" if state.start_on <= day:
            pass
        case (
            DropOutParticipant(end_on=day) | CompleteParticipant(end_on=day),
            "active",
        ) if state.first_attended_on is not None and state.first_attended_on <= day:
            pass
        case _:
            raise NotPossible(f"{type(command).__name__}: the enrolment is {_described(state)}")
    return [event]


def _is_said(event: EnrolmentEvent, state: Enrolment) -> bool:
    """Whether it has been said; an assessment, until another of its day has taken it back."""
    match event:
        case EligibilityAssessed(assessed_on=day):
            of_that_day = [
                it
                for it in state.said
                if isinstance(it, EligibilityAssessed) and it.assessed_on == day
            ]
            return of_that_day[-1:] == [event]
        case _:
            return event in state.said


def _event(command: EnrolmentCommand, known: Known) -> EnrolmentEvent:
    match command:
        case ReferParticipant():
            return ParticipantReferred(
                programme=command.programme,
                person_ref=command.person_ref,
                site=command.site or _only_site(known),
                referred_by=command.referred_by,
                target_group=command.target_group,
                benefit=command.benefit,
                referred_on=command.referred_on,
            )
        case AssessEligibility(assessed_on=day, criteria=criteria, outcome=outcome):
            return EligibilityAssessed(assessed_on=day, criteria=criteria, outcome=outcome)
        case DeclineReferral(declined_on=day, reason=reason):
            return ReferralDeclined(declined_on=day, reason=reason)
        case WithdrawReferral(withdrawn_on=day, reason=reason):
            return ReferralWithdrawn(withdrawn_on=day, reason=reason)
        case EnrolParticipant(start_on=day):
            return ParticipantEnrolled(
                start_on=day,
                planned_end_on=command.planned_end_on,
                previous_enrolment=command.previous_enrolment,
            )
        case StartParticipation(first_attended_on=day):
            return ParticipationStarted(first_attended_on=day)
        case RecordNeverStarted(decided_on=day, reason=reason):
            return ParticipationNeverStarted(decided_on=day, reason=reason)
        case DropOutParticipant(end_on=day, reason=reason, destination=destination):
            return ParticipantDroppedOut(end_on=day, reason=reason, destination=destination)
        case CompleteParticipant(end_on=day, destination=destination):
            return ParticipantCompleted(end_on=day, destination=destination)
        case _:
            assert_never(command)


def claims(enrolment: str, state: Enrolment, event: EnrolmentEvent) -> Sequence[Claim]:
    """An enrolled person holds the one seat of the person in this programme and site."""
    seat = hashlib.sha256(
        f"{state.person_ref}\n{state.programme}\n{state.site}".encode()
    ).hexdigest()
    match event:
        case ParticipantEnrolled():
            refusal = AlreadyEnrolled("the person is active in this programme and site already")
            return [Take("seat", seat, enrolment, refusal)]
        case ParticipationNeverStarted() | ParticipantDroppedOut() | ParticipantCompleted():
            return [Release("seat", seat, enrolment)]
        case _:
            return []


def _described(state: Enrolment) -> str:
    if state.stage == "referred" and state.eligible is False:
        return "referred and not eligible"
    since = {
        "referred": state.referred_on,
        "enrolled": state.start_on,
        "active": state.first_attended_on,
        "closed": state.closed_on,
    }.get(state.stage)
    return f"{state.stage} since {since}" if since else "not known"


def _was_in_time(command: AssessEligibility, state: Enrolment) -> bool:
    """Registered afterwards, but looked at before the person was enrolled, declined or withdrawn."""
    enrolled = state.start_on > date.min
    settled_on = state.start_on if enrolled else state.closed_on or date.min
    may_be = command.outcome == "eligible" or not enrolled
    return may_be and state.referred_on <= command.assessed_on <= settled_on


def _only_site(known: Known) -> str | None:
    """So that leaving the only site out and naming it mean the same seat."""
    sites = known.definition.sites
    return sites[0].id if len(sites) == 1 else None


def _refuse_unknown_site(site: str | None, known: Known) -> None:
    sites = [item.id for item in known.definition.sites]
    if site is None and len(sites) > 1:
        raise InvalidField("$.site", f"name one of the programme's sites: {', '.join(sites)}")
    if site is not None and site not in sites:
        raise InvalidField("$.site", f"{site!r} is none of the programme's sites")


def _refuse_unknown_criteria(command: AssessEligibility, known: Known) -> None:
    criteria = [term.code for term in known.definition.codes.criteria]
    for index, criterion in enumerate(command.criteria):
        if criterion.id not in criteria:
            raise InvalidField(f"$.criteria[{index}].id", f"{criterion.id!r} is no criterion")


def _refuse_end_before(start_on: date, planned_end_on: date | None) -> None:
    if planned_end_on is not None and planned_end_on < start_on:
        raise NotPossible("the planned end lies before the start", "$.planned_end_on")
