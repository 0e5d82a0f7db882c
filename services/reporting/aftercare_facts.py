"""What is true of an aftercare plan: the answers, the touchpoints with their windows, the contacts."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal, TypeAlias

from msgspec.structs import replace

from services.aftercare.events import (
    AftercareAccepted,
    AftercareClosed,
    AftercareDeclined,
    AftercareOffered,
    AftercarePlanAgreed,
    AftercarePlanRevised,
    AftercareWithdrawn,
    FollowUpCompleted,
    Party,
)
from services.aftercare.events.touchpoints import standings
from shared.envelope import Event, Recorded
from shared.facts import Fact

Answer: TypeAlias = Literal["accepted", "declined", "withdrawn"]


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
    closed_on: date | None = None


class AnswerFact(Fact, frozen=True, kw_only=True):
    """What one party answered: accepted, declined, withdrawn; of a day's answers the last recorded."""

    plan: str
    placement: str
    person_ref: str
    programme: str
    party: str
    answer: str
    answered_on: date


def latest_answer(answers: Iterable[AnswerFact], day: date) -> str | None:
    """What a party has answered last by the day, of all its answers to one offer."""
    given = ((fact.answered_on, fact.answer) for fact in answers if fact.answered_on <= day)
    return max(given, default=(day, None))[1]


def said_no(answers: Iterable[AnswerFact], day: date) -> bool:
    """Whether the party has declined or withdrawn, by its last answer."""
    return latest_answer(answers, day) in ("declined", "withdrawn")


class TouchpointFact(Fact, frozen=True, kw_only=True):
    """One agreed contact: its window (both days included), when it was held, if at all.

    `missed`: the clock said so, and no contact within the window has been registered since.
    """

    plan: str
    person_ref: str
    programme: str
    party: str
    touchpoint: str
    offset: str
    due_on: date
    window_from: date
    window_to: date
    held_on: date | None = None
    missed: bool = False
    waived_on: date | None = None


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
    """The plan, the answers, the touchpoints and the contacts; nothing unless it was offered."""
    events = [recorded.event for recorded in history]
    offered = next((event for event in events if isinstance(event, AftercareOffered)), None)
    if offered is None:
        return []
    fact = _plan(plan, offered, events)
    return [
        fact,
        *_answers(fact, events),
        *_touchpoints(fact, events),
        *_follow_ups(fact, events),
    ]


def _plan(plan: str, offered: AftercareOffered, events: Sequence[Event]) -> PlanFact:
    fact = PlanFact(
        plan=plan,
        placement=offered.placement,
        person_ref=offered.person_ref,
        programme=offered.programme,
        company=offered.company,
        offered_on=offered.offered_on,
        anchor_on=offered.anchor_on,
    )
    for event in events:
        match event:
            case AftercarePlanAgreed(agreed_on=day):
                fact = replace(fact, agreed_on=day)
            case AftercareClosed(closed_on=day):
                fact = replace(fact, closed_on=day)
    return replace(fact, anchor_on=_anchor(events) or fact.anchor_on)


def _anchor(events: Sequence[Event]) -> date | None:
    """What the latest agreement counts from; of one day, the one recorded last."""
    anchors: list[tuple[date, date]] = []
    for event in events:
        match event:
            case AftercarePlanAgreed(agreed_on=day) | AftercarePlanRevised(revised_on=day):
                anchors.append((day, event.anchor_on))
    latest = max(reversed(anchors), key=lambda item: item[0], default=None)
    return None if latest is None else latest[1]


def _answers(fact: PlanFact, events: Sequence[Event]) -> Iterable[AnswerFact]:
    answers: dict[tuple[Party, date], Answer] = {}
    for event in events:
        match event:
            case AftercareAccepted(party=party, accepted_on=day):
                answers[party, day] = "accepted"
            case AftercareDeclined(party=party, declined_on=day):
                answers[party, day] = "declined"
            case AftercareWithdrawn(party=party, withdrawn_on=day):
                answers[party, day] = "withdrawn"
    for (party, day), answer in answers.items():
        yield AnswerFact(
            plan=fact.plan,
            placement=fact.placement,
            person_ref=fact.person_ref,
            programme=fact.programme,
            party=party,
            answer=answer,
            answered_on=day,
        )


def _touchpoints(fact: PlanFact, events: Sequence[Event]) -> Iterable[TouchpointFact]:
    for name, standing in standings(events).items():
        window_from, window_to = standing.window
        yield TouchpointFact(
            plan=fact.plan,
            person_ref=fact.person_ref,
            programme=fact.programme,
            party=standing.touchpoint.party,
            touchpoint=name,
            offset=standing.touchpoint.offset,
            due_on=standing.due_on,
            window_from=window_from,
            window_to=window_to,
            held_on=standing.held_on,
            missed=standing.missed,
            waived_on=standing.waived_on,
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
