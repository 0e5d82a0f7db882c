"""What placement records (stream PLACEMENT), and what others may know of it."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from shared.envelope import Event, Vocabulary
from shared.identifiers import Code, EntityId

Minutes = Annotated[int, Meta(ge=0, le=10_080, description="Minutes in an ISO week.")]
EmploymentKind = Literal[
    "small_job", "part_time", "full_time", "flex_job", "apprenticeship", "wage_subsidy"
]


class CompanyRegistered(Event, frozen=True, kw_only=True):
    """A company (virksomhed), or one production unit of it, is known."""

    cvr: str
    p_number: str | None = None
    name: str
    sector: Code
    area: Code | None = None


CompanyEvent: TypeAlias = CompanyRegistered


class PlacementAgreed(Event, frozen=True, kw_only=True):
    """A person and a company agreed on a placement (placering)."""

    enrolment: EntityId
    person_ref: EntityId
    programme: EntityId
    site: Code | None = None
    company: EntityId
    purpose: Code


class PracticeStarted(Event, frozen=True, kw_only=True):
    """Practice (praktik) began; wage_hours is what was known of wage hours at the start."""

    start_on: date
    planned_end_on: date
    wage_hours: Literal["agreed", "none", "unknown"]


class PracticeEnded(Event, frozen=True, kw_only=True):
    """Practice ended."""

    end_on: date
    reason: Code


class WageHoursBegan(Event, frozen=True, kw_only=True):
    """Ordinary paid hours (ordinære løntimer) began."""

    from_on: date
    weekly_minutes: Minutes


class WageHoursReported(Event, frozen=True, kw_only=True):
    """So many minutes were paid in a period, both days included."""

    from_on: date
    to_on: date
    wage_minutes: int
    evidence: Literal["payslip", "company", "citizen", "register"]


class WageHoursEnded(Event, frozen=True, kw_only=True):
    """Paid hours ended; this was the last day."""

    end_on: date


class EmploymentStarted(Event, frozen=True, kw_only=True):
    """An employment (ansættelse) began."""

    kind: EmploymentKind
    start_on: date
    weekly_minutes: Minutes
    open_ended: bool


class EmploymentEnded(Event, frozen=True, kw_only=True):
    """The employment ended; this was the last day."""

    end_on: date
    reason: Code
    initiated_by: Literal["citizen", "company", "both", "unknown"]


class PlacementEnded(Event, frozen=True, kw_only=True):
    """The placement is over, and with it every strand still open."""

    end_on: date
    reason: Code


PlacementEvent: TypeAlias = (
    PlacementAgreed
    | PracticeStarted
    | PracticeEnded
    | WageHoursBegan
    | WageHoursReported
    | WageHoursEnded
    | EmploymentStarted
    | EmploymentEnded
    | PlacementEnded
)

VOCABULARY = Vocabulary("placement", {"company": CompanyEvent, "placement": PlacementEvent})
