"""What may be asked of a placement: the commands of one person's stay at one company."""

from typing import Literal, TypeAlias

from services.intake.events.conformity import ReasonCode
from services.placement.events import EmploymentKind, Minutes, WageMinutes
from shared.command import Command
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId


class AgreePlacement(Command, frozen=True, kw_only=True):
    """Agree on a placement of an enrolled person at a company (aftale).

    Also of one who has completed or dropped out since: a job may follow the programme. `purpose`
    is a word of the caller's own: no list of the definition holds it. `opening`: the one that it
    fills; `match`: the proposal that led to it.
    """

    placement: EntityId | None = None
    enrolment: EntityId
    company: EntityId
    opening: EntityId | None = None
    match: EntityId | None = None
    purpose: Code


class StartPractice(Command, frozen=True, kw_only=True):
    """Practice begins (praktik); say what is known of wage hours now."""

    placement: EntityId
    start_on: FactDay
    planned_end_on: PlannedDay
    wage_hours: Literal["agreed", "none", "unknown"]


class ExtendPractice(Command, frozen=True, kw_only=True):
    """Practice is to last longer than planned (forlænge)."""

    placement: EntityId
    new_end_on: PlannedDay
    ground: ReasonCode


class EndPractice(Command, frozen=True, kw_only=True):
    """Practice ends; the day given was its last."""

    placement: EntityId
    end_on: FactDay
    reason: ReasonCode


class BeginWageHours(Command, frozen=True, kw_only=True):
    """Ordinary paid hours begin (ordinære løntimer)."""

    placement: EntityId
    from_on: FactDay
    weekly_minutes: Minutes


class ChangeWageHours(Command, frozen=True, kw_only=True):
    """From this day so many minutes a week are paid (ændret timetal)."""

    placement: EntityId
    from_on: FactDay
    weekly_minutes: Minutes


class ReportWageHours(Command, frozen=True, kw_only=True):
    """So many minutes were paid in a period; 0 says that none were."""

    placement: EntityId
    from_on: FactDay
    to_on: FactDay
    wage_minutes: WageMinutes
    evidence: Literal["payslip", "company", "citizen", "register"]


class EndWageHours(Command, frozen=True, kw_only=True):
    """Paid hours end; the day given was the last."""

    placement: EntityId
    end_on: FactDay


class StartEmployment(Command, frozen=True, kw_only=True):
    """An employment begins (ansættelse)."""

    placement: EntityId
    kind: EmploymentKind
    start_on: FactDay
    weekly_minutes: Minutes
    open_ended: bool


class ChangeEmployment(Command, frozen=True, kw_only=True):
    """From this day the employment is of this kind and length (ændret ansættelse)."""

    placement: EntityId
    kind: EmploymentKind
    from_on: FactDay
    weekly_minutes: Minutes
    open_ended: bool


class EndEmployment(Command, frozen=True, kw_only=True):
    """The employment ends; the day given was its last."""

    placement: EntityId
    end_on: FactDay
    reason: ReasonCode
    initiated_by: Literal["citizen", "company", "both", "unknown"]


class CancelPlacement(Command, frozen=True, kw_only=True):
    """Nothing comes of the agreement (aflyse)."""

    placement: EntityId
    cancelled_on: FactDay
    reason: ReasonCode


class EndPlacement(Command, frozen=True, kw_only=True):
    """The placement is over, and with it every strand still open (afslutte)."""

    placement: EntityId
    end_on: FactDay
    reason: ReasonCode


class ChangePlacementPerson(Command, frozen=True, kw_only=True):
    """Two person records were merged, or parted again; sent by the service's own reaction alone."""

    placement: EntityId
    person_ref: EntityId


class ErasePlacementPerson(Command, frozen=True, kw_only=True):
    """The placement's person was erased; sent by the service's own reaction alone."""

    placement: EntityId
    person_ref: EntityId


PlacementCommand: TypeAlias = (
    AgreePlacement
    | StartPractice
    | ExtendPractice
    | EndPractice
    | BeginWageHours
    | ChangeWageHours
    | ReportWageHours
    | EndWageHours
    | StartEmployment
    | ChangeEmployment
    | EndEmployment
    | CancelPlacement
    | EndPlacement
    | ChangePlacementPerson
    | ErasePlacementPerson
)
