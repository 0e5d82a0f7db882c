"""What intake records (stream INTAKE), and what others may know of it."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from services.intake.events.conformity import (
    ActivityCode,
    BasisCode,
    BenefitCode,
    ChallengeCode,
    DestinationCode,
    IndicatorCode,
    InstrumentCode,
    PurposeCode,
    ReasonCode,
    ReferrerCode,
    TargetGroupCode,
)
from services.intake.events.definition import Definition, Duration
from services.intake.events.upcasting import no_benefit_is_null
from shared.claim import ClaimEvent
from shared.envelope import Event, Vocabulary
from shared.fact_days import FactDay, FactWeek, FactYear, PlannedDay
from shared.identifiers import Code, EntityId

DaysOfWeek = Annotated[int, Meta(ge=0, le=7)]


class ProgrammeOpened(Event, frozen=True, kw_only=True):
    """A programme (projekt, indsats) begins to exist, by this definition."""

    programme: EntityId
    definition: Definition
    definition_version: int
    checksum: str
    effective_from: PlannedDay


class ProgrammeRevised(Event, frozen=True, kw_only=True):
    """From this day on, the programme is measured by this definition."""

    programme: EntityId
    definition: Definition
    definition_version: int
    checksum: str
    effective_from: PlannedDay


class ProgrammeClosed(Event, frozen=True, kw_only=True):
    """The programme is over (afsluttet), or its roles have become permanent (forankret)."""

    closed_on: FactDay
    outcome: Literal["closed", "anchored"]


class ExternalIndicatorRecorded(Event, frozen=True, kw_only=True):
    """What a survey or a register says of the programme; recorded here, never computed."""

    indicator: IndicatorCode
    value: float
    on: FactDay


ProgrammeEvent: TypeAlias = (
    ProgrammeOpened | ProgrammeRevised | ProgrammeClosed | ExternalIndicatorRecorded
)


class PersonRegistered(Event, frozen=True, kw_only=True):
    """A person (borger) is known; who it is stands nowhere in the clear."""

    person_ref: EntityId
    birth_year: FactYear | None = None
    area: Code | None = None


class ResidenceChanged(Event, frozen=True, kw_only=True):
    """The person lives in another area from this day; None: it is not known where."""

    area: Code | None
    from_on: FactDay


class PersonsMerged(Event, frozen=True, kw_only=True):
    """Two records are one person: this one goes on, `merged_ref` becomes another name of it."""

    merged_ref: EntityId
    evidence: Code


class PersonMergeReverted(Event, frozen=True, kw_only=True):
    """They were two persons after all."""

    merged_ref: EntityId
    evidence: Code


class ErasureRequested(Event, frozen=True, kw_only=True):
    """The person asks to be forgotten (anmodning om sletning)."""

    requested_on: FactDay


class ErasureRefused(Event, frozen=True, kw_only=True):
    """The records must be kept (afslag); a public authority's duty, for example."""

    refused_on: FactDay
    reason: Code


class PersonErased(Event, frozen=True, kw_only=True):
    """The person's identity is gone for ever (slettet); what remains is kept for so long."""

    erased_on: FactDay
    retention_code: Duration
    basis: Code


PersonEvent: TypeAlias = (
    PersonRegistered
    | ResidenceChanged
    | PersonsMerged
    | PersonMergeReverted
    | ErasureRequested
    | ErasureRefused
    | PersonErased
)


class Criterion(Struct, frozen=True, forbid_unknown_fields=True):
    """One condition of entry and whether it is met."""

    id: Code
    met: Literal["yes", "no", "unknown"]


class ParticipantReferred(Event, frozen=True, kw_only=True):
    """Somebody referred a person to a programme (henvisning); no benefit: on no public support."""

    programme: EntityId
    person_ref: EntityId
    site: Code | None = None
    referred_by: ReferrerCode
    target_group: TargetGroupCode
    benefit: BenefitCode | None
    referred_on: FactDay


class EligibilityAssessed(Event, frozen=True, kw_only=True):
    """The conditions of entry were looked at (visitation)."""

    assessed_on: FactDay
    criteria: tuple[Criterion, ...]
    outcome: Literal["eligible", "not_eligible"]


class ReferralDeclined(Event, frozen=True, kw_only=True):
    """The programme said no to the referral (afvist)."""

    declined_on: FactDay
    reason: ReasonCode


class ReferralWithdrawn(Event, frozen=True, kw_only=True):
    """The referral was taken back (trukket tilbage)."""

    withdrawn_on: FactDay
    reason: ReasonCode


class LegalBasisRecorded(Event, frozen=True, kw_only=True):
    """The law by which data of the person may be used for a purpose (hjemmel), and by whom."""

    purpose: PurposeCode
    basis: BasisCode
    parties: tuple[Code, ...]


class ConsentGiven(Event, frozen=True, kw_only=True):
    """The person allows a use of data from this day (samtykke)."""

    purpose: PurposeCode
    parties: tuple[Code, ...]
    from_on: FactDay


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    """The person takes a consent back: from this day it holds no more."""

    purpose: PurposeCode
    parties: tuple[Code, ...]
    withdrawn_on: FactDay


class ParticipantEnrolled(Event, frozen=True, kw_only=True):
    """The person is in the programme from this day (indskrevet).

    `merged_into` is the record that the person's had become an alias of when this was recorded.
    """

    start_on: FactDay
    planned_end_on: PlannedDay | None = None
    previous_enrolment: EntityId | None = None
    merged_into: EntityId | None = None


class ParticipationStarted(Event, frozen=True, kw_only=True):
    """The person came for the first time (fremmødt)."""

    first_attended_on: FactDay


class ParticipationNeverStarted(Event, frozen=True, kw_only=True):
    """The person never properly took part (aldrig startet)."""

    decided_on: FactDay
    reason: ReasonCode


class ParticipationPaused(Event, frozen=True, kw_only=True):
    """The course rests from this day (pause)."""

    from_on: FactDay


class ParticipationResumed(Event, frozen=True, kw_only=True):
    """The course goes on from this day."""

    from_on: FactDay


class AttendanceRecorded(Event, frozen=True, kw_only=True):
    """How many of a week's planned days the person came (mødestabilitet)."""

    week: FactWeek
    planned_days: DaysOfWeek
    attended_days: DaysOfWeek


class ActivityCompleted(Event, frozen=True, kw_only=True):
    """An activity of the course is done: a CV, a clarification of competences, a training."""

    kind: ActivityCode
    completed_on: FactDay


class SupportBasisChanged(Event, frozen=True, kw_only=True):
    """What the person lives on (forsørgelsesgrundlag) from this day; None: no public benefit."""

    benefit: BenefitCode | None
    from_on: FactDay
    to_on: FactDay | None = None
    source: Literal["register", "caseworker", "citizen"]


class Score(Struct, frozen=True, forbid_unknown_fields=True):
    """One item of an instrument and its score."""

    item: Code
    score: int


class ProgressionMeasured(Event, frozen=True, kw_only=True):
    """Progress was measured with an instrument of a version (progressionsmåling)."""

    instrument: InstrumentCode
    version: Annotated[int, Meta(ge=1)]
    scores: tuple[Score, ...]
    rater: Literal["citizen", "caseworker", "company"]
    measured_on: FactDay


class ParticipantTransferred(Event, frozen=True, kw_only=True):
    """The person goes on in another programme, by another enrolment (overført)."""

    transferred_on: FactDay
    to_programme: EntityId
    linked_enrolment: EntityId
    clock_carried: bool


class ParticipantCompleted(Event, frozen=True, kw_only=True):
    """The person went through the whole course (gennemført)."""

    end_on: FactDay
    destination: DestinationCode


class ParticipantDroppedOut(Event, frozen=True, kw_only=True):
    """The person stopped before the end (frafaldet)."""

    end_on: FactDay
    reason: ReasonCode
    destination: DestinationCode


class ChallengeNoted(Event, frozen=True, kw_only=True):
    """Something stands in the way (barriere), named by a coarse category alone."""

    category: ChallengeCode
    noted_on: FactDay


EnrolmentEvent: TypeAlias = (
    ParticipantReferred
    | EligibilityAssessed
    | ReferralDeclined
    | ReferralWithdrawn
    | LegalBasisRecorded
    | ConsentGiven
    | ConsentWithdrawn
    | ParticipantEnrolled
    | ParticipationStarted
    | ParticipationNeverStarted
    | ParticipationPaused
    | ParticipationResumed
    | AttendanceRecorded
    | ActivityCompleted
    | SupportBasisChanged
    | ProgressionMeasured
    | ParticipantTransferred
    | ParticipantCompleted
    | ParticipantDroppedOut
    | ChallengeNoted
)

VOCABULARY = Vocabulary(
    "intake",
    {
        "programme": ProgrammeEvent,
        "person": PersonEvent,
        "enrolment": EnrolmentEvent,
        "seat": ClaimEvent,
        "alias": ClaimEvent,
    },
    {ParticipantReferred: no_benefit_is_null},
)
