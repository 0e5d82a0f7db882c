"""What may be asked of an enrolment: each command, and the event that it asks for."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ChallengeNoted,
    ConsentGiven,
    ConsentWithdrawn,
    Criterion,
    DaysOfWeek,
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
    Score,
    SupportBasisChanged,
)
from services.intake.events.conformity import (
    ActivityCode,
    BasisCode,
    BenefitCode,
    ChallengeCode,
    DestinationCode,
    InstrumentCode,
    PurposeCode,
    ReasonCode,
    ReferrerCode,
    TargetGroupCode,
)
from shared.command import Command
from shared.fact_days import FactDay, FactWeek, PlannedDay
from shared.identifiers import Code, EntityId


class ReferParticipant(Command, frozen=True, kw_only=True):
    """Refer a person to a programme (henvise)."""

    enrolment: EntityId | None = None
    programme: EntityId
    person_ref: EntityId
    site: Code | None = None
    referred_by: ReferrerCode
    target_group: TargetGroupCode
    benefit: BenefitCode | None
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


class PauseParticipation(Command, frozen=True, kw_only=True):
    """Let the course rest from this day (pause)."""

    enrolment: EntityId
    from_on: FactDay


class ResumeParticipation(Command, frozen=True, kw_only=True):
    """Go on with the course from this day (genoptage)."""

    enrolment: EntityId
    from_on: FactDay


class TransferParticipant(Command, frozen=True, kw_only=True):
    """The person goes on in another programme, by another enrolment (overføre)."""

    enrolment: EntityId
    transferred_on: FactDay
    to_programme: EntityId
    linked_enrolment: EntityId
    clock_carried: bool


class RecordLegalBasis(Command, frozen=True, kw_only=True):
    """Record by which law the person's data may be used for a purpose (hjemmel), and by whom."""

    enrolment: EntityId
    purpose: PurposeCode
    basis: BasisCode
    parties: tuple[Code, ...] = ()


class GiveConsent(Command, frozen=True, kw_only=True):
    """The person allows a use of data from this day (samtykke)."""

    enrolment: EntityId
    purpose: PurposeCode
    parties: tuple[Code, ...] = ()
    from_on: FactDay


class WithdrawConsent(Command, frozen=True, kw_only=True):
    """The person takes back a consent, as it was given (tilbagekalde)."""

    enrolment: EntityId
    purpose: PurposeCode
    parties: tuple[Code, ...] = ()
    withdrawn_on: FactDay


class RecordAttendance(Command, frozen=True, kw_only=True):
    """Record how many of a week's planned days the person came (fremmøde)."""

    enrolment: EntityId
    week: FactWeek
    planned_days: DaysOfWeek
    attended_days: DaysOfWeek


class CompleteActivity(Command, frozen=True, kw_only=True):
    """An activity of the course is done (aktivitet)."""

    enrolment: EntityId
    kind: ActivityCode
    completed_on: FactDay


class ChangeSupportBasis(Command, frozen=True, kw_only=True):
    """The person lives on something else from this day (forsørgelsesgrundlag); None: no benefit."""

    enrolment: EntityId
    benefit: BenefitCode | None
    from_on: FactDay
    to_on: FactDay | None = None
    source: Literal["register", "caseworker", "citizen"]


class MeasureProgression(Command, frozen=True, kw_only=True):
    """Measure progress with an instrument (progressionsmåling)."""

    enrolment: EntityId
    instrument: InstrumentCode
    version: Annotated[int, Meta(ge=1)]
    scores: tuple[Score, ...]
    rater: Literal["citizen", "caseworker", "company"]
    measured_on: FactDay


class NoteChallenge(Command, frozen=True, kw_only=True):
    """Note by a coarse category what stands in the way (barriere)."""

    enrolment: EntityId
    category: ChallengeCode
    noted_on: FactDay


EnrolmentCommand: TypeAlias = (
    ReferParticipant
    | AssessEligibility
    | DeclineReferral
    | WithdrawReferral
    | EnrolParticipant
    | StartParticipation
    | RecordNeverStarted
    | PauseParticipation
    | ResumeParticipation
    | DropOutParticipant
    | CompleteParticipant
    | TransferParticipant
    | RecordLegalBasis
    | GiveConsent
    | WithdrawConsent
    | RecordAttendance
    | CompleteActivity
    | ChangeSupportBasis
    | MeasureProgression
    | NoteChallenge
)

EVENT_OF: Mapping[type[Command], type[EnrolmentEvent]] = {
    ReferParticipant: ParticipantReferred,
    AssessEligibility: EligibilityAssessed,
    DeclineReferral: ReferralDeclined,
    WithdrawReferral: ReferralWithdrawn,
    EnrolParticipant: ParticipantEnrolled,
    StartParticipation: ParticipationStarted,
    RecordNeverStarted: ParticipationNeverStarted,
    PauseParticipation: ParticipationPaused,
    ResumeParticipation: ParticipationResumed,
    DropOutParticipant: ParticipantDroppedOut,
    CompleteParticipant: ParticipantCompleted,
    TransferParticipant: ParticipantTransferred,
    RecordLegalBasis: LegalBasisRecorded,
    GiveConsent: ConsentGiven,
    WithdrawConsent: ConsentWithdrawn,
    RecordAttendance: AttendanceRecorded,
    CompleteActivity: ActivityCompleted,
    ChangeSupportBasis: SupportBasisChanged,
    MeasureProgression: ProgressionMeasured,
    NoteChallenge: ChallengeNoted,
}
"""The event that each command asks for; it says what the command says."""
