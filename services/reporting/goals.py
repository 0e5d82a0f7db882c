"""Goals: how far a programme is from each on a day, and whether it can still be reached."""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, TypeAlias

from msgspec import Struct

from services.intake.events.conformity import last_counted_day
from services.intake.events.goals import Goal, Text
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, Number
from services.reporting.measures import measure_of

State: TypeAlias = Literal["met", "missed", "undecided", "no_target"]


class GoalAnswer(Struct, frozen=True, kw_only=True):
    """One goal on one day; `missing` is how many units more it takes, with today's denominator.

    None where no number of units would do: the target is a ceiling, or one of days, minutes, ….
    """

    id: str
    title: Text
    target: int | None
    target_share: float | None
    state: State
    missing: int | None
    figure: Figure


def answer(
    caseload: Caseload, as_of: AsOf, versions: Mapping[str, int] | None = None
) -> list[GoalAnswer]:
    """Every goal of the definition, in its order.

    `versions`: goal id to the version of its measure, as an issued report names it; else the latest.
    """
    asked = versions or {}
    return [
        _answer(caseload, goal, as_of, asked.get(goal.id)) for goal in caseload.definition.goals
    ]


def _answer(caseload: Caseload, goal: Goal, as_of: AsOf, version: int | None) -> GoalAnswer:
    figure = measure_of(goal, version).function(caseload.of(goal), goal, as_of)
    end = caseload.period(goal)[1]
    followed_until = goal.followed_until(end) or last_counted_day(caseload.definition)
    over = as_of.valid_on >= followed_until  # a figure holds its whole day
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
    """Met when every target is; missed, if it is not, once nothing more can count.

    A number of units that is reached is met at once. A share, a median or the like may fall again:
    it is met only when nobody is pending or nothing more can count, and a target that is a
    ceiling only then. What cannot be computed meets nothing.
    """
    if goal.target is None and goal.target_share is None:
        return "no_target"
    settled = over or (figure.pending == 0 and not goal.CEILING)
    at_once = figure.quantity == "count" and not goal.CEILING
    number_met = _meets(goal, figure.value, goal.target) and (
        goal.target is None or settled or at_once
    )
    share_met = _meets(goal, figure.share, goal.target_share) and (
        goal.target_share is None or settled
    )
    if number_met and share_met:
        return "met"
    return "missed" if over else "undecided"


def _meets(goal: Goal, reached: Number, target: float | None) -> bool:
    if target is None:
        return True
    if reached is None:
        return False
    return reached <= target if goal.CEILING else reached >= target


def _missing(goal: Goal, figure: Figure) -> int | None:
    if goal.CEILING or (goal.target is not None and figure.quantity != "count"):
        return None
    missing = max(0, math.ceil((goal.target or 0) - (figure.value or 0)))
    if goal.target_share is not None and figure.denominator is not None:
        # Exact, as the share was written: 0.7 of 10 is 7, not 7.000000000000001.
        of_denominator = math.ceil(Fraction(str(goal.target_share)) * figure.denominator)
        missing = max(missing, of_denominator - (figure.within_denominator or 0))
    return missing
