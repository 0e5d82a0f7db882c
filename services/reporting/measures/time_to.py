"""M12: how long it takes from one step to the next (tid til): the median, censored ones included."""

from datetime import date

from msgspec.structs import asdict

from services.intake.events.goals import TimeTo
from services.reporting.caseload import Caseload, PersonFacts
from services.reporting.figure import AsOf, Figure
from services.reporting.measures.spells import entries, in_phase
from services.reporting.measures.survival import Observation, median_days

VERSION = 1


def measure(caseload: Caseload, goal: TimeTo, as_of: AsOf) -> Figure:
    """The Kaplan-Meier median of the days from one step to the next, with its 95 % interval.

    Steps: `referral_to_start` from the first referral to the first day attended;
    `start_to_wage_hours` from the first day attended to the first wage-hours strand (løntimer);
    `start_to_employment` from there to the first counted employment. What came before the step it
    is counted from doesn't count. A person counts once; n: all whose first step lies at or before
    the valid day, in the phase if the goal names one.

    Censored at the valid day, and by nothing else: who has not come to the next step by then is
    pending, also after a decline or an exit. The value is None while fewer than half have. Counted:
    those who have. Unknown: nobody.
    """
    day = as_of.valid_on
    arrived: set[str] = set()
    observed: list[Observation] = []
    for person_ref, person in caseload.people.items():
        begun, reached = _steps(caseload, person, goal)
        start_on = min(begun, default=date.max)
        if start_on > day or not in_phase(caseload, goal, start_on):
            continue
        arrived_on = min((on for on in reached if start_on <= on <= day), default=None)
        if arrived_on is not None:
            arrived.add(person_ref)
        observed.append(
            Observation(((arrived_on or day) - start_on).days, happened=arrived_on is not None)
        )
    median = median_days(observed)
    return Figure(
        **asdict(as_of),
        measure="M12",
        measure_version=VERSION,
        variant=goal.step,
        value=median.value,
        quantity="days",
        n=len(observed),
        pending=len(observed) - len(arrived),
        interval=median.interval,
        period=caseload.period_as_given(goal),
        parameters={"step": goal.step},
        counted=tuple(sorted(arrived)),
    )


def _steps(caseload: Caseload, person: PersonFacts, goal: TimeTo) -> tuple[list[date], list[date]]:
    """The days on which the person came to the first step, and to the second."""
    started = [
        fact.first_attended_on for fact in person.enrolments if fact.first_attended_on is not None
    ]
    match goal.step:
        case "referral_to_start":
            return [fact.referred_on for fact in person.enrolments], started
        case "start_to_wage_hours":
            hours = [fact.start_on for fact in person.strands if fact.strand == "wage_hours"]
            return started, hours
        case "start_to_employment":
            return started, entries(caseload, person)
