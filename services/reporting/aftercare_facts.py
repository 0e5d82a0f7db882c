"""What is true of an aftercare plan: the answers, the touchpoints with their windows, the contacts."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from msgspec.structs import replace

from services.aftercare.events import (
    AftercareAccepted,
    AftercareDeclined,
    AftercareOffered,
    AftercarePlanAgreed,
    FollowUpCompleted,
    FollowUpMissed,
    Party,
    Touchpoint,
)
from shared.clock import plus_duration
from shared.envelope import Event, Recorded
from shared.facts import Fact


class PlanFact(Fact, frozen=True, kw_only=True):
    """One offer of aftercare (efterværn), the last answer of each party, the plan's day."""

    plan: str
    placement: str
    person_ref: str
    programme: str
    company: str
    offered_on: date
    anchor_on: date
    citizen_answer: str | None = None
    company_answer: str | None = None
    agreed_on: date | None = None


class TouchpointFact(Fact, frozen=True, kw_only=True):
    """One agreed contact: its window (both days included), when it was held, if at all.

    `missed`: the clock said so, and no contact within the window has been registered since.
    """

    plan: str
    person_ref: str
    programme: str
    party: str
    touchpoint: str
    due_on: date
    window_from: date
    window_to: date
    held_on: date | None = None
    missed: bool = False


class FollowUpFact(Fact, frozen=True, kw_only=True):
    """One contact (opfølgning) that took place, and what it told of the employment."""

    plan: str
    placement: str
    person_ref: str
    programme: str
    party: str
    held_on: date
    employment_state: str
    weekly_minutes: int | None = None


def fold(plan: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The plan, its touchpoints and its contacts; nothing before it was offered."""
    events = [recorded.event for recorded in history]
    fact: PlanFact | None = None
    touchpoints: tuple[Touchpoint, ...] = ()
    for event in events:
        match event:
            case AftercareOffered():
                fact = PlanFact(
                    plan=plan,
                    placement=event.placement,
                    person_ref=event.person_ref,
                    programme=event.programme,
                    company=event.company,
                    offered_on=event.offered_on,
                    anchor_on=event.anchor_on,
                )
            case AftercareAccepted(party=party) if fact is not None:
                fact = _answered(fact, party, "accepted")
            case AftercareDeclined(party=party) if fact is not None:
                fact = _answered(fact, party, "declined")
            case AftercarePlanAgreed(agreed_on=day, anchor_on=anchor) if fact is not None:
                fact = replace(fact, agreed_on=day, anchor_on=anchor)
                touchpoints = event.touchpoints
    if fact is None:
        return []
    return [
        fact,
        *(_touchpoint(fact, touchpoint, events) for touchpoint in touchpoints),
        *_follow_ups(fact, events),
    ]


def _answered(fact: PlanFact, party: Party, answer: str) -> PlanFact:
    if party == "citizen":
        return replace(fact, citizen_answer=answer)
    return replace(fact, company_answer=answer)


def _touchpoint(fact: PlanFact, touchpoint: Touchpoint, events: Sequence[Event]) -> TouchpointFact:
    due_on = plus_duration(fact.anchor_on, touchpoint.offset)
    window_from = due_on - timedelta(days=touchpoint.window_days)
    window_to = due_on + timedelta(days=touchpoint.window_days)
    held: list[date] = []
    missed = False
    for event in events:
        match event:
            case FollowUpCompleted(touchpoint=name, party=party, held_on=day) if (name, party) == (
                touchpoint.id,
                touchpoint.party,
            ):
                held.append(day)
            case FollowUpMissed(touchpoint=name) if name == touchpoint.id:
                missed = True
    in_time = [day for day in held if window_from <= day <= window_to]
    return TouchpointFact(
        plan=fact.plan,
        person_ref=fact.person_ref,
        programme=fact.programme,
        party=touchpoint.party,
        touchpoint=touchpoint.id,
        due_on=due_on,
        window_from=window_from,
        window_to=window_to,
        held_on=min(in_time or held, default=None),
        missed=missed and not in_time,
    )


def _follow_ups(fact: PlanFact, events: Sequence[Event]) -> Iterable[FollowUpFact]:
    for event in events:
        match event:
            case FollowUpCompleted():
                yield FollowUpFact(
                    plan=fact.plan,
                    placement=fact.placement,
                    person_ref=fact.person_ref,
                    programme=fact.programme,
                    party=event.party,
                    held_on=event.held_on,
                    employment_state=event.employment_state,
                    weekly_minutes=event.weekly_minutes,
                )
