"""M14: how many agreed follow-ups were held within their window (opfølgninger holdt til tiden)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from services.intake.events.goals import TouchpointsHeld
from services.reporting.aftercare_facts import TouchpointFact, said_no
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf, Figure, figure, part
from services.reporting.measures.window import days_counted

VERSION = 1


def measure(caseload: Caseload, goal: TouchpointsHeld, as_of: AsOf) -> Figure:
    """Touchpoints held within their window / touchpoints due at or before the valid day.

    Held: a contact on a day of the window (± its days, both included) by the valid day, whenever
    it was registered and whatever the clock said before. Due: from its due day (in the phase, if
    the goal names one), unless the plan was closed before that day. The latest plan holds.

    Left out of both, counted beside: those waived, and those of a party whose last answer by the
    due day is no (declined or withdrawn): aftercare is voluntary.

    Pending: due and not held, its window still open after the valid day. Unknown: nothing, a
    contact that nobody recorded was not held. Parts: party and offset.
    """
    first, last = days_counted(caseload, goal, as_of.valid_on)
    closed_on = {plan.plan: plan.closed_on for plan in caseload.plans}
    due: list[TouchpointFact] = []
    waived: set[str] = set()
    unwanted: set[str] = set()
    for fact in set(caseload.touchpoints):
        if not first <= fact.due_on <= last or goal.party not in (None, fact.party):
            continue
        if fact.waived_on is not None and fact.waived_on <= as_of.valid_on:
            waived.add(_id(fact))
        elif said_no(caseload.answers_of(fact.plan, fact.party), fact.due_on):
            unwanted.add(_id(fact))
        elif fact.due_on <= (closed_on.get(fact.plan) or date.max):
            due.append(fact)
    by_part: defaultdict[str, list[TouchpointFact]] = defaultdict(list)
    for fact in due:
        by_part[f"{fact.party} {fact.offset}"].append(fact)
    return figure(
        as_of,
        measure="M14",
        measure_version=VERSION,
        variant=goal.party,
        counting_unit="touchpoint",
        counted=_held(due, as_of.valid_on),
        denominator=_ids(due),
        denominator_name="due",
        pending=_pending(due, as_of.valid_on),
        period=caseload.period_as_given(goal),
        parameters={"party": goal.party},
        parts=(
            *(
                part(
                    name,
                    _held(facts, as_of.valid_on),
                    _ids(facts),
                    pending=_pending(facts, as_of.valid_on),
                )
                for name, facts in sorted(by_part.items())
            ),
            part("waived", waived),
            part("said_no", unwanted),
        ),
    )


def _id(fact: TouchpointFact) -> str:
    return f"{fact.plan}/{fact.touchpoint}"


def _ids(facts: Sequence[TouchpointFact]) -> set[str]:
    return {_id(fact) for fact in facts}


def _is_held(fact: TouchpointFact, day: date) -> bool:
    return fact.held_on is not None and fact.window_from <= fact.held_on <= min(fact.window_to, day)


def _held(facts: Sequence[TouchpointFact], day: date) -> set[str]:
    return {_id(fact) for fact in facts if _is_held(fact, day)}


def _pending(facts: Sequence[TouchpointFact], day: date) -> int:
    return len({_id(fact) for fact in facts if not _is_held(fact, day) and day < fact.window_to})
