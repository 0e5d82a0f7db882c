"""A match (match): an opening proposed for an enrolled person, and what each party answered."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.placement.agreement import NotEnrolled
from services.placement.events import (
    MatchAnswered,
    MatchEvent,
    MatchProposed,
    Minutes,
    OpeningKind,
)
from services.placement.events.fit import Fit, Seeker, fit, hindrance
from services.placement.known import Known
from shared.claim import Claim
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible
from shared.fact_days import FactDay
from shared.identifiers import Code, EntityId, derived_id

NAME = "match"

Party: TypeAlias = Literal["citizen", "company", "authority"]


class ProposeMatch(Command, frozen=True, kw_only=True):
    """Propose an opening for an enrolled person; why it fits is found out, not given.

    `kinds`, `weekly_minutes`, `sectors`, `area`: what the person wishes for; they are compared
    with the opening and then forgotten.
    """

    match: EntityId | None = None
    enrolment: EntityId
    opening: EntityId
    proposed_on: FactDay
    kinds: tuple[OpeningKind, ...] = ()
    weekly_minutes: Minutes | None = None
    sectors: tuple[Code, ...] = ()
    area: Code | None = None


class AnswerMatch(Command, frozen=True, kw_only=True):
    """One party says yes or no to the proposal; its last answer holds."""

    match: EntityId
    party: Party
    answer: Literal["accepted", "declined"]
    reason: Code | None = None
    answered_on: FactDay


MatchCommand: TypeAlias = ProposeMatch | AnswerMatch


class Match(Struct, frozen=True, kw_only=True):
    """What was proposed, and the answers as they were recorded."""

    proposed: MatchProposed | None = None
    answers: tuple[MatchAnswered, ...] = ()

    def answer_on(self, party: Party, day: date) -> MatchAnswered | None:
        """The party's answer that holds on the day; of one day the one recorded last."""
        given = [it for it in self.answers if it.party == party and it.answered_on <= day]
        last = max(enumerate(given), key=lambda it: (it[1].answered_on, it[0]), default=None)
        return last[1] if last else None

    def is_declined(self) -> bool:
        """Whether the last answer of any party is a no."""
        parties = {answer.party for answer in self.answers}
        last = (self.answer_on(party, date.max) for party in parties)
        return any(it is not None and it.answer == "declined" for it in last)


INITIAL = Match()


def entity_id(command: MatchCommand) -> str:
    """The match that the command is for; a proposal may leave naming it to us."""
    return command.match or derived_id(command.command_id)


def evolve(state: Match, event: MatchEvent) -> Match:
    match event:
        case MatchProposed():
            return replace(state, proposed=event)
        case MatchAnswered():
            return replace(state, answers=(*state.answers, event))
        case _:
            assert_never(event)


def permit(state: Match, event: MatchEvent) -> None:
    """Proposed once; answered from that day on, as often as somebody thinks otherwise."""
    match event:
        case MatchProposed():
            if state.proposed is not None:
                raise NotPossible("another match was proposed under this id")
        case MatchAnswered(answered_on=day):
            if state.proposed is None:
                raise NotPossible("no such match is proposed", "$.match")
            if day < state.proposed.proposed_on:
                raise NotPossible(f"{day} lies before the proposal", "$.answered_on")
        case _:
            assert_never(event)


def decide(command: MatchCommand, state: Match, at: datetime, known: Known) -> Sequence[MatchEvent]:
    """An opening that is to be had, for somebody who is enrolled; an answer said again adds nothing."""
    event: MatchEvent
    match command:
        case ProposeMatch():
            if state.proposed is not None and _is_same_proposal(command, state.proposed):
                return []
            how_well = _fit(command, known)
            event = said_by(command, MatchProposed, score=how_well.score, reasons=how_well.reasons)
        case AnswerMatch():
            event = said_by(command, MatchAnswered)
            if state.answer_on(event.party, event.answered_on) == event:
                return []  # said twice, true once
        case _:
            assert_never(command)
    permit(state, event)
    return [event]


def claims(match_id: str, state: Match, event: MatchEvent) -> Sequence[Claim]:
    """None: a seat is taken by the placement that is agreed on, not by a proposal."""
    return ()


def _is_same_proposal(command: ProposeMatch, proposed: MatchProposed) -> bool:
    """By what the command says: what speaks for the match may have changed since."""
    names = ("enrolment", "opening", "proposed_on")
    return all(getattr(proposed, name) == getattr(command, name) for name in names)


def _fit(command: ProposeMatch, known: Known) -> Fit:
    person = known.enrolled
    if person is None:
        raise NotEnrolled("nobody is enrolled by this enrolment, or never came")
    if known.opening is None:
        raise InvalidField("$.opening", "no such opening is reported")
    seeker = Seeker(
        programme=person.programme,
        site=person.site,
        activities=known.activities,
        ready_on=command.proposed_on,
        kinds=command.kinds,
        weekly_minutes=command.weekly_minutes,
        sectors=command.sectors,
        area=command.area,
    )
    how_well = fit(known.opening, seeker)
    if how_well is None:
        raise NotPossible(hindrance(known.opening, seeker) or "it does not fit", "$.opening")
    return how_well
