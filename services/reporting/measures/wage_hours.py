"""Paid minutes day by day: as reported, else as agreed; ordinary paid hours (ordinære løntimer) alone."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction

from services.reporting.caseload import PersonFacts
from services.reporting.placement_facts import StrandFact, WageReportFact

NOT_ORDINARY = ("flex_job", "wage_subsidy")
"""Kinds of employment whose minutes are none of the ordinary paid ones."""


def minutes_on(person: PersonFacts, day: date) -> Fraction:
    """The person's ordinary paid minutes on the day, at all companies together.

    A report's minutes are spread evenly over its days; a day that no report of the placement
    covers has a seventh of the weekly minutes agreed there.
    """
    placements = {strand.placement for strand in person.strands}
    placements |= {report.placement for report in person.wage_reports}
    return sum((_at(person, placement, day) for placement in placements), Fraction(0))


def first_paid_day(person: PersonFacts) -> date | None:
    """The first day with ordinary paid minutes; None if there is none."""
    # Minutes change on these days alone, so the first one with any is among them.
    begins = {strand.start_on for strand in person.strands}
    begins |= {day + timedelta(days=1) for strand in person.strands if (day := strand.end_on)}
    begins |= {report.from_on for report in person.wage_reports}
    begins |= {report.to_on + timedelta(days=1) for report in person.wage_reports}
    return next((day for day in sorted(begins) if minutes_on(person, day) > 0), None)


def is_ordinary(person: PersonFacts, report: WageReportFact, days: Iterable[date]) -> bool:
    """Whether ordinary work may have been paid by the report on one of the days.

    It was not where the placement had nothing but a flex job or a subsidised job then.
    """
    return any(not _excluded(_paid(person, report.placement, day)) for day in days)


def ordinary_strands(person: PersonFacts) -> list[StrandFact]:
    """Strands that are paid, and neither a flex job nor subsidised."""
    return [
        strand
        for strand in person.strands
        if strand.strand in ("wage_hours", "employment") and strand.kind not in NOT_ORDINARY
    ]


def each_day(first: date, last: date) -> Iterator[date]:
    """All days from the one through the other."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _at(person: PersonFacts, placement: str, day: date) -> Fraction:
    paid = _paid(person, placement, day)
    if _excluded(paid):
        return Fraction(0)
    reports = [
        report
        for report in person.wage_reports
        if report.placement == placement and report.from_on <= day <= report.to_on
    ]
    if reports:
        return sum((_a_day(report) for report in reports), Fraction(0))
    return sum(
        (Fraction(it.weekly_minutes or 0, 7) for it in paid if it.kind not in NOT_ORDINARY),
        Fraction(0),
    )


def _a_day(report: WageReportFact) -> Fraction:
    return Fraction(report.wage_minutes, (report.to_on - report.from_on).days + 1)


def _paid(person: PersonFacts, placement: str, day: date) -> list[StrandFact]:
    return [
        strand
        for strand in person.strands
        if strand.placement == placement
        and strand.strand in ("wage_hours", "employment")
        and strand.runs_on(day)
    ]


def _excluded(paid: list[StrandFact]) -> bool:
    return bool(paid) and all(strand.kind in NOT_ORDINARY for strand in paid)
