"""M02: how many of those enrolled never properly took part (kom aldrig i gang)."""

from datetime import timedelta

from msgspec.structs import replace

from services.intake.events.goals import NeverStarted
from services.reporting.caseload import Caseload, exit_on
from services.reporting.figure import AsOf, Figure, figure
from services.reporting.measures.spells import in_phase

VERSION = 1


def measure(caseload: Caseload, goal: NeverStarted, as_of: AsOf) -> Figure:
    """Persons who never started by the valid day / persons enrolled `after_days` ago or longer.

    A person counts once, by the latest enrolment that began at least `after_days` days before
    the valid day, in the phase if the goal names one: the days until it is said that somebody
    never started are not held against the newly enrolled, who are pending (censored).

    Unknown: in the denominator, and nobody said that the person began, never started or left.
    """
    day = as_of.valid_on
    long_ago = day - timedelta(days=goal.after_days)
    counted: set[str] = set()
    denominator: set[str] = set()
    pending = unknown = 0
    for person_ref, everything in caseload.people.items():
        enrolments = [
            fact
            for fact in everything.enrolments
            if fact.start_on is not None and in_phase(caseload, goal, fact.start_on)
        ]
        person = replace(everything, enrolments=enrolments)
        enrolment = person.latest_enrolment(long_ago)
        if enrolment is None:
            pending += person.latest_enrolment(day) is not None
            continue
        denominator.add(person_ref)
        known = (exit_on(enrolment), enrolment.first_attended_on)
        if enrolment.never_started_on is not None and enrolment.never_started_on <= day:
            counted.add(person_ref)
        elif not any(known_on is not None and known_on <= day for known_on in known):
            unknown += 1
    return figure(
        as_of,
        measure="M02",
        measure_version=VERSION,
        counted=counted,
        denominator=denominator,
        denominator_name="enrolled_long_enough",
        unknown=unknown,
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={"after_days": goal.after_days},
    )
