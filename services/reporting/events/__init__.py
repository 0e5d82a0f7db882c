"""What reporting records (stream REPORTS): figures as they were issued, with all they rest on."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from services.intake.events.goals import Count, Text
from shared.envelope import Event, Vocabulary
from shared.fact_days import FactDay
from shared.identifiers import Code, EntityId

Parameter: TypeAlias = str | int | float | bool | list[str] | None
Number: TypeAlias = int | float | None
Share = Annotated[float, Meta(ge=0, le=1)]


class ReportedInterval(Struct, frozen=True):
    """Between these two the value lies, with that probability."""

    low: float | None
    high: float | None
    level: float


class ReportedPart(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure beside the figure: one cell, party, item or variant of it."""

    name: str
    value: Number
    quantity: str = "count"
    counting_unit: str | None = None
    n: int | None = None
    denominator: int | None = None
    share: float | None = None
    unknown: int = 0
    pending: int = 0
    interval: ReportedInterval | None = None


class ReportedFigure(Struct, frozen=True, kw_only=True):
    """One goal's figure as it was issued; nobody's reference stands in it."""

    measure: str
    measure_version: int
    variant: str | None
    value: Number
    quantity: str
    counting_unit: str
    n: int | None
    denominator: int | None
    denominator_name: str | None
    within_denominator: int | None
    share: float | None
    unknown: int
    pending: int
    interval: ReportedInterval | None
    period: tuple[str, str]
    parameters: dict[str, Parameter]
    parts: tuple[ReportedPart, ...] = ()


class ReportedGoal(Struct, frozen=True, kw_only=True):
    """One goal with its target, how it stood, and its figure."""

    id: Code
    title: Text
    target: Count | None
    target_share: Share | None
    state: Literal["met", "missed", "undecided", "no_target"]
    missing: int | None
    figure: ReportedFigure


class ReportedFinding(Struct, frozen=True, kw_only=True):
    """What the data did not settle, and how often."""

    code: str
    count: int


class ReportIssued(Event, frozen=True, kw_only=True):
    """A report (afrapportering) was given out; `digest` is over the figures, partition and findings."""

    programme: EntityId
    moment: str
    valid_on: FactDay
    definition_version: int
    checksum: str
    goals: tuple[ReportedGoal, ...]
    enrolled: int
    partition: dict[str, int]
    findings: tuple[ReportedFinding, ...]
    digest: str


class ReportSuperseded(Event, frozen=True, kw_only=True):
    """Another report takes the place of this one."""

    superseded_by: EntityId
    reason: Code


ReportEvent: TypeAlias = ReportIssued | ReportSuperseded

VOCABULARY = Vocabulary("reports", {"report": ReportEvent}, correctable=False)
