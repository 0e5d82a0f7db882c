"""Chance: a stream of draws of its own for each person and purpose, the same for the same seed."""

import hashlib
from collections.abc import Sequence
from math import exp, floor, inf, log
from random import Random
from typing import TypeVar

from sluse.simulation.parameters import Gamma, Hazards, Lognormal

T = TypeVar("T")


def chance(seed: int, whom: str, purpose: str) -> Random:
    """The stream of one person for one purpose: what others draw moves nothing here."""
    digest = hashlib.sha256(f"{seed}\n{whom}\n{purpose}".encode()).digest()
    return Random(int.from_bytes(digest[:16], "big"))


def happens(draws: Random, share: float) -> bool:
    """Whether it happens to this one."""
    return draws.random() < share


def chosen(draws: Random, of: Sequence[T], shares: Sequence[float] | None = None) -> T:
    """One of several, as often as its share says; without shares all alike."""
    return draws.choices(of, weights=shares)[0]


def lognormal_days(draws: Random, of: Lognormal) -> int:
    """Whole days, at least none."""
    return round(draws.lognormvariate(log(of.median), of.sigma))


def gamma_days(draws: Random, of: Gamma) -> int:
    """Whole days between the shortest and the longest."""
    days = round(draws.gammavariate(of.shape, of.mean / of.shape))
    return min(max(days, of.shortest), of.longest)


def exponential_days(draws: Random, mean: float) -> int:
    """Whole days that have passed."""
    return floor(draws.expovariate(1 / mean))


def days_until(draws: Random, hazards: Hazards) -> float:
    """Days until it happens, by a chance a day that changes with the days passed."""
    left = draws.expovariate(1)
    begun = 0.0
    for until, a_day in hazards:
        if a_day > 0 and left <= a_day * (until - begun):
            return begun + left / a_day
        left -= a_day * (until - begun) if a_day > 0 else 0.0
        begun = until
    return inf


def poisson(draws: Random, mean: float) -> int:
    """How often it happens, on an average so often."""
    count, left = 0, draws.random()
    while left > exp(-mean):
        left *= draws.random()
        count += 1
    return count
