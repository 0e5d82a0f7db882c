"""A problem (problem i ansættelsen): who raised it, what was done about it, and how it ended."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import asdict, replace

from services.aftercare.events import (
    ProblemActionTaken,
    ProblemClosedUnresolved,
    ProblemEvent,
    ProblemRaised,
    ProblemResolved,
    RaisedBy,
    Severity,
)
from services.aftercare.known import KnownPlacement
from services.intake.events.conformity import (
    ActionCode,
    ProblemCode,
    ProblemOutcomeCode,
    ReasonCode,
)
from shared.claim import Claim
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible
from shared.fact_days import FactDay, fact_days
from shared.identifiers import EntityId, derived_id

NAME = "problem"


class RaiseProblem(Command, frozen=True, kw_only=True):
    """Say that something goes wrong at a placement (melde et problem)."""

    problem: EntityId | None = None
    placement: EntityId
    raised_by: RaisedBy
    category: ProblemCode
    severity: Severity
    raised_on: FactDay


class TakeProblemAction(Command, frozen=True, kw_only=True):
    """Something was done about it (handling)."""

    problem: EntityId
    action: ActionCode
    acted_on: FactDay


class ResolveProblem(Command, frozen=True, kw_only=True):
    """The problem is solved (løse)."""

    problem: EntityId
    resolved_on: FactDay
    outcome: ProblemOutcomeCode


class CloseProblemUnresolved(Command, frozen=True, kw_only=True):
    """Nobody works on it any more, though it is not solved (lukke uløst)."""

    problem: EntityId
    closed_on: FactDay
    reason: ReasonCode


ProblemCommand: TypeAlias = (
    RaiseProblem | TakeProblemAction | ResolveProblem | CloseProblemUnresolved
)


class Problem(Struct, frozen=True, kw_only=True):
    """How it was raised, the last day of an action, the day of its end, and all that was said."""

    raised: ProblemRaised | None = None
    acted_on: date = date.min
    ended_on: date | None = None
    said: tuple[ProblemEvent, ...] = ()


INITIAL = Problem()


def entity_id(command: ProblemCommand) -> str:
    """The problem that the command is for; raising it may leave naming it to us."""
    return command.problem or derived_id(command.command_id)


def evolve(state: Problem, event: ProblemEvent) -> Problem:
    state = replace(state, said=(*state.said, event))
    match event:
        case ProblemRaised():
            return replace(state, raised=event)
        case ProblemActionTaken(acted_on=day):
            return replace(state, acted_on=max(state.acted_on, day))
        case ProblemResolved(resolved_on=day):
            return replace(state, ended_on=day)
        case ProblemClosedUnresolved(closed_on=day):
            return replace(state, ended_on=day)
        case _:
            assert_never(event)


def permit(state: Problem, event: ProblemEvent) -> None:
    """Nothing before it was raised; it ends once, and no action comes after that."""
    if isinstance(event, ProblemRaised):
        if state.raised is not None:
            raise NotPossible("another problem was raised under this id")
        return
    if state.raised is None:
        raise NotPossible(f"{type(event).__name__} cannot follow: no problem was raised")
    path, day = fact_days(event)[0]
    if day < state.raised.raised_on:
        raise NotPossible(f"the problem was raised on {state.raised.raised_on}", path)
    match event:
        case ProblemActionTaken():
            if state.ended_on is not None and day > state.ended_on:
                raise NotPossible(f"the problem ended on {state.ended_on}", path)
        case ProblemResolved() | ProblemClosedUnresolved():
            if state.ended_on is not None:
                raise NotPossible(f"the problem ended on {state.ended_on}")
            if day < state.acted_on:
                raise NotPossible(f"something was done about it on {state.acted_on}", path)
        case _:
            assert_never(event)


EVENT_OF: Mapping[type[Command], type[ProblemEvent]] = {
    TakeProblemAction: ProblemActionTaken,
    ResolveProblem: ProblemResolved,
    CloseProblemUnresolved: ProblemClosedUnresolved,
}
"""The event that says what a command says; that of raising a problem says more."""


def decide(
    command: ProblemCommand, state: Problem, at: datetime, known: KnownPlacement
) -> Sequence[ProblemEvent]:
    """What has been said changes nothing; the placement says whose problem it is."""
    event: ProblemEvent
    if isinstance(command, RaiseProblem):
        if state.raised is not None and _is_same(command, state.raised):
            return []
        if known.placed is None:
            raise InvalidField("$.placement", "no such placement is known")
        event = said_by(command, ProblemRaised, **asdict(known.placed))
    else:
        event = said_by(command, EVENT_OF[type(command)])
    if event in state.said:
        return []  # said twice, true once
    permit(state, event)
    return [event]


def claims(problem: str, state: Problem, event: ProblemEvent) -> Sequence[Claim]:
    """None: a placement may have many problems."""
    return ()


def _is_same(command: RaiseProblem, raised: ProblemRaised) -> bool:
    """By what the command says: the placement may have been corrected since."""
    names = ("placement", "raised_by", "category", "severity", "raised_on")
    return all(getattr(command, name) == getattr(raised, name) for name in names)
