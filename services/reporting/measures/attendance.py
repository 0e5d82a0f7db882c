"""M21: how many came on at least so many of their planned days (mødestabilitet)."""

from datetime import date, timedelta
from fractions import Fraction

from services.intake.events.goals import Attendance
from services.reporting.caseload import Caseload, PersonFacts, exit_on
from services.reporting.figure import AsOf, Figure, Part, figure
from services.reporting.progress_facts import AttendanceFact

VERSION = 1
WEEKS = 4


def measure(caseload: Caseload, goal: Attendance, as_of: AsOf) -> Figure:
    """Persons who attended `at_least` of their planned days / persons with planned days.

    Window: the last four ISO weeks whose Sunday is at or before the valid day, all together. In a
    week no more days count as attended than were planned: a day too many makes up for none missed.

    Unknown: in the course on the last of these days (begun, not ended, not paused), and nobody
    recorded any of the weeks. Pending: nobody, the weeks are over.
    Parts: attended of planned days, week by week.
    """
    monday = _last_monday(as_of.valid_on)
    weeks = [monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    stable: set[str] = set()
    planned: set[str] = set()
    recorded: list[AttendanceFact] = []
    unknown = 0
    for person_ref, person in caseload.people.items():
        of_person = [fact for fact in person.attendances if fact.week_from in weeks]
        recorded += of_person
        if any(fact.planned_days for fact in of_person):
            planned.add(person_ref)
            if _attended(of_person) >= Fraction(str(goal.at_least)) * _planned(of_person):
                stable.add(person_ref)
        elif not of_person and _is_in_course(caseload, person, monday + timedelta(days=6)):
            unknown += 1
    return figure(
        as_of,
        measure="M21",
        measure_version=VERSION,
        counted=stable,
        denominator=planned,
        denominator_name="with_planned_days",
        unknown=unknown,
        period=caseload.period_as_given(goal),
        parameters={"at_least": goal.at_least, "weeks": [f"{week:%G-W%V}" for week in weeks]},
        parts=tuple(_week([it for it in recorded if it.week_from == week], week) for week in weeks),
    )


def _last_monday(day: date) -> date:
    """The Monday of the last week that is over at the end of the day."""
    next_day = day + timedelta(days=1)
    return next_day - timedelta(days=next_day.weekday() + 7)


def _attended(facts: list[AttendanceFact]) -> int:
    return sum(min(fact.attended_days, fact.planned_days) for fact in facts)


def _planned(facts: list[AttendanceFact]) -> int:
    return sum(fact.planned_days for fact in facts)


def _week(facts: list[AttendanceFact], week: date) -> Part:
    planned = _planned(facts)
    return Part(
        name=f"{week:%G-W%V}",
        value=_attended(facts),
        quantity="days",
        counting_unit="day",
        n=len({fact.person_ref for fact in facts if fact.planned_days}),
        denominator=planned,
        share=_attended(facts) / planned if planned else None,
    )


def _is_in_course(caseload: Caseload, person: PersonFacts, day: date) -> bool:
    enrolment = person.latest_enrolment(day)
    if enrolment is None:
        return False
    began_on, left_on = enrolment.first_attended_on, exit_on(enrolment)
    return (
        began_on is not None
        and began_on <= day
        and (left_on is None or left_on > day)
        and not any(
            pause.enrolment == enrolment.enrolment
            and pause.from_on <= day
            and (pause.until_on is None or day < pause.until_on)
            for pause in caseload.pauses
        )
    )
