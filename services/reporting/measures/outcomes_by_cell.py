"""M03: how many came into a job, an apprenticeship or practice, and how many into several."""

from collections.abc import Mapping
from datetime import date
from typing import get_args

from services.intake.events.goals import Cell, OutcomesByCell
from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.figure import AsOf, Figure, figure, part

VERSION = 1

CELLS: tuple[Cell, ...] = get_args(Cell)  # the highest first


def measure(caseload: Caseload, goal: OutcomesByCell, as_of: AsOf) -> Figure:
    """Distinct persons who stand in one of the goal's `cells`, by their first strand of each cell.

    Job: an employment that counts (never an apprenticeship); apprenticeship (lære-/elevplads);
    practice (praktik). The first strand of the cell must begin within the period, the goal's
    phase or the programme, and at or before the valid day; it need not last.

    Counting: `once_highest` puts a person into the highest cell reached (job, apprenticeship,
    practice); `once_first` into the one reached first, of a day's the higher; `per_cell` into
    each. The parts are all three cells, counted that way whatever the goal's `cells`, and the
    overlap: whoever reached both of two cells, and `overlap`, more than one. No denominator;
    nothing is unknown, nobody pending.
    """
    people: dict[Cell, set[str]] = {cell: set() for cell in CELLS}
    several: set[str] = set()
    both: dict[tuple[Cell, Cell], set[str]] = {
        (cell, lower): set() for index, cell in enumerate(CELLS) for lower in CELLS[index + 1 :]
    }
    for person_ref, person in caseload.people.items():
        reached = _reached(caseload, person, goal, as_of.valid_on)
        for cell in _counted(reached, goal):
            people[cell].add(person_ref)
        if len(reached) > 1:
            several.add(person_ref)
        for pair, overlap in both.items():
            if set(pair) <= set(reached):
                overlap.add(person_ref)
    return figure(
        as_of,
        measure="M03",
        measure_version=VERSION,
        variant=goal.counting,
        counted=set().union(*(people[cell] for cell in goal.cells)),
        period=caseload.period_as_given(goal),
        parameters={
            "cells": list(goal.cells),
            "counting": goal.counting,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
        parts=(
            *(part(cell, counted) for cell, counted in people.items()),
            *(part(f"{one}_and_{other}", overlap) for (one, other), overlap in both.items()),
            part("overlap", several),
        ),
    )


def _reached(
    caseload: Caseload, person: PersonFacts, goal: OutcomesByCell, day: date
) -> Mapping[Cell, date]:
    """The cells reached within the period, the highest first, each with its first day."""
    employments = [strand for strand in person.strands if strand.strand == "employment"]
    begun: dict[Cell, list[date]] = {
        "job": [
            strand.start_on
            for strand in caseload.counted_employments(person)
            if strand.kind != "apprenticeship"
        ],
        "apprenticeship": [
            strand.start_on for strand in employments if strand.kind == "apprenticeship"
        ],
        "practice": [strand.start_on for strand in person.strands if strand.strand == "practice"],
    }
    start, end = caseload.period(goal)
    return {
        cell: min(days)
        for cell, days in begun.items()
        if days and start <= min(days) <= min(end, day)
    }


def _counted(reached: Mapping[Cell, date], goal: OutcomesByCell) -> list[Cell]:
    if not reached or goal.counting == "per_cell":
        return list(reached)
    if goal.counting == "once_highest":
        return list(reached)[:1]
    return [min(reached, key=lambda cell: reached[cell])]  # of equal days the higher comes first
