"""What is true of an aftercare plan: the answers, the touchpoints with their windows, the contacts."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

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
from services.aftercare.events.windows import due_on, window
from shared.envelope import Event, Recorded
from shared.facts import Fact


class PlanFact(Fact, frozen=True, kw_only=True):
    """One offer of aftercare (efterværn), and the day on which its plan was agreed."""

    plan: str
    placement: str
    person_ref: str
    programme: str
    company: str
    offered_on: date
    anchor_on: date
    agreed_on: date | None = None


class AnswerFact(Fact, frozen=True, kw_only=True):
    """What one party answered to the offer; of several answers of a day, the one recorded last."""

    plan: str
    person_ref: str
    programme: str
    party: str
    answer: str
    answered_on: date


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
    """The plan, the answers, the touchpoints and the contacts; nothing before it was offered."""
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
            case AftercarePlanAgreed(agreed_on=day, anchor_on=anchor) if fact is not None:
                fact = replace(fact, agreed_on=day, anchor_on=anchor)
                touchpoints = event.touchpoints
    if fact is None:
        return []
    return [
        fact,
        *_answers(fact, events),
        *(_touchpoint(fact, touchpoint, events) for touchpoint in touchpoints),
        *_follow_ups(fact, events),
    ]


def _answers(fact: PlanFact, events: Sequence[Event]) -> Iterable[AnswerFact]:
    answers: dict[tuple[Party, date], Literal["accepted", "declined"]] = {}
    for event in events:
        match event:
            case AftercareAccepted(party=party, accepted_on=day):
                answers[party, day] = "accepted"
            case AftercareDeclined(party=party, declined_on=day):
                answers[party, day] = "declined"
    for (party, day), answer in answers.items():
        yield AnswerFact(
            plan=fact.plan,
            person_ref=fact.person_ref,
            programme=fact.programme,
            party=party,
            answer=answer,
            answered_on=day,
        )


def _touchpoint(fact: PlanFact, touchpoint: Touchpoint, events: Sequence[Event]) -> TouchpointFact:
    window_from, window_to = window(fact.anchor_on, touchpoint)
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
        due_on=due_on(fact.anchor_on, touchpoint),
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
