"""Goals: what a programme promises, each measured by one measure with parameters of its own."""

from datetime import date, timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct

from shared.clock import plus_months
from shared.identifiers import Code

Share = Annotated[float, Meta(ge=0, le=1)]
Days = Annotated[int, Meta(ge=0, le=3660)]
Months = Annotated[int, Meta(ge=1, le=60)]
Count = Annotated[int, Meta(ge=0)]
Level = Annotated[int, Meta(ge=0, le=5)]
Denominator = Literal["referred", "enrolled", "started", "completed"]
Party = Literal["citizen", "company"]
Cell = Literal["job", "apprenticeship", "practice"]


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """The same words in Danish and English."""

    da: str
    en: str


class _Goal(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What every goal has: words, a target or none, and whom it is about.

    `phase`: only that part of the period. `target_groups`, `sites`: only enrolments with one of
    these codes; empty: all. A measure counts distinct persons unless it says otherwise.
    CEILING: the target is the most that it may come to, not the least. FOLLOWED_BY: the parameter
    that `followed_until` comes from.
    """

    UNIT: ClassVar[str] = "person"
    CEILING: ClassVar[bool] = False
    FOLLOWED_BY: ClassVar[str] = "phase"

    id: Code
    title: Text
    target: Count | None = None
    target_share: Share | None = None
    phase: Code | None = None
    target_groups: tuple[Code, ...] = ()
    sites: tuple[Code, ...] = ()

    def followed_until(self, end: date) -> date | None:
        """The last day that can add to the figure, if the goal's period ends so.

        None: as long as the programme's goals are followed at all.
        """
        return end


class ReachedStage(_Goal, frozen=True, tag="M01", tag_field="measure"):
    """M01: persons who reached the stage within the period."""

    stage: Literal["referred", "assessed", "enrolled", "started", "completed"]


class NeverStarted(_Goal, frozen=True, tag="M02", tag_field="measure"):
    """M02: never started, of those enrolled so many days ago or longer."""

    FOLLOWED_BY = "after_days"

    CEILING = True

    after_days: Days = 30

    def followed_until(self, end: date) -> date:
        return end + timedelta(days=self.after_days)


class OutcomesByCell(_Goal, frozen=True, tag="M03", tag_field="measure"):
    """M03: persons by the cell of their first counted strand; `cells` make up the value."""

    cells: tuple[Cell, ...]
    counting: Literal["once_highest", "once_first", "per_cell"] = "once_highest"


class EnteredEmployment(_Goal, frozen=True, tag="M04", tag_field="measure"):
    """M04: persons with a first counted employment, until days_after the exit or the end."""

    FOLLOWED_BY = "days_after"

    denominator: Denominator
    days_after: Days = 28

    def followed_until(self, end: date) -> date:
        return end + timedelta(days=self.days_after)


class LastingEmployment(_Goal, frozen=True, tag="M05", tag_field="measure"):
    """M05: persons in an employment spell that has lasted so many days at so many minutes a week.

    `open_ended`: an open-ended contract counts from its first day. `flex_counts`: flex jobs too.
    """

    FOLLOWED_BY = "days"

    days: Days = 91
    weekly_minutes: Count = 300
    open_ended: bool = False
    flex_counts: bool = False
    gap_days: Days = 14
    evidence_days: Days = 90

    def followed_until(self, end: date) -> date:
        return end + timedelta(days=self.days)


class Retention(_Goal, frozen=True, tag="M06", tag_field="measure"):
    """M06: persons in counted employment so many calendar months after their first one began.

    `denominator`: the matured cohort, or participants who reached a stage.
    """

    FOLLOWED_BY = "months"

    months: Months
    gap_days: Days = 14
    evidence_days: Days = 90
    denominator: Literal["matured_cohort", "referred", "enrolled", "started", "completed"] = (
        "matured_cohort"
    )

    def followed_until(self, end: date) -> date:
        return plus_months(end, self.months)


class SelfSupportingJob(_Goal, frozen=True, tag="M07a", tag_field="measure"):
    """M07a: completers in ordinary employment so many days after their exit."""

    FOLLOWED_BY = "days_after"

    days_after: Days = 28
    gap_days: Days = 14

    def followed_until(self, end: date) -> date:
        return end + timedelta(days=self.days_after)


class SelfSupportingBenefit(_Goal, frozen=True, tag="M07b", tag_field="measure"):
    """M07b: completers without a listed benefit in a whole calendar month after their exit.

    `benefits`: codes of the programme's list; its validity dates are theirs.
    """

    FOLLOWED_BY = "benefits"

    benefits: tuple[Code, ...]

    def followed_until(self, end: date) -> date:
        return plus_months(end, 2)


class ReEmployment(_Goal, frozen=True, tag="M08", tag_field="measure"):
    """M08: job losses followed by a counted job within so many days."""

    FOLLOWED_BY = "within_days"

    UNIT = "job_loss"

    within_days: Days = 90

    def followed_until(self, end: date) -> date:
        return end + timedelta(days=self.within_days)


class SameEmployerRetention(_Goal, frozen=True, tag="M09", tag_field="measure"):
    """M09: persons with the same company so many months after their first counted job began."""

    FOLLOWED_BY = "months"

    months: Months = 3
    evidence_days: Days = 90

    def followed_until(self, end: date) -> date:
        return plus_months(end, self.months)


class WageHourTouch(_Goal, frozen=True, tag="M10", tag_field="measure"):
    """M10: persons with at least one unsubsidised wage minute in the last whole calendar month."""


class WageHourProgression(_Goal, frozen=True, tag="M11", tag_field="measure"):
    """M11: how much the weekly paid minutes grew from weeks 1-4 to weeks 9-12."""

    def followed_until(self, end: date) -> date:
        return end + timedelta(weeks=12)


class TimeTo(_Goal, frozen=True, tag="M12", tag_field="measure"):
    """M12: median days from one step to the next (Kaplan-Meier)."""

    CEILING = True

    step: Literal["referral_to_start", "start_to_wage_hours", "start_to_employment"]


class AftercareCoverage(_Goal, frozen=True, tag="M13", tag_field="measure"):
    """M13: ordinary placements with an aftercare plan that the party has accepted."""

    UNIT = "placement"

    party: Party

    def followed_until(self, end: date) -> date | None:
        return None


class TouchpointsHeld(_Goal, frozen=True, tag="M14", tag_field="measure"):
    """M14: follow-ups held within their window, of those due; by party and offset."""

    UNIT = "touchpoint"

    party: Party | None = None

    def followed_until(self, end: date) -> date | None:
        return None


class ProblemResponse(_Goal, frozen=True, tag="M15", tag_field="measure"):
    """M15: problems whose first action came within the agreed days."""

    UNIT = "problem"

    within_days: Days = 2

    def followed_until(self, end: date) -> date | None:
        return None


class DropOut(_Goal, frozen=True, tag="M16", tag_field="measure"):
    """M16: dropped out to neither job nor education, of those who started."""

    CEILING = True


class CompaniesEngaged(_Goal, frozen=True, tag="M17", tag_field="measure"):
    """M17: companies at a level of cooperation or above, or above their own baseline.

    `level` is for `engaged` alone. `unit`: count production units, or whole companies by CVR.
    """

    UNIT = "company"

    counting: Literal["engaged", "increased"]
    level: Level = 2
    unit: Literal["company", "cvr"] = "company"


class Forecast(_Goal, frozen=True, tag="M18", tag_field="measure"):
    """M18: the most that another goal of the programme can still reach, and how likely it does.

    `goal`: the id of a goal measured by M01 or M04. `intake`: how many persons the programme is
    for in all; without it nobody new is expected.
    """

    goal: Code
    intake: Count | None = None
    runs: Annotated[int, Meta(ge=100, le=10_000)] = 1000


class RegistrationDelay(_Goal, frozen=True, tag="M19", tag_field="measure"):
    """M19: days from what happened to its registration, by event type."""

    UNIT = "event"
    CEILING = True

    def followed_until(self, end: date) -> date | None:
        return None


class Progression(_Goal, frozen=True, tag="M20", tag_field="measure"):
    """M20: change from the first to the latest measurement with an instrument, item by item."""

    instrument: Code

    def followed_until(self, end: date) -> date | None:
        return None


class Attendance(_Goal, frozen=True, tag="M21", tag_field="measure"):
    """M21: attended days of planned ones over the last four finished ISO weeks."""

    at_least: Share = 0.8


class Agreements(_Goal, frozen=True, tag="M22", tag_field="measure"):
    """M22: companies with an agreement in force; `kinds`: only these, empty: all."""

    UNIT = "company"

    kinds: tuple[Code, ...] = ()


Goal: TypeAlias = (
    ReachedStage
    | NeverStarted
    | OutcomesByCell
    | EnteredEmployment
    | LastingEmployment
    | Retention
    | SelfSupportingJob
    | SelfSupportingBenefit
    | ReEmployment
    | SameEmployerRetention
    | WageHourTouch
    | WageHourProgression
    | TimeTo
    | AftercareCoverage
    | TouchpointsHeld
    | ProblemResponse
    | DropOut
    | CompaniesEngaged
    | Forecast
    | RegistrationDelay
    | Progression
    | Attendance
    | Agreements
)
