"""Contradictions: where a programme's facts leave a hole or disagree, case by case."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import combinations

from msgspec import Struct

from services.intake.events.conformity import LATE
from services.reporting.aftercare_facts import said_no
from services.reporting.caseload import Caseload, exit_on
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf
from services.reporting.measures.spells import jobs_seen
from services.reporting.partition import partition
from services.reporting.placement_facts import StrandFact
from shared.subjects import subject_of

EVIDENCE_DAYS = 90  # the usual ones; a goal may follow jobs for longer
IMPORTED = "import"  # the late reason of an import of the past


class Case(Struct, frozen=True, kw_only=True):
    """One thing to look at: what it counts as, who it is about, whose events tell of it."""

    counts: str
    people: tuple[str, ...]
    subjects: tuple[str, ...]


def wage_hours_unknown(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """In training, and nothing says whether with wage hours."""
    for person_ref in partition(caseload, as_of).people["training_wage_hours_unknown"]:
        for strand in caseload.people[person_ref].strands:
            if strand.strand == "practice" and strand.runs_on(as_of.valid_on):
                yield _of(strand)


def placed_not_enrolled(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """Something began at a company before its enrolment did, or without one."""
    for strand, enrolment in _begun(caseload, as_of.valid_on):
        if _over(strand, enrolment, as_of.valid_on):
            continue
        started_on = None if enrolment is None else enrolment.start_on
        if started_on is None or strand.start_on < started_on:
            yield _of(strand, *_subjects(enrolment))


def employment_after_end(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """Practice began after the enrolment was over, or paid work under one that came to nothing.

    Paid hours and jobs after the exit are what the programme is for; but not if the person was
    declined, withdrew or never came.
    """
    for strand, enrolment in _begun(caseload, as_of.valid_on):
        if enrolment is not None and _over(strand, enrolment, as_of.valid_on):
            yield _of(strand, *_subjects(enrolment))


def overlapping_enrolments(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """A person was in the programme twice on one day, also at two sites."""
    for person_ref, person in caseload.people.items():
        for one, other in combinations(sorted(person.enrolments, key=_by_id), 2):
            if _share_a_day(one, other, as_of.valid_on):
                yield Case(counts=person_ref, people=(person_ref,), subjects=_subjects(one, other))


def co_enrolment(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """A person was in another programme too on one day."""
    for other in caseload.elsewhere:
        person = caseload.people.get(other.person_ref)
        for one in person.enrolments if person else ():
            if _share_a_day(one, other, as_of.valid_on):
                yield Case(
                    counts=one.person_ref, people=(one.person_ref,), subjects=_subjects(one, other)
                )


def wage_hours_without_placement(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """Paid hours were reported of a time in which neither wage hours nor employment ran."""
    for report in caseload.wage_reports:
        if (
            report.programme != as_of.programme
            or report.wage_minutes == 0
            or report.from_on > as_of.valid_on
        ):
            continue
        if not any(
            strand.placement == report.placement
            and strand.strand != "practice"
            and strand.start_on <= report.to_on
            and (strand.end_on is None or report.from_on <= strand.end_on)
            for strand in caseload.people[report.person_ref].strands
        ):
            yield Case(
                counts=report.person_ref,
                people=(report.person_ref,),
                subjects=(_placement(report.placement),),
            )


def missing_end(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """An end should have been registered by now, or somebody asked.

    A practice or an enrolment is open longer after its planned end than an end may be registered
    late; a job that counts has had no evidence for as long as evidence lasts.
    """
    latest = as_of.valid_on - timedelta(days=caseload.definition.late_after_days)
    for strand in _own(caseload):
        planned_on = strand.planned_end_on
        if strand.end_on is None and planned_on is not None and planned_on < latest:
            yield _of(strand)
    for enrolment in caseload.enrolments:
        planned_on = enrolment.planned_end_on
        if exit_on(enrolment) is None and planned_on is not None and planned_on < latest:
            yield Case(
                counts=enrolment.person_ref,
                people=(enrolment.person_ref,),
                subjects=_subjects(enrolment),
            )
    placements = {strand.placement for strand in _own(caseload)}
    for person_ref, person in caseload.people.items():
        for job in jobs_seen(caseload, person, as_of.valid_on, evidence_days=EVIDENCE_DAYS):
            ran_out = not job.ended and job.through_on < as_of.valid_on
            if ran_out and job.placement in placements:
                yield Case(
                    counts=person_ref, people=(person_ref,), subjects=(_placement(job.placement),)
                )


def late_registration(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """An event was registered later than the definition allows, with a reason."""
    return _late(caseload, as_of.valid_on, imported=False)


def late_import(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """An event came late by an import of the past, as all of an import does."""
    return _late(caseload, as_of.valid_on, imported=True)


def opening_overfilled(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """More placements fill an opening than it has positions; one that has ended fills it still.

    Only a cancelled one leaves room for another, as placement itself counts. Of an opening that no
    programme claims, only this programme's placements are seen.
    """
    seated = defaultdict(list)
    for fact in caseload.placed:
        if fact.cancelled_on is None or as_of.valid_on < fact.cancelled_on:
            seated[fact.opening].append(fact)
    for opening in caseload.openings:
        filling = seated[opening.opening]
        if opening.reported_on <= as_of.valid_on and len(filling) > opening.positions:
            yield Case(
                counts=opening.opening,
                people=tuple(fact.person_ref for fact in filling),
                subjects=(
                    subject_of("placement", "opening", opening.opening),
                    *(_placement(fact.placement) for fact in filling),
                ),
            )


def contact_after_decline(caseload: Caseload, as_of: AsOf) -> Iterator[Case]:
    """The company told of a citizen's job on a day on which the citizen wanted no aftercare.

    It is refused when registered; but the citizen's no may be registered after it.
    """
    for fact in caseload.follow_ups:
        told = fact.employment_state != "unknown" or fact.weekly_minutes is not None
        if (
            fact.programme == as_of.programme
            and fact.party == "company"
            and told
            and fact.held_on <= as_of.valid_on
            and said_no(caseload.answers_of(fact.plan, "citizen"), fact.held_on)
        ):
            yield Case(
                counts=fact.person_ref,
                people=(fact.person_ref,),
                subjects=(subject_of("aftercare", "plan", fact.plan),),
            )


def is_late(flags: str, late_reason: str, *, imported: bool) -> bool:
    """Whether an event's flags say that it came late, by an import or otherwise."""
    return LATE in flags.split() and (late_reason == IMPORTED) == imported


def _late(caseload: Caseload, day: date, *, imported: bool) -> Iterator[Case]:
    for fact in caseload.registrations:
        if fact.occurred_on <= day and is_late(fact.flags, fact.late_reason, imported=imported):
            yield Case(
                counts=fact.event_id,
                people=() if fact.person_ref is None else (fact.person_ref,),
                subjects=(fact.subject,),
            )


def _own(caseload: Caseload) -> Iterator[StrandFact]:
    """The strands of the programme itself: what another brought, it is asked about."""
    return (it for it in caseload.strands if it.programme == caseload.definition.key)


def _begun(caseload: Caseload, day: date) -> Iterator[tuple[StrandFact, EnrolmentFact | None]]:
    """What has begun by the day, each strand once, with its enrolment."""
    enrolments = {fact.enrolment: fact for fact in caseload.enrolments}
    for strand in _own(caseload):
        if strand.start_on == strand.begun_on <= day:
            yield strand, enrolments.get(strand.enrolment)


def _over(strand: StrandFact, enrolment: EnrolmentFact | None, day: date) -> bool:
    """Whether the enrolment has come to nothing by the day, or was over when practice began."""
    if enrolment is None:
        return False
    in_vain_on = enrolment.declined_on or enrolment.withdrawn_on or enrolment.never_started_on
    if in_vain_on is not None:
        return in_vain_on <= day if strand.strand != "practice" else in_vain_on < strand.start_on
    over_on = exit_on(enrolment)
    return strand.strand == "practice" and over_on is not None and over_on < strand.start_on


def _share_a_day(one: EnrolmentFact, other: EnrolmentFact, by: date) -> bool:
    """Whether both were going on some day; on the day of its end one goes on no more."""
    if one.start_on is None or other.start_on is None:
        return False
    first = max(one.start_on, other.start_on)
    return first <= by and first < min(exit_on(one) or date.max, exit_on(other) or date.max)


def _of(strand: StrandFact, *more: str) -> Case:
    return Case(
        counts=strand.person_ref,
        people=(strand.person_ref,),
        subjects=(_placement(strand.placement), *more),
    )


def _placement(placement: str) -> str:
    return subject_of("placement", "placement", placement)


def _subjects(*enrolments: EnrolmentFact | None) -> tuple[str, ...]:
    known: Iterable[EnrolmentFact] = (fact for fact in enrolments if fact is not None)
    return tuple(subject_of("intake", "enrolment", fact.enrolment) for fact in known)


def _by_id(fact: EnrolmentFact) -> str:
    return fact.enrolment
