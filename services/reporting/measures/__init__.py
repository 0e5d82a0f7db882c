"""The measures: each a pure function of a caseload, with the version that its figures name."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from services.intake.events.goals import (
    AftercareCoverage,
    Agreements,
    Attendance,
    CompaniesEngaged,
    DropOut,
    EnteredEmployment,
    Forecast,
    Goal,
    LastingEmployment,
    NeverStarted,
    OutcomesByCell,
    ProblemResponse,
    Progression,
    ReachedStage,
    ReEmployment,
    RegistrationDelay,
    Retention,
    SameEmployerRetention,
    SelfSupportingBenefit,
    SelfSupportingJob,
    TimeTo,
    TouchpointsHeld,
    WageHourProgression,
    WageHourTouch,
)
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure
from services.reporting.measures import (
    aftercare_coverage,
    agreements,
    attendance,
    companies,
    drop_out,
    entered_employment,
    forecast,
    lasting_employment,
    never_started,
    outcomes_by_cell,
    problem_response,
    progression,
    re_employment,
    reached_stage,
    registration_delay,
    retention,
    same_employer,
    self_supporting,
    time_to,
    touchpoints_held,
    wage_hour_progression,
    wage_hour_touch,
)

G = TypeVar("G", bound=Goal)


class Measure(Struct, frozen=True):
    """How a goal of one kind is measured.

    A changed formula is a new version, added below the old one, which stays: an issued report
    recomputes by the version that it names.
    """

    version: int
    function: Callable[[Caseload, Goal, AsOf], Figure]


def _measure(
    kind: type[G], version: int, function: Callable[[Caseload, G, AsOf], Figure]
) -> Measure:
    def own(caseload: Caseload, goal: Goal, as_of: AsOf) -> Figure:
        if not isinstance(goal, kind):
            raise TypeError(f"{type(goal).__name__} is measured by another measure")
        return function(caseload, goal, as_of)

    return Measure(version, own)


MEASURES: dict[str, tuple[Measure, ...]] = {
    "M01": (_measure(ReachedStage, reached_stage.VERSION, reached_stage.measure),),
    "M02": (_measure(NeverStarted, never_started.VERSION, never_started.measure),),
    "M03": (_measure(OutcomesByCell, outcomes_by_cell.VERSION, outcomes_by_cell.measure),),
    "M04": (_measure(EnteredEmployment, entered_employment.VERSION, entered_employment.measure),),
    "M05": (_measure(LastingEmployment, lasting_employment.VERSION, lasting_employment.measure),),
    "M06": (_measure(Retention, retention.VERSION, retention.measure),),
    "M07a": (_measure(SelfSupportingJob, self_supporting.VERSION, self_supporting.measure_job),),
    "M07b": (
        _measure(SelfSupportingBenefit, self_supporting.VERSION, self_supporting.measure_benefit),
    ),
    "M08": (_measure(ReEmployment, re_employment.VERSION, re_employment.measure),),
    "M09": (_measure(SameEmployerRetention, same_employer.VERSION, same_employer.measure),),
    "M10": (_measure(WageHourTouch, wage_hour_touch.VERSION, wage_hour_touch.measure),),
    "M11": (
        _measure(WageHourProgression, wage_hour_progression.VERSION, wage_hour_progression.measure),
    ),
    "M12": (_measure(TimeTo, time_to.VERSION, time_to.measure),),
    "M13": (_measure(AftercareCoverage, aftercare_coverage.VERSION, aftercare_coverage.measure),),
    "M14": (_measure(TouchpointsHeld, touchpoints_held.VERSION, touchpoints_held.measure),),
    "M15": (_measure(ProblemResponse, problem_response.VERSION, problem_response.measure),),
    "M16": (_measure(DropOut, drop_out.VERSION, drop_out.measure),),
    "M17": (_measure(CompaniesEngaged, companies.VERSION, companies.measure),),
    "M18": (_measure(Forecast, forecast.VERSION, forecast.measure),),
    "M19": (_measure(RegistrationDelay, registration_delay.VERSION, registration_delay.measure),),
    "M20": (_measure(Progression, progression.VERSION, progression.measure),),
    "M21": (_measure(Attendance, attendance.VERSION, attendance.measure),),
    "M22": (_measure(Agreements, agreements.VERSION, agreements.measure),),
}


def measure_of(goal: Goal, version: int | None = None) -> Measure:
    """The measure that the goal names: its latest version, or the one asked for."""
    versions = MEASURES[str(goal.__struct_config__.tag)]
    if version is None:
        return versions[-1]
    return next(measure for measure in versions if measure.version == version)
