"""Employment spells: a person's counted jobs joined over short gaps, as far as the evidence goes."""

from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.placement_facts import StrandFact


class _Job(Struct, frozen=True):
    """From the one day through the other; `open`: nobody said that it ended, evidence ran out."""

    start_on: date
    through_on: date
    open: bool


def state_on(
    caseload: Caseload,
    person: PersonFacts,
    target: date,
    *,
    by: date,
    gap_days: int,
    evidence_days: int,
) -> Literal["employed", "not_employed", "unknown"]:
    """Whether the person was in counted employment on the target day, by what happened `by` a day.

    At most `gap_days` days without a job between two jobs are a part of the spell. A job without
    an end counts as running through `evidence_days` after its last evidence, then as unknown.
    """
    jobs = [
        _job(person, strand, by, evidence_days)
        for strand in caseload.counted_employments(person)
        if strand.start_on <= by
    ]
    spell_end: date | None = None
    for job in sorted(jobs, key=lambda job: (job.start_on, job.through_on)):
        joined = spell_end is not None and (job.start_on - spell_end).days - 1 <= gap_days
        if joined and spell_end is not None and spell_end < target < job.start_on:
            return "employed"
        if job.start_on <= target <= job.through_on:
            return "employed"
        spell_end = max(spell_end or date.min, job.through_on)
    ran_out = any(job.open and job.through_on < target for job in jobs)
    return "unknown" if ran_out else "not_employed"


def _job(person: PersonFacts, strand: StrandFact, by: date, evidence_days: int) -> _Job:
    if strand.end_on is not None:
        return _Job(strand.start_on, strand.end_on, open=False)
    told = [
        fact
        for fact in person.follow_ups
        if fact.placement == strand.placement and strand.start_on <= fact.held_on <= by
    ]
    ended = [fact.held_on for fact in told if fact.employment_state == "not_employed"]
    if ended:
        return _Job(strand.start_on, min(ended), open=False)
    evidence = [
        strand.start_on,
        *(fact.held_on for fact in told if fact.employment_state == "employed_same"),
        *(
            min(report.to_on, by)
            for report in person.wage_reports
            if report.placement == strand.placement
            and report.wage_minutes > 0
            and report.from_on <= by
            and report.to_on >= strand.start_on
        ),
    ]
    return _Job(strand.start_on, max(evidence) + timedelta(days=evidence_days), open=True)
