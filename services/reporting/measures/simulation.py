"""What may still come of people on their way to a goal, drawn at random by hazards that were seen."""

import math
import random
from collections.abc import Sequence

from msgspec import Struct


class Hazards(Struct, frozen=True, kw_only=True):
    """How often it came, how often something ruled it out, in so many days of all persons."""

    person_days: int
    reached: int
    lost: int


class Waiting(Struct, frozen=True, kw_only=True):
    """Somebody who may reach it within so many days; `may_be_lost`: unless ruled out before."""

    days: int
    may_be_lost: bool


class Intake(Struct, frozen=True, kw_only=True):
    """So many may still be referred, within `days_left`; `referred` were in `days_so_far`.

    They reach it within `days_to_reach` days from now, or by being referred (`is_aim`).
    """

    to_refer: int
    referred: int
    days_so_far: int
    days_left: int
    days_to_reach: int
    is_aim: bool


def simulated(
    draw: random.Random, runs: int, hazards: Hazards, waiting: Sequence[Waiting], intake: Intake
) -> list[int]:
    """How many reach it in each run.

    A run draws each hazard anew from what the observations leave open: a gamma distribution of
    shape events + 1/2 over the days observed (the posterior of a constant hazard by Jeffreys).
    """
    return [_run(draw, hazards, waiting, intake) for _ in range(runs)]


def chance(reaching: float, losing: float, days: float) -> float:
    """The probability that it comes within the days and before what rules it out."""
    both = reaching + losing
    return reaching / both * -math.expm1(-both * days)


def _run(draw: random.Random, hazards: Hazards, waiting: Sequence[Waiting], intake: Intake) -> int:
    reaching = _hazard(draw, hazards.reached, hazards.person_days)
    losing = _hazard(draw, hazards.lost, hazards.person_days)
    reached = 0
    for one in waiting:
        likely = chance(reaching, losing if one.may_be_lost else 0.0, one.days)
        reached += draw.random() < likely
    referring = _hazard(draw, intake.referred, intake.days_so_far)
    day = 0.0
    for _ in range(intake.to_refer):
        day += draw.expovariate(referring)
        if day > intake.days_left:
            break
        reached += intake.is_aim or draw.random() < chance(
            reaching, losing, intake.days_to_reach - day
        )
    return reached


def _hazard(draw: random.Random, events: int, days: int) -> float:
    return draw.gammavariate(events + 0.5, 1 / max(days, 1))
