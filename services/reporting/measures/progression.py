"""M20: how people's scores changed from the first measurement to the latest (progression)."""

from collections import defaultdict
from fractions import Fraction
from statistics import mean

from msgspec.structs import asdict

from services.intake.events.goals import Progression
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, Part
from services.reporting.measures.window import days_counted
from services.reporting.progress_facts import ScoreFact

VERSION = 1


def measure(caseload: Caseload, goal: Progression, as_of: AsOf) -> Figure:
    """Mean over persons of the mean change of their items, from first to latest measurement.

    A change compares one item of one version of the instrument as the same rater role scored it on
    two days at or before the valid day (in the phase, if the goal names one); what different roles
    scored is never compared. Of two scores of one day under two enrolments the lower one is taken.
    A person with several changes counts once, with their mean, also over several enrolments.

    Parts: the mean change by item, version and rater role, with its persons. Pending: persons with
    scores that nothing can be compared with yet. Unknown: nobody.
    """
    first, last = days_counted(caseload, goal, as_of.valid_on)
    by_part: defaultdict[str, dict[str, int]] = defaultdict(dict)
    changes: dict[str, Fraction] = {}
    pending = 0
    for person_ref, person in caseload.people.items():
        scores = [
            fact
            for fact in person.scores
            if fact.instrument == goal.instrument and first <= fact.measured_on <= last
        ]
        found = _changes(scores)
        for name, change in found.items():
            by_part[name][person_ref] = change
        if found:
            changes[person_ref] = Fraction(sum(found.values()), len(found))
        elif scores:
            pending += 1
    return Figure(
        **asdict(as_of),
        measure="M20",
        measure_version=VERSION,
        value=float(mean(changes.values())) if changes else None,
        quantity="points",
        n=len(changes),
        pending=pending,
        period=caseload.period_as_given(goal),
        parameters={"instrument": goal.instrument},
        counted=tuple(changes),
        parts=tuple(
            Part(
                name=name,
                value=float(mean(map(Fraction, of_people.values()))),
                quantity="points",
                n=len(of_people),
                counted=tuple(of_people),
            )
            for name, of_people in sorted(by_part.items())
        ),
    )


def _changes(scores: list[ScoreFact]) -> dict[str, int]:
    """The change from first to latest by item, version and rater role, of those scored twice."""
    histories: defaultdict[str, list[ScoreFact]] = defaultdict(list)
    for fact in sorted(scores, key=lambda fact: (fact.measured_on, -fact.score)):
        histories[f"{fact.item}@{fact.version} {fact.rater}"].append(fact)
    changes: dict[str, int] = {}
    for name, history in histories.items():
        by_day = {fact.measured_on: fact.score for fact in history}  # of one day the lower one
        if len(by_day) > 1:
            scored = list(by_day.values())
            changes[name] = scored[-1] - scored[0]
    return changes
