"""What can be asked of a plan: an offer, the answers, the agreement, the contacts, the end."""

from typing import TypeAlias

from services.aftercare.events import Channel, EmploymentState, Party, Touchpoint, Weeks
from services.intake.events.conformity import ReasonCode
from services.placement.events import Minutes
from shared.command import Command
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId


class OfferAftercare(Command, frozen=True, kw_only=True):
    """Offer aftercare to both parties of an ordinary employment (tilbyde efterværn)."""

    plan: EntityId | None = None
    placement: EntityId
    enrolment: EntityId
    person_ref: EntityId
    programme: EntityId
    company: EntityId
    offered_on: FactDay
    anchor_on: FactDay


class AcceptAftercare(Command, frozen=True, kw_only=True):
    """One party says yes (tage imod)."""

    plan: EntityId
    party: Party
    accepted_on: FactDay


class DeclineAftercare(Command, frozen=True, kw_only=True):
    """One party says no (takke nej)."""

    plan: EntityId
    party: Party
    declined_on: FactDay


class WithdrawAftercare(Command, frozen=True, kw_only=True):
    """One party that said yes wants no more of it (trække sig)."""

    plan: EntityId
    party: Party
    withdrawn_on: FactDay


class AgreeAftercarePlan(Command, frozen=True, kw_only=True):
    """Agree when who is contacted; without touchpoints, the programme's for those who accepted."""

    plan: EntityId
    agreed_on: FactDay
    anchor_on: PlannedDay
    touchpoints: tuple[Touchpoint, ...] | None = None


class ReviseAftercarePlan(Command, frozen=True, kw_only=True):
    """Agree on other contacts from a day on (revidere aftalen); what was held stays held."""

    plan: EntityId
    revised_on: FactDay
    anchor_on: PlannedDay
    touchpoints: tuple[Touchpoint, ...]


class CompleteFollowUp(Command, frozen=True, kw_only=True):
    """A contact took place (opfølgning), with or without a touchpoint that asked for it.

    One with the company is about its general questions if it says nothing of the employment:
    `employment_state` unknown and no minutes. Any other is about the citizen.
    """

    plan: EntityId
    touchpoint: Code | None = None
    party: Party
    channel: Channel
    held_on: FactDay
    employment_state: EmploymentState
    weekly_minutes: Minutes | None = None


class MissFollowUp(Command, frozen=True, kw_only=True):
    """The clock: a window and its grace have ended without a contact."""

    plan: EntityId
    touchpoint: Code
    due_on: FactDay


class RescheduleFollowUp(Command, frozen=True, kw_only=True):
    """Agree on another day for a contact; its window moves along (udsætte)."""

    plan: EntityId
    touchpoint: Code
    new_due_on: PlannedDay
    rescheduled_on: FactDay


class WaiveFollowUp(Command, frozen=True, kw_only=True):
    """Agree to do without a contact (frafalde)."""

    plan: EntityId
    touchpoint: Code
    waived_on: FactDay
    reason: ReasonCode


class OfferUpskilling(Command, frozen=True, kw_only=True):
    """Offer a course to the citizen or the company (opkvalificering)."""

    plan: EntityId
    to: Party
    course: Code
    weeks: Weeks
    offered_on: FactDay


class TakeUpskilling(Command, frozen=True, kw_only=True):
    """The course that was offered is taken."""

    plan: EntityId
    to: Party
    course: Code
    weeks: Weeks
    taken_on: FactDay


class CloseAftercare(Command, frozen=True, kw_only=True):
    """End aftercare (afslutte); contacts of before may still be registered."""

    plan: EntityId
    closed_on: FactDay
    reason: ReasonCode


PlanCommand: TypeAlias = (
    OfferAftercare
    | AcceptAftercare
    | DeclineAftercare
    | WithdrawAftercare
    | AgreeAftercarePlan
    | ReviseAftercarePlan
    | CompleteFollowUp
    | MissFollowUp
    | RescheduleFollowUp
    | WaiveFollowUp
    | OfferUpskilling
    | TakeUpskilling
    | CloseAftercare
)
