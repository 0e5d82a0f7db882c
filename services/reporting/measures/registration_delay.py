"""M19: how long it takes until what happened is registered (registreringsforsinkelse)."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import quantiles

from msgspec.structs import asdict

from services.intake.events.goals import RegistrationDelay
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, Part
from services.reporting.measures.window import days_counted
from services.reporting.registration_facts import RegistrationFact

VERSION = 1
IMPORT = "import"


def measure(caseload: Caseload, goal: RegistrationDelay, as_of: AsOf) -> Figure:
    """Median days from the day something happened to the day of its first registration.

    Over events that happened at or before the valid day (in the phase, if the goal names one),
    whenever they were registered by the moment asked for. The unit is the event.

    Parts: the median and the quantile 0.9 by event type, interpolated linearly between the two
    nearest delays. Imports of the past are left out of all of it and counted apart (`imported`):
    they say when the import ran, not how the work goes. Nothing is unknown or pending: an event
    that is not registered is not known of.
    """
    first, last = days_counted(caseload, goal, as_of.valid_on)
    happened = [fact for fact in set(caseload.registrations) if first <= fact.occurred_on <= last]
    imported = {fact.event_id for fact in happened if _is_imported(fact)}
    counted = [fact for fact in happened if fact.event_id not in imported]
    by_type: defaultdict[str, list[RegistrationFact]] = defaultdict(list)
    for fact in counted:
        by_type[fact.event_type].append(fact)
    return Figure(
        **asdict(as_of),
        measure="M19",
        measure_version=VERSION,
        value=_quantiles(counted)[0] if counted else None,
        quantity="days",
        counting_unit="event",
        n=len(counted),
        period=caseload.period_as_given(goal),
        parameters={"quantiles": ["0.5", "0.9"]},
        counted=tuple(sorted(fact.event_id for fact in counted)),
        parts=(
            *(
                Part(name=f"{name} {label}", value=days, quantity="days", n=len(facts))
                for name, facts in sorted(by_type.items())
                for label, days in zip(("0.5", "0.9"), _quantiles(facts), strict=True)
            ),
            Part(name="imported", value=len(imported), counted=tuple(sorted(imported))),
        ),
    )


def _is_imported(fact: RegistrationFact) -> bool:
    return IMPORT in (fact.origin, fact.late_reason)


def _quantiles(facts: Sequence[RegistrationFact]) -> tuple[float, float]:
    """The quantiles 0.5 and 0.9 of the delays in days."""
    delays = [(fact.registered_on - fact.occurred_on).days for fact in facts]
    if len(delays) == 1:
        return float(delays[0]), float(delays[0])
    tenths = quantiles(delays, n=10, method="inclusive")
    return tenths[4], tenths[8]
