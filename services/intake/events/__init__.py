"""What intake records (stream INTAKE), and what others may know of it."""

from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

from services.intake.events.definition import Definition
from shared.claim import ClaimEvent
from shared.envelope import Event, Vocabulary
from shared.identifiers import Code, EntityId


class ProgrammeOpened(Event, frozen=True, kw_only=True):
    """A programme (projekt, indsats) begins to exist, by this definition."""

    programme: EntityId
    definition: Definition
    definition_version: int
    checksum: str
    effective_from: date


class ProgrammeRevised(Event, frozen=True, kw_only=True):
    """From this day on, the programme is measured by this definition."""

    programme: EntityId
    definition: Definition
    definition_version: int
    checksum: str
    effective_from: date


ProgrammeEvent: TypeAlias = ProgrammeOpened | ProgrammeRevised


class PersonRegistered(Event, frozen=True, kw_only=True):
    """A person (borger) is known; who it is stands nowhere in the clear."""

    person_ref: EntityId
    birth_year: int | None = None
    area: Code | None = None


PersonEvent: TypeAlias = PersonRegistered


class Criterion(Struct, frozen=True):
    """One condition of entry and whether it is met."""

    id: Code
    met: Literal["yes", "no", "unknown"]


class ParticipantReferred(Event, frozen=True, kw_only=True):
    """Somebody referred a person to a programme (henvisning)."""

    programme: EntityId
    person_ref: EntityId
    site: Code | None = None
    referred_by: Code
    target_group: Code
    benefit: Code
    referred_on: date


class EligibilityAssessed(Event, frozen=True, kw_only=True):
    """The conditions of entry were looked at (visitation)."""

    assessed_on: date
    criteria: tuple[Criterion, ...]
    outcome: Literal["eligible", "not_eligible"]


class ReferralDeclined(Event, frozen=True, kw_only=True):
    """The programme said no to the referral (afvist)."""

    declined_on: date
    reason: Code


class ReferralWithdrawn(Event, frozen=True, kw_only=True):
    """The referral was taken back (trukket tilbage)."""

    withdrawn_on: date
    reason: Code


class ParticipantEnrolled(Event, frozen=True, kw_only=True):
    """The person is in the programme from this day (indskrevet)."""

    start_on: date
    planned_end_on: date | None = None
    previous_enrolment: EntityId | None = None


class ParticipationStarted(Event, frozen=True, kw_only=True):
    """The person came for the first time (fremmødt)."""

    first_attended_on: date


class ParticipationNeverStarted(Event, frozen=True, kw_only=True):
    """The person never properly took part (aldrig startet)."""

    decided_on: date
    reason: Code


class ParticipantDroppedOut(Event, frozen=True, kw_only=True):
    """The person stopped before the end (frafaldet)."""

    end_on: date
    reason: Code
    destination: Code


class ParticipantCompleted(Event, frozen=True, kw_only=True):
    """The person went through the whole course (gennemført)."""

    end_on: date
    destination: Code


EnrolmentEvent: TypeAlias = (
    ParticipantReferred
    | EligibilityAssessed
    | ReferralDeclined
    | ReferralWithdrawn
    | ParticipantEnrolled
    | ParticipationStarted
    | ParticipationNeverStarted
    | ParticipantDroppedOut
    | ParticipantCompleted
)

VOCABULARY = Vocabulary(
    "intake",
    {
        "programme": ProgrammeEvent,
        "person": PersonEvent,
        "enrolment": EnrolmentEvent,
        "seat": ClaimEvent,
    },
)
