"""Survival: how long until something comes, when not everybody was observed until it came."""

import math
import warnings
from collections.abc import Sequence

from msgspec import Struct

from services.reporting.figure import Interval

LEVEL = 0.95


class Observation(Struct, frozen=True):
    """It came after so many days (`happened`), or had not come when observation ended (censored).

    Of two on the same day, what happened comes before what was censored.
    """

    days: int
    happened: bool


class Estimate(Struct, frozen=True):
    """What was estimated, and between what it lies; None where the data does not reach."""

    value: float | None
    interval: Interval | None = None


class _Step(Struct, frozen=True):
    days: int
    surviving: float
    low: float | None
    high: float | None


def surviving(observed: Sequence[Observation], days: int) -> Estimate:
    """Kaplan-Meier: the probability that it has not come when so many days are over.

    None beyond the last observation, unless it has come to everybody. The interval is Greenwood's
    on the log-log scale; undefined before the first event and when nobody is left.
    """
    curve = _curve(observed)
    if not curve or (days > curve[-1].days and curve[-1].surviving > 0):
        return Estimate(None)
    reached = [step for step in curve if step.days <= days]
    if not reached:
        return Estimate(1.0)
    return Estimate(reached[-1].surviving, _interval(reached[-1].low, reached[-1].high))


def median_days(observed: Sequence[Observation]) -> Estimate:
    """The first day by which it has come to half of all, by Kaplan-Meier; None if it has not.

    Interval: the days on which the curve's lower and upper bound reach a half (Brookmeyer and
    Crowley); None where a bound does not.
    """
    curve = _curve(observed)
    return Estimate(
        _first_day([(step.days, step.surviving) for step in curve]),
        _interval(
            _first_day([(step.days, step.low) for step in curve]),
            _first_day([(step.days, step.high) for step in curve]),
        ),
    )


def cumulative_incidence(observed: Sequence[Observation], competing: Sequence[int]) -> Estimate:
    """Aalen-Johansen: the probability that it came first, by the last day observed.

    `competing`: after how many days something else came that rules it out. Each fall of the
    Kaplan-Meier curve of both is divided by how many of either came on that day; no interval.
    """
    both = [*observed, *(Observation(days, happened=True) for days in competing)]
    if not both:
        return Estimate(None)
    happened = [observation.days for observation in observed if observation.happened]
    incidence, before = 0.0, 1.0
    for step in _curve(both):
        mine, others = happened.count(step.days), competing.count(step.days)
        if mine:
            incidence += (before - step.surviving) * mine / (mine + others)
        before = step.surviving
    return Estimate(round(incidence, 6))


def _curve(observed: Sequence[Observation]) -> list[_Step]:
    # scipy.stats takes about a second to import: only who asks for a curve waits for it
    from scipy.stats import CensoredData, ecdf  # noqa: PLC0415

    curve = ecdf(
        CensoredData(
            uncensored=[one.days for one in observed if one.happened],
            right=[one.days for one in observed if not one.happened],
        )
    ).sf
    with warnings.catch_warnings():
        # An undefined interval is None here, not a warning.
        warnings.simplefilter("ignore", RuntimeWarning)
        bounds = curve.confidence_interval(LEVEL, method="log-log")
    lows, highs = (
        # a curve each, as scipy's documentation has it; the stubs say a number
        bound.probabilities.tolist()  # type: ignore[attr-defined]
        for bound in (bounds.low, bounds.high)
    )
    return [
        _Step(int(days), float(curve_at), _defined(low), _defined(high))
        for days, curve_at, low, high in zip(
            curve.quantiles.tolist(),
            # As many digits as anybody reads: the last ones differ between machines.
            curve.probabilities.round(9).tolist(),
            lows,
            highs,
            strict=True,
        )
    ]


def _defined(bound: float) -> float | None:
    return None if math.isnan(bound) else round(bound, 6)


def _first_day(curve: Sequence[tuple[int, float | None]]) -> int | None:
    return next((days for days, share in curve if share is not None and share <= 0.5), None)


def _interval(low: float | None, high: float | None) -> Interval | None:
    return None if low is None and high is None else Interval(low, high, LEVEL)
