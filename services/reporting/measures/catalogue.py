"""Every measure of the catalogue for one programme, whether it promised anything of it or not."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.definition import Definition
from services.intake.events.goals import EnteredEmployment, Forecast, Goal, ReachedStage, Text
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure
from services.reporting.measures import measure_of


class Catalogue(Struct, frozen=True, kw_only=True):
    """What is measured, in the catalogue's order, and why a measure is left out, by its tag."""

    goals: tuple[Goal, ...]
    left_out: Mapping[str, str]


def catalogue(definition: Definition) -> Catalogue:
    """The definition's own goals, and beside them every measure with its usual parameters.

    Where the definition alone can say a parameter (a list of benefits, an instrument, a target to
    forecast) the measure is left out unless it does.
    """
    own = {_question(goal) for goal in definition.goals}
    more = [goal for goal in _usual(definition) if _question(goal) not in own]
    # Sorting is stable: of one measure the definition's own come first.
    goals = tuple(sorted((*definition.goals, *more), key=_tag))
    measured = {_tag(goal) for goal in goals}
    return Catalogue(
        goals=goals,
        left_out={tag: why for tag, why in _NEEDS.items() if tag not in measured},
    )


def all_figures(caseload: Caseload, as_of: AsOf) -> list[Figure]:
    """The figure of each goal of the catalogue, in its order."""
    return [
        measure_of(goal).function(caseload.of(goal), goal, as_of)
        for goal in catalogue(caseload.definition).goals
    ]


_NEEDS: Mapping[str, str] = {
    "M07b": "no goal of the definition lists the benefits that count",
    "M18": "no goal of the definition measured by M01 or M04 has a target number",
    "M20": "the definition lists no instrument",
}

_USUAL: tuple[Mapping[str, object], ...] = (
    *({"measure": "M01", "stage": stage} for stage in ("referred", "assessed", "enrolled")),
    *({"measure": "M01", "stage": stage} for stage in ("started", "completed")),
    {"measure": "M02"},
    {"measure": "M03", "cells": ["job", "apprenticeship", "practice"]},
    *({"measure": "M04", "denominator": name} for name in ("referred", "enrolled")),
    *({"measure": "M04", "denominator": name} for name in ("started", "completed")),
    {"measure": "M05"},
    *({"measure": "M06", "months": months} for months in (3, 6, 12)),
    {"measure": "M07a"},
    {"measure": "M08"},
    *({"measure": "M09", "months": months} for months in (3, 6)),
    {"measure": "M10"},
    {"measure": "M11"},
    {"measure": "M12", "step": "referral_to_start"},
    {"measure": "M12", "step": "start_to_wage_hours"},
    {"measure": "M12", "step": "start_to_employment"},
    *({"measure": "M13", "party": party} for party in ("citizen", "company")),
    {"measure": "M14"},
    {"measure": "M15"},
    {"measure": "M16"},
    *({"measure": "M17", "counting": counting} for counting in ("engaged", "increased")),
    {"measure": "M19"},
    {"measure": "M21"},
    {"measure": "M22"},
)
"""As a definition would write them; the rest of their parameters is what goals have by default."""


def _usual(definition: Definition) -> Iterator[Goal]:
    instruments = [term.code for term in definition.codes.instruments]
    wanted: list[Mapping[str, object]] = [
        *_USUAL,
        *({"measure": "M20", "instrument": code} for code in instruments),
        *_forecasts(definition),
    ]
    for number, parameters in enumerate(wanted, start=1):
        tag = str(parameters["measure"])
        words = {"id": f"usual_{number}", "title": Text(da=tag, en=tag)}
        yield msgspec.convert({**words, **parameters}, Goal)


def _forecasts(definition: Definition) -> Iterable[Mapping[str, object]]:
    """Of each goal with a target number; who is to be referred in all is the intake."""
    countable = [it for it in definition.goals if isinstance(it, ReachedStage | EnteredEmployment)]
    forecast = {goal.goal for goal in definition.goals if isinstance(goal, Forecast)}
    referrals = [
        goal.target
        for goal in countable
        if isinstance(goal, ReachedStage) and goal.stage == "referred" and goal.phase is None
    ]
    for goal in countable:
        if goal.target is not None and goal.id not in forecast:
            yield {"measure": "M18", "goal": goal.id, "intake": next(iter(referrals), None)}


def _tag(goal: Goal) -> str:
    return str(goal.__struct_config__.tag)


def _question(goal: Goal) -> Goal:
    """The goal without what it is called and what it promises."""
    return replace(goal, id="any", title=Text(da="", en=""), target=None, target_share=None)
