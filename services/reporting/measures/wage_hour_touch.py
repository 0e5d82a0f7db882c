"""M10: how many had at least one ordinary paid minute in a calendar month (ordinære løntimer)."""

from datetime import date, timedelta

from services.intake.events.goals import WageHourTouch
from services.reporting.caseload import Caseload, PersonFacts, exit_on
from services.reporting.figure import AsOf, Figure, figure
from services.reporting.measures.wage_hours import (
    NOT_ORDINARY,
    each_day,
    is_ordinary,
    ordinary_strands,
)
from services.reporting.placement_facts import WageReportFact
from shared.clock import plus_months

VERSION = 1


def measure(caseload: Caseload, goal: WageHourTouch, as_of: AsOf) -> Figure:
    """Persons with paid minutes reported in the month / persons of the caseload on its last day.

    Window: the last calendar month that is whole at or before the valid day. A report that
    overlaps the month counts in it. Minutes of a flex job or a subsidised job don't count: a report
    is left out if the placement had nothing else on the days that the two share.

    Caseload: everybody enrolled by the month's last day, also those who left since, except whoever
    left by then for a destination that takes a person out of the caseload (moved, deceased,
    pensioned), by their latest enrolment. A person counts once.

    Unknown: not counted, paid hours or an ordinary job ran in the month, and nobody reported
    anything of it. Pending: nobody, the month is over.
    """
    first, last = _month(as_of.valid_on)
    gone = {term.code for term in caseload.definition.codes.destinations if term.leaves_caseload}
    touched: set[str] = set()
    members: set[str] = set()
    unknown = 0
    for person_ref, person in caseload.people.items():
        if not _belongs(person, gone, last):
            continue
        members.add(person_ref)
        if any(_touches(person, report, first, last) for report in person.wage_reports):
            touched.add(person_ref)
        elif _nobody_reported(person, first, last):
            unknown += 1
    return figure(
        as_of,
        measure="M10",
        measure_version=VERSION,
        counted=touched,
        denominator=members,
        denominator_name="caseload",
        unknown=unknown,
        period=caseload.period_as_given(goal),
        parameters={"month": f"{first:%Y-%m}", "excluded_kinds": list(NOT_ORDINARY)},
    )


def _month(day: date) -> tuple[date, date]:
    """The first and the last day of the month; the valid day's own, if it is its last."""
    next_first = (day + timedelta(days=1)).replace(day=1)
    return plus_months(next_first, -1), next_first - timedelta(days=1)


def _belongs(person: PersonFacts, gone: set[str], day: date) -> bool:
    enrolment = person.latest_enrolment(day)
    if enrolment is None:
        return False
    left_on = exit_on(enrolment)
    return left_on is None or left_on > day or enrolment.destination not in gone


def _touches(person: PersonFacts, report: WageReportFact, first: date, last: date) -> bool:
    shared = each_day(max(first, report.from_on), min(last, report.to_on))
    return report.wage_minutes > 0 and is_ordinary(person, report, shared)


def _nobody_reported(person: PersonFacts, first: date, last: date) -> bool:
    reported = {
        report.placement
        for report in person.wage_reports
        if report.from_on <= last and report.to_on >= first
    }
    return any(
        strand.start_on <= last
        and (strand.end_on is None or strand.end_on >= first)
        and strand.placement not in reported
        for strand in ordinary_strands(person)
    )
