"""What aftercare records (stream AFTERCARE), and what others may know of it."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from services.intake.events.conformity import (
    ActionCode,
    ProblemCode,
    ProblemOutcomeCode,
    ReasonCode,
)
from services.placement.events import Minutes
from shared.clock import DURATION_PATTERN
from shared.envelope import Event, Vocabulary
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId

Party = Literal["citizen", "company"]
Channel = Literal["visit", "meeting", "phone", "video", "message"]
EmploymentState = Literal["employed_same", "employed_other", "not_employed", "unknown"]
Weeks = Annotated[int, Meta(ge=1, le=520)]
RaisedBy = Literal["citizen", "company", "authority"]
Severity = Annotated[int, Meta(ge=1, le=3)]

EMPLOYMENT_RETRACTED = "employment_retracted"
"""The reason of a closing that no programme needs to list: there never was an ordinary job."""


class Touchpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """A follow-up agreed with one party: due the offset after the anchor, within ± window_days."""

    id: Code
    party: Party
    offset: Annotated[str, Meta(pattern=DURATION_PATTERN)]
    window_days: Annotated[int, Meta(ge=0, le=366)]


class AftercareOffered(Event, frozen=True, kw_only=True):
    """Aftercare (efterværn) was offered to the citizen and the company of an ordinary employment."""

    placement: EntityId
    enrolment: EntityId
    person_ref: EntityId
    programme: EntityId
    company: EntityId
    offered_on: FactDay
    anchor_on: FactDay


class AftercareAccepted(Event, frozen=True, kw_only=True):
    """One party said yes; it is voluntary."""

    party: Party
    accepted_on: FactDay


class AftercareDeclined(Event, frozen=True, kw_only=True):
    """One party said no."""

    party: Party
    declined_on: FactDay


class AftercareWithdrawn(Event, frozen=True, kw_only=True):
    """One party that had said yes wants no more of it."""

    party: Party
    withdrawn_on: FactDay


class AftercarePlanAgreed(Event, frozen=True, kw_only=True):
    """It is agreed when who is contacted (efterværnsaftale)."""

    placement: EntityId
    agreed_on: FactDay
    anchor_on: PlannedDay
    touchpoints: tuple[Touchpoint, ...]


class AftercarePlanRevised(Event, frozen=True, kw_only=True):
    """From this day other contacts are agreed; what was held stays held."""

    placement: EntityId
    revised_on: FactDay
    anchor_on: PlannedDay
    touchpoints: tuple[Touchpoint, ...]


class FollowUpCompleted(Event, frozen=True, kw_only=True):
    """A contact took place (opfølgning), with or without a touchpoint that asked for it."""

    touchpoint: Code | None = None
    party: Party
    channel: Channel
    held_on: FactDay
    employment_state: EmploymentState
    weekly_minutes: Minutes | None = None


class FollowUpMissed(Event, frozen=True, kw_only=True):
    """The window and the grace for late registration ended without a contact; the clock says so."""

    touchpoint: Code
    due_on: FactDay


class FollowUpRescheduled(Event, frozen=True, kw_only=True):
    """The contact is due on another day."""

    touchpoint: Code
    new_due_on: PlannedDay
    rescheduled_on: FactDay


class FollowUpWaived(Event, frozen=True, kw_only=True):
    """Both agree to do without this contact."""

    touchpoint: Code
    waived_on: FactDay
    reason: ReasonCode


class UpskillingOffered(Event, frozen=True, kw_only=True):
    """A course was offered to the citizen or the company (opkvalificering)."""

    to: Party
    course: Code
    weeks: Weeks
    offered_on: FactDay


class UpskillingTaken(Event, frozen=True, kw_only=True):
    """The course was taken."""

    to: Party
    course: Code
    weeks: Weeks
    taken_on: FactDay


class AftercareClosed(Event, frozen=True, kw_only=True):
    """Aftercare is over; nothing is due any more.

    `reason` is a code of the programme's, or `employment_retracted`: there never was a job.
    """

    closed_on: FactDay
    reason: Code


PlanEvent: TypeAlias = (
    AftercareOffered
    | AftercareAccepted
    | AftercareDeclined
    | AftercareWithdrawn
    | AftercarePlanAgreed
    | AftercarePlanRevised
    | FollowUpCompleted
    | FollowUpMissed
    | FollowUpRescheduled
    | FollowUpWaived
    | UpskillingOffered
    | UpskillingTaken
    | AftercareClosed
)


class ProblemRaised(Event, frozen=True, kw_only=True):
    """Something goes wrong at a placement (problem); 3 is the worst."""

    placement: EntityId
    enrolment: EntityId
    person_ref: EntityId
    programme: EntityId
    company: EntityId
    raised_by: RaisedBy
    category: ProblemCode
    severity: Severity
    raised_on: FactDay


class ProblemActionTaken(Event, frozen=True, kw_only=True):
    """Somebody did something about it."""

    action: ActionCode
    acted_on: FactDay


class ProblemResolved(Event, frozen=True, kw_only=True):
    """The problem is solved (løst)."""

    resolved_on: FactDay
    outcome: ProblemOutcomeCode


class ProblemClosedUnresolved(Event, frozen=True, kw_only=True):
    """Nobody works on it any more, though it is not solved."""

    closed_on: FactDay
    reason: ReasonCode


ProblemEvent: TypeAlias = (
    ProblemRaised | ProblemActionTaken | ProblemResolved | ProblemClosedUnresolved
)

VOCABULARY = Vocabulary("aftercare", {"plan": PlanEvent, "problem": ProblemEvent})
