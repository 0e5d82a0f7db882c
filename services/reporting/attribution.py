"""Attribution: which programme the outcomes of a transferred person belong to (overført)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Literal, TypeVar

from msgspec.structs import replace

from services.reporting.aftercare_facts import AnswerFact, FollowUpFact, PlanFact, TouchpointFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.placement_facts import (
    PlacedFact,
    StrandFact,
    WageReportFact,
    WageStatementFact,
)
from services.reporting.problem_facts import ProblemFact
from shared.facts import Fact

Under = TypeVar("Under", PlacedFact, StrandFact)

OF_PLACEMENT: tuple[type[Fact], ...] = (
    WageStatementFact,
    WageReportFact,
    PlanFact,
    AnswerFact,
    FollowUpFact,
    ProblemFact,
)
"""What belongs to a placement and goes where it goes; a touchpoint goes with its plan."""


def counts_under(
    own: Collection[EnrolmentFact],
    elsewhere: Iterable[EnrolmentFact],
    attribution: Literal["active", "last", "both"],
    day: date,
) -> dict[str, str]:
    """Enrolments whose placements count in a programme, each with the own one they count under.

    `active`: its own ones. `last`: of every chain of transfers that ends in the programme, all;
    none of a chain that has gone on. `both`: all of every chain that comes by. A transfer counts
    from its day, once the enrolment that it leads to is known.
    """
    if attribution == "active":
        return {fact.enrolment: fact.enrolment for fact in own}
    known = {fact.enrolment: fact for fact in (*elsewhere, *own)}
    chains: dict[str, list[EnrolmentFact]] = defaultdict(list)
    for fact in known.values():
        chains[_last_of_chain(fact, known, day)].append(fact)
    ours = {fact.enrolment for fact in own}
    under: dict[str, str] = {}
    for last, chain in chains.items():
        here = [fact for fact in chain if fact.enrolment in ours]
        if not here or (attribution == "last" and last not in ours):
            continue
        latest = max(here, key=lambda fact: (fact.enrolment == last, fact.referred_on)).enrolment
        for fact in chain:
            under[fact.enrolment] = fact.enrolment if fact in here else latest
    return under


def _last_of_chain(fact: EnrolmentFact, known: Mapping[str, EnrolmentFact], day: date) -> str:
    passed = {fact.enrolment}
    while fact.transferred_on is not None and fact.transferred_on <= day:
        following = known.get(fact.linked_enrolment or "")
        if following is None or following.enrolment in passed:
            break
        passed.add(following.enrolment)
        fact = following
    return fact.enrolment


def relabelled(facts: Iterable[Under], under: Mapping[str, str]) -> list[Under]:
    """Placements or strands under the enrolment that they count under; the programme stays."""
    return [replace(fact, enrolment=under.get(fact.enrolment, fact.enrolment)) for fact in facts]


def without(facts: Collection[Fact], enrolments: Collection[str]) -> list[Fact]:
    """The facts less the placements under these enrolments, and less all that hangs on these."""
    placements = {
        fact.placement
        for fact in facts
        if isinstance(fact, PlacedFact) and fact.enrolment in enrolments
    }
    plans = {
        fact.plan for fact in facts if isinstance(fact, PlanFact) and fact.placement in placements
    }

    def hangs(fact: Fact) -> bool:
        match fact:
            case TouchpointFact(plan=plan):
                return plan in plans
            case PlacedFact() | StrandFact():
                return fact.placement in placements
        return isinstance(fact, OF_PLACEMENT) and getattr(fact, "placement", None) in placements

    return [fact for fact in facts if not hangs(fact)]
