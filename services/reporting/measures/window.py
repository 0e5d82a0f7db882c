"""Which days a figure of things that go on after a programme's end looks at."""

from datetime import date

from services.intake.events.goals import Goal
from services.reporting.caseload import Caseload


def days_counted(caseload: Caseload, goal: Goal, valid_on: date) -> tuple[date, date]:
    """The first and the last day that count: those of the goal's phase, if it names one.

    Without a phase all days count, also those after the programme's end, since aftercare outlives
    it. The valid day is always the last one.
    """
    if goal.phase is None:
        return date.min, valid_on
    start, end = caseload.period(goal)
    return start, min(end, valid_on)
