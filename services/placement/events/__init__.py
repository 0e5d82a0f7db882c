"""What placement records (stream PLACEMENT), and what others may know of it."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from services.intake.events.conformity import ReasonCode
from shared.envelope import Event, Vocabulary
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId

# The lengths are said beside the pattern because `$` would let a line feed pass at the end.
Cvr = Annotated[
    str, Meta(pattern=r"^[0-9]{8}(?!\n)$", max_length=8, description="The company's CVR number.")
]
PNumber = Annotated[
    str,
    Meta(pattern=r"^[0-9]{10}(?!\n)$", max_length=10, description="A production unit's number."),
]
CompanyName = Annotated[str, Meta(min_length=1, max_length=200)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Minutes = Annotated[int, Meta(ge=0, le=10_080, description="Minutes in an ISO week.")]
WageMinutes = Annotated[int, Meta(ge=0, description="Paid minutes in a period.")]
Level = Annotated[
    int,
    Meta(ge=0, le=5, description="0 none, 1 contact, 2 agreement, 3 opening, 4 placement, 5 hire."),
]
Link = Literal["supplier_of", "located_in", "network"]
EmploymentKind = Literal[
    "small_job", "part_time", "full_time", "flex_job", "apprenticeship", "wage_subsidy"
]
OpeningKind = Literal[
    "practice",
    "small_job",
    "part_time",
    "full_time",
    "flex_job",
    "apprenticeship",
    "wage_subsidy",
]


class CompanyRegistered(Event, frozen=True, kw_only=True):
    """A company (virksomhed), or one production unit of it, is known."""

    cvr: Cvr
    p_number: PNumber | None = None
    name: CompanyName
    sector: Code
    area: Code | None = None
    employees: Count | None = None


class CompanyLinked(Event, frozen=True, kw_only=True):
    """The company is a supplier, a neighbour or a part of a network from this day."""

    link: Link
    whom: Code
    from_on: FactDay


class CompanyUnlinked(Event, frozen=True, kw_only=True):
    """The link holds no more; this was its last day."""

    link: Link
    whom: Code
    to_on: FactDay


class RelationHandedOver(Event, frozen=True, kw_only=True):
    """Somebody else looks after the company from this day (overdragelse); roles, not persons."""

    handed_from: Code = field(name="from")
    handed_to: Code = field(name="to")
    on: FactDay


class CooperationLevelRecorded(Event, frozen=True, kw_only=True):
    """How close the cooperation is from this day; a baseline is what increases are measured from.

    `programme`: the one that it was recorded for; None: for all.
    """

    on: FactDay
    level: Level
    is_baseline: bool
    programme: EntityId | None = None


class AgreementSigned(Event, frozen=True, kw_only=True):
    """An agreement of cooperation (samarbejdsaftale) is in force from this day."""

    kind: Code
    parties: tuple[Code, ...]
    from_on: FactDay
    to_on: PlannedDay | None = None
    programme: EntityId | None = None


class AgreementEnded(Event, frozen=True, kw_only=True):
    """The agreement of that kind, those parties and that first day ended; this was its last day."""

    kind: Code
    parties: tuple[Code, ...]
    from_on: FactDay
    to_on: FactDay


class BarrierReported(Event, frozen=True, kw_only=True):
    """Something keeps the company from taking people on (barriere)."""

    barrier: Code
    reported_on: FactDay


class BarrierResolved(Event, frozen=True, kw_only=True):
    """The barrier is gone."""

    barrier: Code
    resolved_on: FactDay


class CompanySuggested(Event, frozen=True, kw_only=True):
    """Somebody, a member of a task force for example, suggests to ask this company."""

    suggested_by: Code
    company: EntityId
    on: FactDay


CompanyEvent: TypeAlias = (
    CompanyRegistered
    | CompanyLinked
    | CompanyUnlinked
    | RelationHandedOver
    | CooperationLevelRecorded
    | AgreementSigned
    | AgreementEnded
    | BarrierReported
    | BarrierResolved
    | CompanySuggested
)


class OpeningReported(Event, frozen=True, kw_only=True):
    """A company has room for somebody (jobåbning), perhaps carved out of other tasks.

    `programme`: the one that it was found for; None: for all. `origin`: who found it.
    """

    company: EntityId
    kind: OpeningKind
    positions: Annotated[int, Meta(ge=1, le=1000)]
    weekly_minutes_min: Minutes
    weekly_minutes_max: Minutes
    start_by: PlannedDay | None = None
    carved: bool
    carved_from: Code | None = None
    origin: Code
    sector: Code
    requirements: tuple[Code, ...] = ()
    reported_on: FactDay
    area: Code | None = None
    programme: EntityId | None = None
    site: Code | None = None


class OpeningWithdrawn(Event, frozen=True, kw_only=True):
    """The company takes the opening back."""

    withdrawn_on: FactDay
    reason: Code


OpeningEvent: TypeAlias = OpeningReported | OpeningWithdrawn


class MatchReason(Struct, frozen=True):
    """One thing that speaks for a match, or against it, and how much."""

    criterion: Literal["kind", "hours", "sector", "place", "requirements", "seats", "start"]
    points: int
    says: Code


class MatchProposed(Event, frozen=True, kw_only=True):
    """An opening was proposed for an enrolled person (match), for these reasons."""

    enrolment: EntityId
    opening: EntityId
    reasons: tuple[MatchReason, ...]
    score: int
    proposed_on: FactDay


class MatchAnswered(Event, frozen=True, kw_only=True):
    """One party said yes or no to the proposal."""

    party: Literal["citizen", "company", "authority"]
    answer: Literal["accepted", "declined"]
    reason: Code | None = None
    answered_on: FactDay


MatchEvent: TypeAlias = MatchProposed | MatchAnswered


class PlacementAgreed(Event, frozen=True, kw_only=True):
    """A person and a company agreed on a placement (placering)."""

    enrolment: EntityId
    person_ref: EntityId
    programme: EntityId
    site: Code | None = None
    company: EntityId
    opening: EntityId | None = None
    match: EntityId | None = None
    purpose: Code


class PracticeStarted(Event, frozen=True, kw_only=True):
    """Practice (praktik) began; wage_hours is what was known of wage hours at the start."""

    start_on: FactDay
    planned_end_on: PlannedDay
    wage_hours: Literal["agreed", "none", "unknown"]


class PracticeExtended(Event, frozen=True, kw_only=True):
    """Practice is to last longer than planned (forlængelse)."""

    new_end_on: PlannedDay
    ground: ReasonCode


class PracticeEnded(Event, frozen=True, kw_only=True):
    """Practice ended."""

    end_on: FactDay
    reason: ReasonCode


class WageHoursBegan(Event, frozen=True, kw_only=True):
    """Ordinary paid hours (ordinære løntimer) began."""

    from_on: FactDay
    weekly_minutes: Minutes


class WageHoursChanged(Event, frozen=True, kw_only=True):
    """From this day so many minutes a week are paid."""

    from_on: FactDay
    weekly_minutes: Minutes


class WageHoursReported(Event, frozen=True, kw_only=True):
    """So many minutes were paid in a period, both days included."""

    from_on: FactDay
    to_on: FactDay
    wage_minutes: WageMinutes
    evidence: Literal["payslip", "company", "citizen", "register"]


class WageHoursEnded(Event, frozen=True, kw_only=True):
    """Paid hours ended; this was the last day."""

    end_on: FactDay


class EmploymentStarted(Event, frozen=True, kw_only=True):
    """An employment (ansættelse) began."""

    kind: EmploymentKind
    start_on: FactDay
    weekly_minutes: Minutes
    open_ended: bool


class EmploymentChanged(Event, frozen=True, kw_only=True):
    """From this day the employment is of this kind and length."""

    kind: EmploymentKind
    from_on: FactDay
    weekly_minutes: Minutes
    open_ended: bool


class EmploymentEnded(Event, frozen=True, kw_only=True):
    """The employment ended; this was the last day."""

    end_on: FactDay
    reason: ReasonCode
    initiated_by: Literal["citizen", "company", "both", "unknown"]


class PlacementCancelled(Event, frozen=True, kw_only=True):
    """Nothing came of the agreement (aflyst): no strand has begun."""

    cancelled_on: FactDay
    reason: ReasonCode


class PlacementEnded(Event, frozen=True, kw_only=True):
    """The placement is over, and with it every strand still open."""

    end_on: FactDay
    reason: ReasonCode


class PlacementPersonChanged(Event, frozen=True, kw_only=True):
    """Two person records were merged, or parted again: the placement is this person's."""

    person_ref: EntityId


class PlacementPersonErased(Event, frozen=True, kw_only=True):
    """The placement's person was erased."""

    person_ref: EntityId


PlacementEvent: TypeAlias = (
    PlacementAgreed
    | PracticeStarted
    | PracticeExtended
    | PracticeEnded
    | WageHoursBegan
    | WageHoursChanged
    | WageHoursReported
    | WageHoursEnded
    | EmploymentStarted
    | EmploymentChanged
    | EmploymentEnded
    | PlacementCancelled
    | PlacementEnded
    | PlacementPersonChanged
    | PlacementPersonErased
)

VOCABULARY = Vocabulary(
    "placement",
    {
        "company": CompanyEvent,
        "opening": OpeningEvent,
        "match": MatchEvent,
        "placement": PlacementEvent,
    },
)
