"""M16: how many of those who started dropped out to neither job nor education (frafald)."""

from datetime import date
from typing import Literal

from services.intake.events.goals import DropOut
from services.reporting.caseload import Caseload, PersonFacts, exit_on
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf, Figure, Part, figure, part
from services.reporting.measures.spells import in_phase
from services.reporting.measures.survival import Observation, cumulative_incidence

VERSION = 1


def measure(caseload: Caseload, goal: DropOut, as_of: AsOf) -> Figure:
    """Persons who dropped out to neither job nor education / persons who started.

    Started: a first day attended at or before the valid day, in the phase if the goal names one.
    A person counts once, by the enrolment started last. Dropped out: by its end at or before the
    valid day, with a destination that the code list of that day doesn't call job or education; an
    unknown destination is neither (part `destination_unknown`, counted in the figure too).

    Pending: started and not over by the valid day. Unknown: nobody.

    Beside it, part `cumulative_incidence`: the probability of such a drop-out by the longest time
    observed, in days from the start (Aalen-Johansen). Completion and a drop-out to job or
    education compete; who is transferred or still there is censored then.
    """
    day = as_of.valid_on
    counted: set[str] = set()
    started: set[str] = set()
    unclear: set[str] = set()
    pending = 0
    observed: list[Observation] = []
    competing: list[int] = []
    for person_ref, person in caseload.people.items():
        latest = _latest_started(caseload, person, goal, day)
        if latest is None:
            continue
        start_on, enrolment = latest
        started.add(person_ref)
        over_on = _over_on(enrolment, day)
        if over_on is None:
            pending += 1
            observed.append(Observation((day - start_on).days, happened=False))
            continue
        days = (over_on - start_on).days
        destination = _destination(caseload, enrolment, over_on)
        if enrolment.dropped_out_on is None and enrolment.transferred_on is not None:
            observed.append(Observation(days, happened=False))
        elif enrolment.dropped_out_on is None or destination in ("job", "education"):
            competing.append(days)
        else:
            counted.add(person_ref)
            observed.append(Observation(days, happened=True))
            if destination == "unknown":
                unclear.add(person_ref)
    return figure(
        as_of,
        measure="M16",
        measure_version=VERSION,
        counted=counted,
        denominator=started,
        denominator_name="started",
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={},
        parts=(
            part("destination_unknown", unclear, started),
            Part(
                name="cumulative_incidence",
                value=cumulative_incidence(observed, competing).value,
                quantity="probability",
                counting_unit="person",
                n=len(started),
                pending=pending,
            ),
        ),
    )


def _latest_started(
    caseload: Caseload, person: PersonFacts, goal: DropOut, day: date
) -> tuple[date, EnrolmentFact] | None:
    """Of two that started the same day, the one that ended last or not at all, by the day."""
    begun = [
        (fact.first_attended_on, _over_on(fact, day) or date.max, fact.enrolment, fact)
        for fact in person.enrolments
        if fact.first_attended_on is not None
        and fact.first_attended_on <= day
        and in_phase(caseload, goal, fact.first_attended_on)
    ]
    if not begun:
        return None
    start_on, _, _, enrolment = max(begun, key=lambda item: item[:3])
    return start_on, enrolment


def _over_on(enrolment: EnrolmentFact, by: date) -> date | None:
    over_on = exit_on(enrolment)
    return over_on if over_on is not None and over_on <= by else None


def _destination(
    caseload: Caseload, enrolment: EnrolmentFact, day: date
) -> Literal["job", "education", "neither", "unknown"]:
    said = [
        term.destination
        for term in caseload.definition.codes.destinations
        if term.code == enrolment.destination and term.valid_on(day)
    ]
    return next((kind for kind in said if kind is not None), "unknown")
