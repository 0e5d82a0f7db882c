"""M07: how many of the completers support themselves (selvforsørgelse), by job or by benefit."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

from services.intake.events.goals import SelfSupportingBenefit, SelfSupportingJob
from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf, Figure, figure
from services.reporting.measures.spells import DAY, in_phase, jobs_seen, state_on
from services.reporting.progress_facts import SupportFact
from shared.clock import plus_months

VERSION = 1


def measure_job(caseload: Caseload, goal: SelfSupportingJob, as_of: AsOf) -> Figure:
    """M07a: completers in ordinary employment on exit + `days_after` / completers.

    Completers: persons who completed by the valid day, in the phase if the goal names one; the
    exit is the latest such completion. In employment: a counted job runs on the day, or it lies in
    a joined gap of at most `gap_days` days; a job without an end runs on (its evidence doesn't run
    out here), a follow-up that says not_employed is its last day. A person counts once.

    Pending: completers whose day lies after the valid day. Unknown: nobody, a job that nobody
    recorded is none.
    """
    day = as_of.valid_on
    counted: set[str] = set()
    completers: set[str] = set()
    pending = 0
    for person_ref, person, _, exit_on in _completers(caseload, goal, day):
        completers.add(person_ref)
        due_on = exit_on + timedelta(days=goal.days_after)
        jobs = jobs_seen(caseload, person, day, evidence_days=None)
        if due_on > day:
            pending += 1
        elif state_on(jobs, due_on, gap_days=goal.gap_days) == "employed":
            counted.add(person_ref)
    return figure(
        as_of,
        measure="M07a",
        measure_version=VERSION,
        counted=counted,
        denominator=completers,
        denominator_name="completed",
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={
            "days_after": goal.days_after,
            "gap_days": goal.gap_days,
            "kinds": list(caseload.definition.counted_employment.kinds),
            "small_job_minutes": caseload.definition.counted_employment.small_job_minutes,
        },
    )


def measure_benefit(caseload: Caseload, goal: SelfSupportingBenefit, as_of: AsOf) -> Figure:
    """M07b: completers without a listed benefit / completers whose support basis is known.

    Completers and their exit: as in M07a. Without: on no day of the first whole calendar month
    after the exit did the completed enrolment's support basis (forsørgelsesgrundlag) name one of
    `benefits`, by the code list of that day, and every day of it is known. What is said of a day
    holds until something else is said or its own last day, so the benefit of the referral does.

    Unknown: on no day was it a listed benefit, but of some day nothing is known, or a listed code
    that the list didn't hold that day; these are not in the denominator. Pending: completers whose
    month has not ended by the valid day; they are.
    """
    day = as_of.valid_on
    counted: set[str] = set()
    known: set[str] = set()
    unknown = pending = 0
    for person_ref, person, enrolment, exit_on in _completers(caseload, goal, day):
        first = plus_months(exit_on.replace(day=1), 1)
        last = plus_months(first, 1) - DAY
        supports = [fact for fact in person.supports if fact.enrolment == enrolment.enrolment]
        if last > day:
            pending += 1
            known.add(person_ref)
            continue
        said = {_says(caseload, goal, supports, on) for on in _days(first, last)}
        if "listed" in said:
            known.add(person_ref)
        elif "unknown" in said:
            unknown += 1
        else:
            known.add(person_ref)
            counted.add(person_ref)
    return figure(
        as_of,
        measure="M07b",
        measure_version=VERSION,
        counted=counted,
        denominator=known,
        denominator_name="completed_with_known_support",
        unknown=unknown,
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={"benefits": list(goal.benefits)},
    )


def _completers(
    caseload: Caseload, goal: SelfSupportingJob | SelfSupportingBenefit, day: date
) -> Iterable[tuple[str, PersonFacts, EnrolmentFact, date]]:
    for person_ref, person in caseload.people.items():
        completions = [
            (fact.completed_on, fact.enrolment, fact)
            for fact in person.enrolments
            if fact.completed_on is not None
            and fact.completed_on <= day
            and in_phase(caseload, goal, fact.completed_on)
        ]
        if completions:
            exit_on, _, enrolment = max(completions, key=lambda item: item[:2])
            yield person_ref, person, enrolment, exit_on


def _says(
    caseload: Caseload, goal: SelfSupportingBenefit, supports: list[SupportFact], day: date
) -> Literal["listed", "none", "unknown"]:
    said = [
        fact.benefit
        for fact in supports
        if fact.from_on <= day and (fact.to_on is None or day <= fact.to_on)
    ]
    in_force = {term.code for term in caseload.definition.codes.benefits if term.valid_on(day)}
    listed = {benefit for benefit in said if benefit in goal.benefits}
    if listed & in_force:
        return "listed"
    return "unknown" if listed or not said else "none"


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=days) for days in range((last - first).days + 1)]
