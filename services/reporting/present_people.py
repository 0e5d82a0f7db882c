"""Whose a placement is now: everything that was told of it is told of that person."""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from services.reporting.aftercare_facts import PlanFact, TouchpointFact
from services.reporting.placement_facts import PlacedFact
from services.reporting.problem_facts import ProblemFact
from services.reporting.registration_facts import RegistrationFact
from shared.facts import Fact
from shared.subjects import subject_of

F = TypeVar("F", bound=Fact)


def with_present_people(facts: Sequence[F]) -> list[F]:
    """The facts, with each placement's present person on all that hangs on it.

    Placement alone records that a placement is another person's (PlacementPersonChanged): plans,
    contacts and problems keep the reference that they were recorded with.
    """
    placed = {fact.placement: fact.person_ref for fact in facts if isinstance(fact, PlacedFact)}
    plans = {
        fact.plan: placed[fact.placement]
        for fact in facts
        if isinstance(fact, PlanFact) and fact.placement in placed
    }
    problems = {
        fact.problem: placed[fact.placement]
        for fact in facts
        if isinstance(fact, ProblemFact) and fact.placement in placed
    }
    subjects = {
        subject_of(service, entity, name): person_ref
        for service, entity, people in (
            ("placement", "placement", placed),
            ("aftercare", "plan", plans),
            ("aftercare", "problem", problems),
        )
        for name, person_ref in people.items()
    }

    def present(fact: F) -> F:
        match fact:
            case TouchpointFact(plan=plan):
                person_ref = plans.get(plan)
            case RegistrationFact(subject=subject):
                person_ref = subjects.get(subject)
            case _:
                person_ref = placed.get(getattr(fact, "placement", ""))
        if person_ref is None or person_ref == getattr(fact, "person_ref", None):
            return fact
        return replace(fact, person_ref=person_ref)

    return [present(fact) for fact in facts]
