"""M11: how much the weekly paid hours grew from weeks 1–4 to weeks 9–12 (løntimeprogression)."""

from datetime import date, timedelta
from fractions import Fraction
from statistics import median

from msgspec.structs import asdict

from services.intake.events.goals import WageHourProgression
from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.figure import AsOf, Figure, part
from services.reporting.measures.wage_hours import (
    NOT_ORDINARY,
    each_day,
    first_paid_day,
    minutes_on,
)
from services.reporting.measures.window import days_counted

VERSION = 1
WEEKS = 12


def measure(caseload: Caseload, goal: WageHourProgression, as_of: AsOf) -> Figure:
    """Median over persons of: mean weekly minutes in weeks 9–12, less those in weeks 1–4.

    A week is seven days, the first one from the person's first day with ordinary paid minutes
    (flex jobs and subsidised jobs left out, all companies together). Reported minutes are spread
    evenly over the report's days; days without a report have the agreed minutes. Weeks without
    any pay are 0.

    Cohort: persons whose twelve weeks are over on the valid day (in the phase, if the goal names
    one: whose first paid day lies in it). Under twelve weeks: censored, printed as pending.
    Unknown: nobody, what neither a report nor an agreement speaks of is no pay.

    Beside it, `increased`: persons with more in weeks 9–12 / the cohort.
    """
    first, last = days_counted(caseload, goal, as_of.valid_on)
    changes: dict[str, Fraction] = {}
    pending = 0
    for person_ref, person in caseload.people.items():
        paid_on = first_paid_day(person)
        if paid_on is None or not first <= paid_on <= last:
            continue
        if paid_on + timedelta(weeks=WEEKS) - timedelta(days=1) > as_of.valid_on:
            pending += 1
        else:
            changes[person_ref] = _weekly(person, paid_on, 9) - _weekly(person, paid_on, 1)
    increased = {person_ref for person_ref, change in changes.items() if change > 0}
    return Figure(
        **asdict(as_of),
        measure="M11",
        measure_version=VERSION,
        value=float(median(changes.values())) if changes else None,
        quantity="minutes",
        n=len(changes),
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={"weeks": WEEKS, "excluded_kinds": list(NOT_ORDINARY)},
        counted=tuple(sorted(changes)),
        parts=(part("increased", increased, changes, pending=pending),),
    )


def _weekly(person: PersonFacts, paid_on: date, week: int) -> Fraction:
    """The mean weekly minutes of four weeks from this one on; the first is week 1."""
    first = paid_on + timedelta(weeks=week - 1)
    days = each_day(first, first + timedelta(days=27))
    return sum((minutes_on(person, day) for day in days), Fraction(0)) / 4
