"""M17: companies that cooperate, or cooperate more than they did at first (virksomhedssamarbejde)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from services.intake.events.goals import CompaniesEngaged
from services.reporting.caseload import Caseload
from services.reporting.company_facts import LevelFact
from services.reporting.figure import AsOf, Figure, figure

VERSION = 1


def measure(caseload: Caseload, goal: CompaniesEngaged, as_of: AsOf) -> Figure:
    """Companies by their level of cooperation, at or before the valid day and the period's end.

    A level stands from its day until the next one. Of two levels of one day the one that is no
    baseline stands, of equals the higher one.

    `engaged`: companies that stood at `level` or above on some day of the period; a level from
    before the period counts if it still stands on its first day. No denominator.

    `increased`: companies that stand, on the last of these days, above their latest baseline /
    companies with a baseline. Unknown: companies with a level and no baseline.

    Counting: production units (`company`), or whole companies by CVR number (`cvr`). A whole
    company is engaged if a unit is; its level and its baseline are the highest among its units
    that have a baseline. Nothing is pending.
    """
    start, end = caseload.period(goal)
    last = min(end, as_of.valid_on)
    by_unit: defaultdict[str, defaultdict[str, list[LevelFact]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for fact in set(caseload.levels):
        if fact.on <= last:
            by_unit[fact.cvr if goal.unit == "cvr" else fact.company][fact.company].append(fact)
    counted: set[str] = set()
    with_baseline: set[str] = set()
    for name, companies in by_unit.items():
        histories = [sorted(facts, key=_standing) for facts in companies.values()]
        if goal.counting == "engaged":
            if any(_highest(history, start, last) >= goal.level for history in histories):
                counted.add(name)
            continue
        compared = [it for it in histories if any(fact.is_baseline for fact in it)]
        if compared:
            with_baseline.add(name)
            if max(it[-1].level for it in compared) > max(_baseline(it) for it in compared):
                counted.add(name)
    increased = goal.counting == "increased"
    found = figure(
        as_of,
        measure="M17",
        measure_version=VERSION,
        variant=goal.counting,
        counting_unit=goal.unit,
        counted=counted,
        denominator=with_baseline if increased else None,
        denominator_name="companies_with_a_baseline" if increased else None,
        unknown=len(by_unit) - len(with_baseline) if increased else 0,
        period=caseload.period_as_given(goal),
        parameters={
            "counting": goal.counting,
            "level": None if increased else goal.level,
            "unit": goal.unit,
        },
    )
    return replace(found, n=len(by_unit))


def _standing(fact: LevelFact) -> tuple[date, bool, int]:
    return fact.on, not fact.is_baseline, fact.level


def _baseline(history: Sequence[LevelFact]) -> int:
    return [fact.level for fact in history if fact.is_baseline][-1]


def _highest(history: Sequence[LevelFact], first: date, last: date) -> int:
    """The highest level that stood on some day from the one through the other; -1 if none did."""
    if last < first:
        return -1
    stands = {fact.on: fact.level for fact in history}  # of one day the last in order
    from_before = [level for on, level in stands.items() if on <= first][-1:]
    return max([*from_before, *(level for on, level in stands.items() if on > first)], default=-1)
