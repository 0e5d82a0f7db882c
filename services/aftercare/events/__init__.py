"""What aftercare records (stream AFTERCARE), and what others may know of it."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from shared.clock import DURATION_PATTERN
from shared.envelope import Event, Vocabulary
from shared.identifiers import Code, EntityId

Party = Literal["citizen", "company"]


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
    offered_on: date
    anchor_on: date


class AftercareAccepted(Event, frozen=True, kw_only=True):
    """One party said yes; it is voluntary."""

    party: Party
    accepted_on: date


class AftercareDeclined(Event, frozen=True, kw_only=True):
    """One party said no."""

    party: Party
    declined_on: date


class AftercarePlanAgreed(Event, frozen=True, kw_only=True):
    """It is agreed when who is contacted (efterværnsaftale)."""

    placement: EntityId
    agreed_on: date
    anchor_on: date
    touchpoints: tuple[Touchpoint, ...]


class FollowUpCompleted(Event, frozen=True, kw_only=True):
    """A contact took place (opfølgning), with or without a touchpoint that asked for it."""

    touchpoint: Code | None = None
    party: Party
    channel: Literal["visit", "meeting", "phone", "video", "message"]
    held_on: date
    employment_state: Literal["employed_same", "employed_other", "not_employed", "unknown"]
    weekly_minutes: int | None = None


class FollowUpMissed(Event, frozen=True, kw_only=True):
    """The window and the grace for late registration ended without a contact; the clock says so."""

    touchpoint: Code
    due_on: date


PlanEvent: TypeAlias = (
    AftercareOffered
    | AftercareAccepted
    | AftercareDeclined
    | AftercarePlanAgreed
    | FollowUpCompleted
    | FollowUpMissed
)

VOCABULARY = Vocabulary("aftercare", {"plan": PlanEvent})
