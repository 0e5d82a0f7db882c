"""Employment spells: a person's counted jobs as seen from a day, joined over short gaps."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.goals import Goal
from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.placement_facts import StrandFact

Stretch: TypeAlias = tuple[date, date]  # both days included
DAY = timedelta(days=1)


class Job(Struct, frozen=True, kw_only=True):
    """A counted job, as one knew it on a day, of one kind and length.

    `through_on`: its last day; of one that nobody ended, the last that its evidence covers, at
    most the day itself. `seen_on`: the last day on which it is known to have run.
    """

    placement: str
    company: str
    start_on: date
    through_on: date
    seen_on: date
    ended: bool
    weekly_minutes: int
    open_ended: bool


def in_phase(caseload: Caseload, goal: Goal, day: date) -> bool:
    """Whether the day lies in the goal's phase; any day does if it names none."""
    if goal.phase is None:
        return True
    start, end = caseload.period(goal)
    return start <= day <= end


def entries(caseload: Caseload, person: PersonFacts) -> list[date]:
    """The days on which a counted job began, or an employment became one that counts."""
    first: dict[tuple[str, date], date] = {}
    for strand in caseload.counted_employments(person):
        first.setdefault((strand.placement, strand.begun_on), strand.start_on)
    return sorted(first.values())


def jobs_seen(
    caseload: Caseload, person: PersonFacts, by: date, *, evidence_days: int | None
) -> list[Job]:
    """The person's counted jobs that had begun by the day, by what had happened by then.

    One without an end runs through `evidence_days` after its last evidence (its start or last
    change, paid hours reported, a follow-up that says employed_same), or on, if that is None. A
    follow-up that says not_employed is its last day.
    """
    return [
        _job(person, _as_seen(person, strand, by), by, evidence_days)
        for strand in caseload.counted_employments(person)
        if strand.start_on <= by
    ]


def joined(stretches: Iterable[Stretch], gap_days: int) -> list[Stretch]:
    """The stretches in order, made one where at most so many days lie between them."""
    whole: list[Stretch] = []
    for start_on, end_on in sorted(stretches):
        if whole and (start_on - whole[-1][1]).days - 1 <= gap_days:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end_on))
        else:
            whole.append((start_on, end_on))
    return whole


def stretches_of(jobs: Iterable[Job]) -> list[Stretch]:
    """From the first to the last day of each."""
    return [(job.start_on, job.through_on) for job in jobs]


def holding(stretches: Iterable[Stretch], day: date) -> Stretch | None:
    """The stretch that the day lies in."""
    return next((one for one in stretches if one[0] <= day <= one[1]), None)


def state_on(
    jobs: Sequence[Job], target: date, *, gap_days: int
) -> Literal["employed", "not_employed", "unknown"]:
    """Whether one of the jobs ran on the day, or it lies in a joined gap.

    Unknown: none did, but the evidence of one that nobody ended ran out before.
    """
    if holding(joined(stretches_of(jobs), gap_days), target) is not None:
        return "employed"
    ran_out = any(not job.ended and job.through_on < target for job in jobs)
    return "unknown" if ran_out else "not_employed"


def _as_seen(person: PersonFacts, strand: StrandFact, by: date) -> StrandFact:
    """The strand without an end that had not come yet."""
    if strand.end_on is None or strand.end_on < by:
        return strand
    changed = any(
        later.placement == strand.placement
        and later.strand == strand.strand
        and later.begun_on == strand.begun_on
        and later.start_on == by + DAY
        for later in person.strands
    )
    return replace(strand, end_on=None) if strand.end_on > by or changed else strand


def _job(person: PersonFacts, strand: StrandFact, by: date, evidence_days: int | None) -> Job:
    ended_on = strand.end_on or _told_over_on(person, strand, by)
    seen_on = ended_on or max(_evidence(person, strand, by))
    covered = by if evidence_days is None else min(by, seen_on + timedelta(days=evidence_days))
    return Job(
        placement=strand.placement,
        company=strand.company,
        start_on=strand.start_on,
        through_on=ended_on or covered,
        seen_on=seen_on,
        ended=ended_on is not None,
        weekly_minutes=strand.weekly_minutes or 0,
        open_ended=bool(strand.open_ended),
    )


def _told_over_on(person: PersonFacts, strand: StrandFact, by: date) -> date | None:
    return min(_told(person, strand, by, "not_employed"), default=None)


def _evidence(person: PersonFacts, strand: StrandFact, by: date) -> Iterable[date]:
    yield strand.start_on
    yield from _told(person, strand, by, "employed_same")
    for report in person.wage_reports:
        if (
            report.placement == strand.placement
            and report.wage_minutes > 0
            and report.from_on <= by
            and report.to_on >= strand.start_on
        ):
            yield min(report.to_on, by)


def _told(person: PersonFacts, strand: StrandFact, by: date, state: str) -> list[date]:
    return [
        fact.held_on
        for fact in person.follow_ups
        if fact.placement == strand.placement
        and fact.employment_state == state
        and strand.start_on <= fact.held_on <= by
    ]
