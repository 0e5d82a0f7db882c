"""The measures: each a pure function of a caseload, with the version that its figures name."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from msgspec import Struct

from services.intake.events.definition import EnteredEmployment, Goal, ReachedStage, Retention
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure
from services.reporting.measures import entered_employment, reached_stage, retention

G = TypeVar("G", ReachedStage, EnteredEmployment, Retention)


class Measure(Struct, frozen=True):
    """How a goal of one kind is measured, and the last day that can add to its figure.

    A changed formula is a new version; an issued report recomputes by the version it names.
    """

    version: int
    function: Callable[[Caseload, Goal, AsOf], Figure]
    last_counted_on: Callable[[Caseload, Goal], date]


def _measure(
    kind: type[G],
    version: int,
    function: Callable[[Caseload, G, AsOf], Figure],
    last_counted_on: Callable[[Caseload, G], date],
) -> Measure:
    def own(goal: Goal) -> G:
        if not isinstance(goal, kind):
            raise TypeError(f"{type(goal).__name__} is measured by another measure")
        return goal

    return Measure(
        version,
        lambda caseload, goal, as_of: function(caseload, own(goal), as_of),
        lambda caseload, goal: last_counted_on(caseload, own(goal)),
    )


MEASURES: dict[str, Measure] = {
    "M01": _measure(
        ReachedStage, reached_stage.VERSION, reached_stage.measure, reached_stage.last_counted_on
    ),
    "M04": _measure(
        EnteredEmployment,
        entered_employment.VERSION,
        entered_employment.measure,
        entered_employment.last_counted_on,
    ),
    "M06": _measure(Retention, retention.VERSION, retention.measure, retention.last_counted_on),
}


def measure_of(goal: Goal) -> Measure:
    """The measure that the goal names."""
    return MEASURES[str(goal.__struct_config__.tag)]
