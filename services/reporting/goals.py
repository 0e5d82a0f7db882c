"""Goals: how far a programme is from each on a day, and whether it can still be reached."""

import math
from fractions import Fraction
from typing import Literal, TypeAlias

from msgspec import Struct

from services.intake.events.definition import Goal, Text
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure
from services.reporting.measures import measure_of

State: TypeAlias = Literal["met", "missed", "undecided", "no_target"]


class GoalAnswer(Struct, frozen=True, kw_only=True):
    """One goal on one day; `missing` is how many persons more it takes, with today's denominator."""

    id: str
    title: Text
    target: int | None
    target_share: float | None
    state: State
    missing: int
    figure: Figure


def answer(caseload: Caseload, as_of: AsOf) -> list[GoalAnswer]:
    """Every goal of the definition, in its order."""
    return [_answer(caseload, goal, as_of) for goal in caseload.definition.goals]


def _answer(caseload: Caseload, goal: Goal, as_of: AsOf) -> GoalAnswer:
    measure = measure_of(goal)
    figure = measure.function(caseload, goal, as_of)
    over = as_of.valid_on >= measure.last_counted_on(caseload, goal)  # a figure holds its whole day
    return GoalAnswer(
        id=goal.id,
        title=goal.title,
        target=goal.target,
        target_share=goal.target_share,
        state=_state(goal, figure, over=over),
        missing=_missing(goal, figure),
        figure=figure,
    )


def _state(goal: Goal, figure: Figure, *, over: bool) -> State:
    """Met when every target is; a share only once nobody is pending or nothing more can count."""
    if goal.target is None and goal.target_share is None:
        return "no_target"
    number_met = goal.target is None or figure.value >= goal.target
    share_met = goal.target_share is None or (
        figure.share is not None
        and figure.share >= goal.target_share
        and (over or figure.pending == 0)
    )
    if number_met and share_met:
        return "met"
    return "missed" if over else "undecided"


def _missing(goal: Goal, figure: Figure) -> int:
    wanted = goal.target or 0
    missing = max(0, wanted - figure.value)
    if goal.target_share is not None and figure.denominator is not None:
        # Exact, as the share was written: 0.7 of 10 is 7, not 7.000000000000001.
        of_denominator = math.ceil(Fraction(str(goal.target_share)) * figure.denominator)
        missing = max(missing, of_denominator - (figure.within_denominator or 0))
    return missing
