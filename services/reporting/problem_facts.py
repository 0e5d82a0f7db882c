"""What is true of a problem: when it was raised, first acted on, and ended."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from services.aftercare.events import (
    ProblemActionTaken,
    ProblemClosedUnresolved,
    ProblemRaised,
    ProblemResolved,
)
from shared.envelope import Event, Recorded
from shared.facts import Fact


class ProblemFact(Fact, frozen=True, kw_only=True):
    """A problem at a placement; a day is set once it came."""

    problem: str
    placement: str
    person_ref: str
    programme: str
    company: str
    category: str
    severity: int
    raised_on: date
    first_action_on: date | None = None
    resolved_on: date | None = None
    closed_on: date | None = None


def fold(problem: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The problem as it stands; nothing unless somebody raised it."""
    events = [recorded.event for recorded in history]
    raised = next((event for event in events if isinstance(event, ProblemRaised)), None)
    if raised is None:
        return []
    fact = ProblemFact(
        problem=problem,
        placement=raised.placement,
        person_ref=raised.person_ref,
        programme=raised.programme,
        company=raised.company,
        category=raised.category,
        severity=raised.severity,
        raised_on=raised.raised_on,
    )
    for event in events:
        fact = _after(fact, event)
    return [fact]


def _after(fact: ProblemFact, event: Event) -> ProblemFact:
    match event:
        case ProblemActionTaken(acted_on=day):
            return replace(fact, first_action_on=min(fact.first_action_on or day, day))
        case ProblemResolved(resolved_on=day):
            return replace(fact, resolved_on=day)
        case ProblemClosedUnresolved(closed_on=day):
            return replace(fact, closed_on=day)
    return fact
